// The points and cameras of the last run, from the file that the node has written: its header and the coarse frames at once, the
// others when they are looked at.
import { onGrid } from "../path/cameras.js";
import { PREFIX, anchorOf, depthLength, headerLength, readFrame, readHeader } from "../path/scene_file.js";
import { text } from "../texts.js";

const KEPT = 12; // frames of the cloud that stay in memory
const GREY = [90, 235]; // shades of the farthest and the nearest point of a clip without colours

/** A part of a file at `url`. Throws an Error where the file is gone. */
async function part(url, first, length) {
  const reply = await fetch(url, { headers: { Range: `bytes=${first}-${first + length - 1}` } });
  if (!reply.ok) throw new Error(text("sceneGone"));
  const bytes = await reply.arrayBuffer();
  return reply.status === 206 ? bytes : bytes.slice(first, first + length); // a proxy may send the whole file
}

/** Decode a JPEG to RGBA pixels. */
async function decoded(bytes) {
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  return new Uint32Array(context.getImageData(0, 0, picture.width, picture.height).data.buffer);
}

/** Return grey pixels by depth: near is bright. */
function greys(depth, [low, high]) {
  return Uint32Array.from(depth, (z) => {
    const share = Number.isNaN(z) ? 1 : (Math.log(z) - low) / (high - low);
    const shade = Math.round(GREY[1] + share * (GREY[0] - GREY[1]));
    return 0xff000000 | (shade << 16) | (shade << 8) | shade;
  });
}

/** Return the points of a frame in the world: `{xyz, radius, colours}`; `radius` is half a pixel's width at a point. */
function pointsOf(frame, camera, colours) {
  const { depth, splatted, width } = frame;
  const kept = splatted.reduce((sum, one) => sum + one, 0);
  const xyz = new Float32Array(3 * kept), radius = new Float32Array(kept), shades = new Uint32Array(kept);
  const { rotation: r, position: p, fx, fy, cx, cy } = camera;
  for (let i = 0, n = 0; i < depth.length; i++) {
    if (!splatted[i]) continue;
    const z = depth[i], x = (((i % width) + 0.5 - cx) / fx) * z, y = ((Math.floor(i / width) + 0.5 - cy) / fy) * z;
    xyz[3 * n] = r[0] * x + r[1] * y + r[2] * z + p[0];
    xyz[3 * n + 1] = r[3] * x + r[4] * y + r[5] * z + p[1];
    xyz[3 * n + 2] = r[6] * x + r[7] * y + r[8] * z + p[2];
    radius[n] = z / fx / 2;
    shades[n++] = colours[i];
  }
  return { xyz, radius, colours: shades };
}

export class Scene {
  #frames = new Map();

  constructor(url, first, header, coarse) {
    Object.assign(this, { url, first, header, coarse });
  }

  /** Open the file at a URL. */
  static async open(url) {
    const length = headerLength(await part(url, 0, PREFIX));
    const header = readHeader(await part(url, PREFIX, length));
    const { coarse, range } = header, first = PREFIX + length;
    const frames = await Promise.all(
      coarse.depth.map(async (offset) => readFrame(await part(url, first + offset, depthLength(coarse)), coarse, range)),
    );
    return new Scene(url, first, header, frames);
  }

  /** `[height, width]` of the clip. */
  get size() {
    return this.header.size;
  }

  /** Return the place in the file of the shown frame nearest to a frame. */
  placeOf(frame) {
    const { shown } = this.header;
    return shown.reduce((best, one, place) => (Math.abs(one - frame) < Math.abs(shown[best] - frame) ? place : best), 0);
  }

  /** Return the source camera nearest to a frame. */
  source(frame) {
    return this.header.cameras[this.placeOf(frame)];
  }

  /** Return the pose that a path's offsets are relative to at a frame. */
  anchor(frame, relativeTo) {
    return anchorOf(this.header, this.placeOf(frame), relativeTo);
  }

  /** Load `{frame, camera, colours, points}` of a place: its depth, ready to be warped, and its points in the world. */
  async load(place) {
    if (!this.#frames.has(place)) this.#frames.set(place, this.#read(place));
    const reading = this.#frames.get(place);
    this.#frames.delete(place); // one that fails is read again; the frame used last goes to the end
    const loaded = await reading;
    this.#frames.set(place, loaded);
    while (this.#frames.size > KEPT) this.#frames.delete(this.#frames.keys().next().value);
    return loaded;
  }

  async #read(place) {
    const { cloud, range, cameras } = this.header;
    const [bytes, picture] = await Promise.all([
      part(this.url, this.first + cloud.depth[place], depthLength(cloud)),
      cloud.colour.length ? part(this.url, this.first + cloud.colour[place][0], cloud.colour[place][1]) : null,
    ]);
    const frame = readFrame(bytes, cloud, range);
    const colours = picture ? await decoded(picture) : greys(frame.depth, range);
    const camera = onGrid(cameras[place], cloud.stride);
    return { frame, camera, colours, points: pointsOf(frame, camera, colours) };
  }
}
