"""What tests in the real page share: sizes, scripts, what is drawn where, and waiting for a run."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

from lab.host.page import DIALOG, PATIENCE_MS

SHIPPED = Path(__file__).resolve().parents[1] / "workflows"
WORKFLOWS = sorted(SHIPPED.glob("*.json"))
FRAMES, HEIGHT, WIDTH = 9, 96, 128
UNKNOWN = (
    "() => app.graph.nodes.filter(n => n.type !== 'Reroute' && !(n.type in LiteGraph.registered_node_types)).map(n => n.type)"
)
SET_WIDGET = """([kind, name, value]) => {
    const fits = n => (!kind || n.type === kind) && n.mode === 0 && n.widgets?.some(w => w.name === name);
    const nodes = app.graph.nodes.filter(fits);
    for (const node of nodes) {
        const widget = node.widgets.find(w => w.name === name);
        if (widget.setValue) widget.setValue(value, {e: new PointerEvent("pointerdown"), node, canvas: app.canvas});
        else widget.value = value;  // of a subgraph's node, on newer pages
    }
    return nodes.map(n => n.type);
}"""

VUE_NODES = "on => app.ui.settings.setSettingValueAsync('Comfy.VueNodes.Enabled', on)"
"""Takes whether nodes are drawn by Vue, in place of on the canvas."""
COMPLAINT = f"{DIALOG}, .p-toast-message:visible, [data-testid='error-overlay']:visible"
"""Anything on top of the canvas: dialogs (a missing node, a failed prompt), alerts, newer pages' list of errors."""
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


def wait_for_prompt(page, host) -> dict:
    """The history entry of the prompt that the page queued last."""
    for _ in range(600):
        queue = host.get("/queue").json()
        history = host.get("/history").json()
        mine = [entry for entry in history.values() if entry["prompt"][3].get("client_id") not in (None, host.client_id)]
        if mine and not queue["queue_running"] and not queue["queue_pending"]:
            return mine[-1]
        page.wait_for_timeout(500)
    raise TimeoutError("the page's prompt did not end within 300 s")


def drop_workflow(page: Any, file: Path) -> None:
    """Drop a workflow file on the canvas, as a user would, and wait until its nodes are there."""
    page.evaluate("() => { window.app.graph.clear(); }")
    _call(page, "dropFile", [file.name, file.read_text(encoding="utf-8")])
    page.wait_for_function("() => window.app.graph.nodes.length > 0")
    wait_until_still(page)


def wait_until_still(page: Any) -> None:
    """Wait until every node is drawn and nothing on the canvas has moved for a second; RuntimeError after two minutes."""
    before, still = "", 0
    for _ in range(PATIENCE_MS // 250):
        page.wait_for_timeout(250)
        now = _call(page, "layout")
        still = still + 1 if now and now == before else 0
        if still == 4:
            return
        before = now
    raise RuntimeError("the canvas does not come to rest")


def overlapping(page: Any) -> list[str]:
    """Return pairs of nodes that cover one another, as the page draws them, titles included."""
    boxes = _call(page, "rectangles")
    return [
        f"{one} and {two}"
        for (one, x, y, width, height), (two, left, top, wide, high) in combinations(boxes, 2)
        if min(x + width, left + wide) - max(x, left) > 1 and min(y + height, top + high) - max(y, top) > 1
    ]


def standing_out(page: Any) -> list[str]:
    """Return nodes, as the page draws them, that reach over the edge of a group."""
    found: list[str] = _call(page, "standingOut", _call(page, "rectangles"))
    return found


def out_of_view(page: Any) -> list[str]:
    """Return nodes whose title, as the page draws it, is not wholly in the window."""
    found: list[str] = _call(page, "outOfView", _call(page, "rectangles"))
    return found


def cut_titles(page: Any) -> list[str]:
    """Return titles of nodes and groups that are wider than what they stand on."""
    found: list[str] = _call(page, "cutTitles")
    return found


def _call(page: Any, function: str, argument: Any = None) -> Any:
    """Return the answer of a function of ``page_kit.js``."""
    return page.evaluate(f"argument => {SCRIPT.strip()}.{function}(argument)", argument)
