"""What tests in the real page share: sizes, scripts, and waiting for a run."""

from __future__ import annotations

FRAMES, HEIGHT, WIDTH = 9, 96, 128
UNKNOWN = (
    "() => app.graph.nodes.filter(n => n.type !== 'Reroute' && !(n.type in LiteGraph.registered_node_types)).map(n => n.type)"
)
SET_WIDGET = """([kind, name, value]) => {
    const fits = n => (!kind || n.type === kind) && n.mode === 0 && n.widgets?.some(w => w.name === name);
    const nodes = app.graph.nodes.filter(fits);
    for (const node of nodes) {
        const widget = node.widgets.find(w => w.name === name);
        widget.setValue(value, {e: new PointerEvent("pointerdown"), node, canvas: app.canvas});
    }
    return nodes.map(n => n.type);
}"""


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
