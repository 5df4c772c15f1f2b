// What keys do while the editor has the focus.

/** Return the actions of an editor by key; see `keyName`. */
export function keyActions(editor) {
  const { model } = editor;
  const go = (frames) => () => model.goTo(model.frame + frames);
  const nudge = (...move) => () => editor.nudge(move);
  const beside = (direction) => () => {
    const keys = direction > 0 ? model.keys : [...model.keys].reverse();
    const next = keys.find((key) => direction * (key.frame - model.frame) > 0);
    if (next) model.select(next.frame);
  };
  return {
    ArrowLeft: go(-1),
    ArrowRight: go(1),
    "shift ArrowLeft": go(-10),
    "shift ArrowRight": go(10),
    Home: () => model.goTo(0),
    End: () => model.goTo(model.frames - 1),
    ",": beside(-1),
    ".": beside(1),
    k: () => model.addKey(),
    Delete: () => model.deleteKey(),
    Backspace: () => model.deleteKey(),
    "ctrl z": () => model.undo(),
    "ctrl shift z": () => model.redo(),
    "ctrl y": () => model.redo(),
    v: () => editor.lookThrough(!editor.through),
    t: () => editor.showText(!editor.textShown),
    f: () => editor.world.home(),
    r: () => editor.read(),
    x: () => editor.enlarge(!editor.large),
    " ": () => editor.play(!editor.playing),
    Escape: () => editor.enlarge(false),
    "alt ArrowLeft": nudge(-0.01, 0, 0),
    "alt ArrowRight": nudge(0.01, 0, 0),
    "alt ArrowUp": nudge(0, -0.01, 0),
    "alt ArrowDown": nudge(0, 0.01, 0),
    "alt PageUp": nudge(0, 0, 0.01),
    "alt PageDown": nudge(0, 0, -0.01),
  };
}

/** Return the name of a key in `keyActions`. */
export function keyName(event) {
  const held = [(event.ctrlKey || event.metaKey) && "ctrl", event.altKey && "alt", event.shiftKey && "shift"];
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return [...held.filter(Boolean), key].join(" ");
}
