// Cracks of one and of two pixels in a splatted depth, closed as close_cracks of inversecrafter_core/warp/splat.py does.
// It imports nothing.

/** Close the cracks of `depth` (Float32Array, `width` x `height`) in place: narrow ones first, rows before columns. */
export function closeCracks(depth, width, height, ratio) {
  closeNarrow(depth, 1, width, height, width, ratio);
  closeNarrow(depth, width, height, width, 1, ratio);
  closeWide(depth, 1, width, height, width, ratio);
  closeWide(depth, width, height, width, 1, ratio);
}

/** Close cracks of one pixel along lines of `size` pixels `step` apart; `lines` of them begin `next` apart. */
function closeNarrow(depth, step, size, lines, next, ratio) {
  for (let line = 0; line < lines; line++) {
    let at = line * next + step;
    let before = depth[at - step], centre = depth[at];
    for (let place = 1; place < size - 1; place++, at += step) {
      const after = depth[at + step];
      if (centre > before || centre > after) {
        const far = Math.max(before, after), close = Math.min(before, after);
        if (far < close * ratio && far * ratio < centre) depth[at] = (far + close) / 2;
      }
      before = centre;
      centre = after;
    }
  }
}

/** Close cracks of two pixels along lines; all are found before one is closed. */
function closeWide(depth, step, size, lines, next, ratio) {
  const found = [];
  for (let line = 0; line < lines; line++)
    for (let place = 0, at = line * next; place < size - 3; place++, at += step) {
      const before = depth[at], first = depth[at + step];
      if (!(first > before * ratio)) continue;
      const second = depth[at + 2 * step], after = depth[at + 3 * step], far = Math.max(before, after);
      if (second > after * ratio && far < Math.min(before, after) * ratio && far * ratio < Math.min(first, second))
        found.push(at, before, (after - before) / 3);
    }
  for (let i = 0; i < found.length; i += 3) {
    const [at, before, rise] = [found[i], found[i + 1], found[i + 2]];
    depth[at + step] = before + rise;
    depth[at + 2 * step] = before + 2 * rise;
  }
}
