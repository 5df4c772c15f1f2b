// The outlines of a frame's depth, as at_outlines of inversecrafter_core/warp/splat.py finds them. It imports nothing.

/**
 * Return indices of splatted pixels: `behind`, next to something clearly nearer or at the picture's border; `thin`, of things
 * one or two pixels wide; `atUnknown`, next to a pixel without a depth (NaN). `ratio`: depths of one surface differ by less.
 */
export function outlines(depth, splatted, width, height, ratio) {
  const behind = new Uint8Array(depth.length), thin = new Uint8Array(depth.length);
  markBorder(behind, width, height);
  for (const [step, place, size] of [[width, (i) => Math.floor(i / width), height], [1, (i) => i % width, width]]) {
    const deeper = (i, j) => depth[i] > depth[j] * ratio;
    for (let i = 0; i < depth.length; i++) {
      const at = place(i);
      if (at + 1 >= size) continue;
      if (deeper(i + step, i)) behind[i + step] = 1;
      if (!deeper(i, i + step)) continue;
      behind[i] = 1;
      for (let bar = 1; bar <= 2; bar++) {
        const last = i + bar * step;
        if (at + bar + 1 >= size || !deeper(last + step, last)) continue;
        for (let inside = 1; inside <= bar; inside++) thin[i + inside * step] = 1;
      }
    }
  }
  const listed = (marks) => Int32Array.from(indices(marks, splatted));
  return { behind: listed(behind), thin: listed(thin), atUnknown: listed(besideUnknown(depth, width, height)) };
}

function* indices(marks, splatted) {
  for (let i = 0; i < marks.length; i++) if (marks[i] && splatted[i]) yield i;
}

function markBorder(marks, width, height) {
  marks.fill(1, 0, width);
  marks.fill(1, (height - 1) * width);
  for (let y = 0; y < height; y++) marks[y * width] = marks[(y + 1) * width - 1] = 1;
}

function besideUnknown(depth, width, height) {
  const marks = new Uint8Array(depth.length);
  for (let i = 0; i < depth.length; i++) {
    if (!Number.isNaN(depth[i])) continue;
    const column = i % width, row = Math.floor(i / width);
    for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++)
      for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) marks[y * width + x] = 1;
  }
  return marks;
}
