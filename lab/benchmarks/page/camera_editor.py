"""The editor of camera paths in headless Chromium, without a GPU: how fast it opens, draws, and follows a drag.

A synthetic clip of 480x832 stands in for a run: its scene is written where a run writes it, and the node is told of it as the
host tells it. *Opens* is the time from the node's creation, and from the message of a run, to what is drawn. *Frames a second*
are those of the page's own clock while the eye turns, the picture drawn anew in each; the fastest frame alone is what drawing
costs on a machine without other work. *Strip* is the time from a drag's last move to the share of holes of every frame, the
median over moves.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.preview.scene import scene_file
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.host.page import open_page
from lab.host.server import running_host
from lab.world import frame_times, random_scene, render

FILE = "inversecrafter_scene_benchmark.bin"
RENDERED = 3
"""Frames that are rendered; the clip repeats them, since the editor's work does not depend on what is seen."""
OPENED = """async () => {
    const start = performance.now();
    app.graph.clear();
    const node = LiteGraph.createNode("InverseCrafterCameraPath");
    app.graph.add(node);
    window.measured = node;
    while (!node.inverseCrafter.world.canvas.clientWidth) await new Promise(requestAnimationFrame);
    node.inverseCrafter.world.paint();
    await new Promise(requestAnimationFrame);
    return performance.now() - start;
}"""
SHOWN = """async ([scene, frames]) => {
    const start = performance.now(), editor = window.measured.inverseCrafter;
    window.measured.onExecuted({ path: [{ frames, requested: 81, scene }], text: [""] });
    while (!editor.shared.current) await new Promise((resolve) => setTimeout(resolve, 1));
    editor.world.paint();
    await new Promise(requestAnimationFrame);
    return [performance.now() - start, editor.shared.current.points.colours.length];
}"""
TURNED = """async ([seconds, through, large]) => {
    const editor = window.measured.inverseCrafter;
    editor.enlarge(large);
    editor.lookThrough(through);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const start = performance.now();
    let frames = 0, fastest = Infinity;
    while (performance.now() - start < 1000 * seconds) {
        const before = performance.now();
        editor.world.orbit.turn(0.02, 0);
        (through ? editor.camera : editor.world).paint();
        fastest = Math.min(fastest, performance.now() - before);
        await new Promise(requestAnimationFrame);
        frames++;
    }
    const found = [1000 * frames / (performance.now() - start), fastest, editor.stage.clientWidth, editor.stage.clientHeight];
    editor.lookThrough(false);
    editor.enlarge(false);
    return found;
}"""
DRAGGED = """async (moves) => {
    const { model, shared } = window.measured.inverseCrafter, taken = [];
    for (let i = 0; i < moves; i++) {
        const start = performance.now();
        model.placeKey(model.frames - 1, [-0.02 * i, 0, 0], false);
        while (!shared.estimate.done) await new Promise(requestAnimationFrame);
        taken.push(performance.now() - start);
    }
    return taken;
}"""


def clip(seed: int, frames: int) -> tuple[Geometry, torch.Tensor]:
    """Return the geometry and the colours of a clip of ``frames``."""
    rendered = render(random_scene(seed), frame_times(RENDERED), 480, 832, samples=1)
    repeated = rendered.at([index % RENDERED for index in range(frames)])
    return repeated.geometry(), repeated.colour


def measure(page: Any, frames: int, seconds: float, moves: int) -> list[Row]:
    """Measure on an open page."""
    rows = [row("opens", page.evaluate(OPENED), "ms", most=1000, case="empty")]
    shown, points = page.evaluate(SHOWN, [FILE, frames])
    case = f"cloud of {points} points"
    rows.append(row("opens", shown, "ms", most=1000, case=f"the scene of a run, {case}"))
    for large in (False, True):
        for through in (False, True):
            speed, fastest, width, height = page.evaluate(TURNED, [seconds, through, large])
            where = f"{'the warp through the camera' if through else case}, {width}x{height} pixels"
            rows.append(row("frames a second", speed, "1/s", least=30, case=where))
            rows.append(row("the fastest frame, drawn alone", fastest, "ms", case=where))
    page.evaluate(DRAGGED, 2)
    taken = page.evaluate(DRAGGED, moves)
    return [*rows, row("strip of holes after a move", median(taken), "ms", most=200, case=f"{frames} frames")]


def rows(seed: int, frames: int = 81, seconds: float = 2.0, moves: int = 9) -> list[Row]:
    """Measure on a clip of ``frames``, turning for ``seconds`` a view, over ``moves`` of a drag."""
    with running_host() as host, open_page(host.url, 1800, 1100) as page:
        folder = host.base / "temp"
        folder.mkdir(exist_ok=True)
        (folder / FILE).write_bytes(scene_file(*clip(seed, frames)))
        return measure(page, frames, seconds, moves)


if __name__ == "__main__":
    main(rows)
