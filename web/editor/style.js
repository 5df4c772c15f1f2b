// The editor's style sheet, added to the page once.

const CSS = `
.ic-editor { display: flex; flex-direction: column; gap: 3px; box-sizing: border-box; width: 100%; min-height: 350px; height: 100%;
  padding: 4px; background: #1b1d21; border-radius: 6px; color: #ddd; font: 11px/1.3 sans-serif; outline: none; overflow: hidden; }
.ic-editor:focus-within { box-shadow: 0 0 0 1px #5b8def; }
.ic-editor.ic-large { position: fixed; inset: 4vh 4vw; z-index: 2000; width: auto; height: auto; padding: 10px;
  border: 1px solid #555; }
.ic-bar { display: flex; gap: 2px; align-items: center; flex-wrap: wrap; }
.ic-bar button { background: #2c3037; color: #ddd; border: 0; border-radius: 4px; padding: 2px 4px; cursor: pointer; font-size: 10px; }
.ic-bar button:hover:not(:disabled) { background: #3b414b; }
.ic-bar button:disabled { opacity: 0.4; cursor: default; }
.ic-bar button[aria-pressed="true"] { background: #3f67b5; }
.ic-bar .ic-space { flex: 1; }
.ic-stage { position: relative; flex: 1; min-height: 130px; border-radius: 4px; overflow: hidden; }
.ic-view { position: absolute; inset: 0; width: 100%; height: 100%; touch-action: none; cursor: grab; }
.ic-view[hidden] { display: none; }
.ic-hint { position: absolute; left: 6px; right: 6px; bottom: 6px; pointer-events: none; color: #bbb; text-shadow: 0 0 3px #000; }
.ic-timeline { width: 100%; height: 46px; flex: none; background: #24272c; border-radius: 4px; touch-action: none; }
.ic-inspector { display: grid; grid-template-columns: repeat(auto-fill, minmax(68px, 1fr)); gap: 2px 5px; }
.ic-inspector label { display: flex; gap: 3px; align-items: center; color: #999; }
.ic-inspector input[type="number"], .ic-inspector select { flex: 1; min-width: 0; width: 0; background: #24272c; color: #eee;
  border: 1px solid #3a3f47; border-radius: 3px; padding: 0 2px; font: inherit; height: 16px; }
.ic-inspector select { appearance: none; }
.ic-inspector.ic-between input[type="number"] { color: #888; font-style: italic; }
.ic-text { position: absolute; inset: 0; width: 100%; height: 100%; box-sizing: border-box; resize: none; background: #17191c;
  color: #ddd; border: 0; padding: 6px; font: 11px/1.4 monospace; }
.ic-text[hidden] { display: none; }
.ic-status { flex: none; height: 29px; color: #aaa; overflow: hidden; }
.ic-status.ic-error { color: #ff8f8f; overflow: auto; }
`;

/** Add the style sheet if it is not there. */
export function addStyle() {
  if (document.getElementById("ic-style")) return;
  const style = Object.assign(document.createElement("style"), { id: "ic-style", textContent: CSS });
  document.head.append(style);
}
