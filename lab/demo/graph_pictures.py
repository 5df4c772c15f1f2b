"""Pictures of the shipped graphs in the real page: ``python -m lab.demo.graph_pictures [NAME ...] [--run]``.

Whole graphs go to ``docs/graphs``, for the README. Single nodes, as they stand in a graph, are for the pages of those whose
effect is no picture; :mod:`lab.demo.node_pictures` writes these.
"""

from __future__ import annotations

import argparse
import io
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inversecrafter_client import Workflow
from lab.graphs.compose import GRAPHS
from lab.host.page import open_page
from lab.host.server import Host, running_host
from lab.world import random_scene

from . import clips, editing, pictures, recapture
from .runs import Options

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
Widgets = dict[tuple[str, str], Any]
"""Values by the title of a node, as the page shows it, and the name of its widget."""
NODES = {
    "recapture": ["LoadDepthModel", "TextEncode", "InpaintConditioning", "Metrics"],
    "edit_propagation": ["DriftReport"],
    "examples/masks_and_solvers": ["GuidanceSettings"],
    "examples/two_experts_exact": ["Sampler"],
    "examples/chained_passes": ["NextPass", "JoinPasses"],
    "examples/camera_from_file": ["SaveCameraPath"],
    "examples/round_trip": ["InvertPath", "CycleConsistency", "PoseErrors", "MultiView"],
    "examples/restore_holes": ["OperatorFromMask"],
    "examples/pose_control": ["ApplySceneLatents"],
    "examples/scene_states": ["LoadSceneModel", "SceneStates", "LoadSceneStates", "SaveSceneStates"],
    "examples/camera_sockets": ["CameraFrom3D", "CameraTo3D", "CameraEmbedding"],
    "examples/depth_from_other_packs": ["GeometryFromMoGe", "GeometryFromDA3"],
}
"""Nodes shown as they stand in a graph, by the graph; an example is not run."""
PROMPT = "a gray rabbit on a green meadow"
OPEN = """async ([text, widgets]) => {
    await app.loadGraphData(JSON.parse(text), true, true, "graph");
    await app.ui.settings.setSettingValueAsync("Comfy.Minimap.Visible", false);
    const missing = widgets.filter(([title, name, value]) => {
        const widget = app.graph.nodes.find(n => n.title === title)?.widgets?.find(w => w.name === name);
        if (widget) { widget.value = value; widget.callback?.(value); }
        return !widget;
    });
    if (missing.length) throw new Error(`no such widgets: ${JSON.stringify(missing)}`);
}"""
FRAME = """([kind, scale, left, top, live]) => {
    const boxes = kind ? app.graph.nodes.filter(n => n.type === kind) : [...app.graph.nodes, ...app.graph.groups];
    const title = one => one instanceof LiteGraph.LGraphGroup ? 0 : LiteGraph.NODE_TITLE_HEIGHT;
    if (live) for (const node of boxes) node.mode = 0;
    const edge = (axis, end) => boxes.map(one => one.pos[axis] + (end ? one.size[axis] : axis ? -title(one) : 0));
    const [x, y] = [Math.min(...edge(0)), Math.min(...edge(1))];
    app.canvas.ds.scale = scale;
    app.canvas.ds.offset = [left / scale - x, top / scale - y];
    app.canvas.setDirty(true, true);
    return [(Math.max(...edge(0, true)) - x) * scale, (Math.max(...edge(1, true)) - y) * scale];
}"""
LEFT, TOP, MARGIN = 90, 170, 12
"""Pixels that the page's bars cover; room around what is shown."""
SETTLE_MS, RUN_SECONDS = 2500, 900


def shoot(page: Any, kind: str | None, scale: float, live: bool = False) -> np.ndarray:
    """Return a picture ``[H, W, 3]`` uint8 of the whole graph, or of the first node of a class; ``live`` lifts a bypass."""
    width, height = page.evaluate(FRAME, [kind, scale, LEFT, TOP, live])
    page.set_viewport_size({"width": round(width) + LEFT + 60, "height": round(height) + TOP + 60})
    page.wait_for_timeout(SETTLE_MS)
    page.evaluate(FRAME, [kind, scale, LEFT, TOP, live])
    page.wait_for_timeout(SETTLE_MS)
    clip = {"x": LEFT - MARGIN, "y": TOP - MARGIN, "width": width + 2 * MARGIN, "height": height + 2 * MARGIN}
    return np.asarray(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))


def run(page: Any, client: Host) -> None:
    """Run the page's graph; RuntimeError where it ends in an error."""
    before = len(client.get("/history").json())
    page.evaluate("() => app.queuePrompt(0)")
    deadline = time.monotonic() + RUN_SECONDS
    while len(history := client.get("/history").json()) == before:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the graph did not end within {RUN_SECONDS} s")
        page.wait_for_timeout(500)
    status = list(history.values())[-1]["status"]
    if status["status_str"] != "success":
        raise RuntimeError(f"the graph failed: {status['messages'][-1]}")
    page.wait_for_timeout(2 * SETTLE_MS)  # pictures and the video load


def given(name: str, client: Host, options: Options) -> dict[str, Any]:
    """Return what a user would choose in a workflow, by the names of its inputs: files, a prompt, a region."""
    if name == "single_image":
        return {**pictures.source_pictures(options, {"photo": 0}, clips.RABBIT)[0]}
    if name == "interpolation":
        return {**pictures.source_pictures(options, {"start": 0, "end": options.frames - 1}, clips.PASSENGER)[0]}
    if name == "editing":
        clip, _, words, box = editing.world_clip(random_scene(editing.WORLD_SEED), Options(options.out))
        return {"video": clip, "prompt": words, **editing.named(box)}
    if name == "edit_propagation":
        _, (clip, edited), _ = editing.propagation(client, options)
        return {"video": clip, "edited": edited}
    clip, _ = clips.choose(None, options.out, options.frames)
    return {"video": clip} if name == "restoration" else {"video": clip, "prompt": PROMPT, **recapture.PATH}


def widgets_of(name: str, client: Host, options: Options) -> Widgets:
    """Return the widgets of what a user would choose in a workflow; its files are uploaded."""
    workflow, found = Workflow.named(name), Widgets()
    for label, value in given(name, client, options).items():
        for node, widget in workflow.inputs[label].targets:
            title = workflow.json[node]["_meta"]["title"]
            found[title, widget] = client.upload(value) if isinstance(value, Path) else value
    return found


def draw(client: Host, options: Options, names: list[str], whole: bool, after_run: bool) -> dict[str, np.ndarray]:
    """Return pictures of the nodes of :data:`NODES` in the named graphs; with ``whole`` write those of the graphs too.

    Args:
        after_run: choose files and run the graphs first, but for examples; minutes each.
    """
    drawn = {}
    with open_page(client.url, 1600, 1000) as page:
        for name in names:
            chosen = widgets_of(name, client, options) if after_run and name in GRAPHS else {}
            text = (ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8")
            page.evaluate(OPEN, [text, [[*key, value] for key, value in chosen.items()]])
            if chosen:
                run(page, client)
            if whole:
                target = ROOT / "docs" / "graphs" / f"{name}.webp"
                target.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(shoot(page, None, 0.7)).save(target, quality=72, method=6)
                log.info("%s, %d kB", target.name, target.stat().st_size // 1000)
            for node in NODES.get(name, []):
                drawn[node] = shoot(page, f"InverseCrafter{node}", 1.4, live=True)
    return drawn


def main() -> None:
    """Draw the whole graphs."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("names", nargs="*", default=GRAPHS)
    arguments.add_argument("--run", action="store_true", help="choose files and run each graph first: minutes each")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_host() as client:
        draw(client, Options(Path(folder)), chosen.names, whole=True, after_run=chosen.run)


if __name__ == "__main__":
    main()
