// A canvas that fills its box, drawn at the screen's resolution, and drags on it.

/** Make a canvas in `parent`; `draw(context, [width, height])` in CSS pixels is called by `redraw`, at most once a frame. */
export function addCanvas(parent, className, draw) {
  const canvas = document.createElement("canvas");
  canvas.className = className;
  parent.append(canvas);
  const context = canvas.getContext("2d");
  let waiting = 0;
  const paint = () => {
    waiting = 0;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width || !height) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, [width, height]);
  };
  const redraw = () => {
    waiting ||= requestAnimationFrame(paint);
  };
  new ResizeObserver(redraw).observe(canvas);
  return { canvas, redraw, paint };
}

/** Return where an event is on an element, in its own CSS pixels: the page's canvas scales what stands on nodes. */
function placeOn(element, event) {
  const box = element.getBoundingClientRect();
  const scale = element.clientWidth / (box.width || 1);
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

/**
 * Call `begin(place, event)` when a button goes down on an element; it returns a drag or nothing. Of a drag,
 * `move(dx, dy, event)` gets the pixels since the last call, and `end(moved)` whether there were any.
 */
export function onDrag(element, begin) {
  element.addEventListener("pointerdown", (event) => {
    let last = placeOn(element, event), moved = false;
    const drag = begin(last, event);
    if (!drag) return;
    event.preventDefault();
    element.setPointerCapture(event.pointerId);
    const move = (next) => {
      const now = placeOn(element, next);
      moved ||= Math.hypot(now[0] - last[0], now[1] - last[1]) > 1;
      if (moved) {
        drag.move(now[0] - last[0], now[1] - last[1], next, now);
        last = now;
      }
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      drag.end?.(moved);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("lostpointercapture", end, { once: true });
  });
}

/** Return the colour at `t` in 0...1 along a path, from blue to red, as the node's preview has it. */
export const colourAt = (t) => `rgb(${Math.round(70 + 170 * t)}, ${Math.round(130 - 40 * t)}, ${Math.round(240 - 170 * t)})`;
