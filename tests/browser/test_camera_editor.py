"""The camera path's editor in the real page, in both renderers: a keyframe is dragged, the graph runs, the scene is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from page_kit import VUE_NODES
from PIL import Image

from lab.host.page import RUN, chromium

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium here: install one or set CHROMIUM_PATH")

FRAMES = 5
GRAPH = """([picture, depth, frames, far]) => {
  app.graph.clear();
  const make = (type, at, values = {}) => {
    const node = LiteGraph.createNode(type);
    node.pos = at;
    for (const [name, value] of Object.entries(values)) node.widgets.find((widget) => widget.name === name).value = value;
    app.graph.add(node);
    return node;
  };
  const link = (from, output, to, input) =>
    from.connect(from.outputs.findIndex((one) => one.name === output), to, to.inputs.findIndex((one) => one.name === input));
  const [clip, map] = [picture, depth].map((image, i) => {
    const file = make("LoadImage", [0, 400 * i], { image });
    const repeated = make("RepeatImageBatch", [0, 400 * i + 320], { amount: frames });
    link(file, "IMAGE", repeated, "image");
    return repeated;
  });
  const geometry = make("InverseCrafterGeometryFromDepth", [far / 2, 0]);
  const path = make("InverseCrafterCameraPath", [far, 0]);
  const warp = make("InverseCrafterWarpVideo", [2 * far, 0]), shown = make("PreviewImage", [2 * far, 600]);
  link(clip, "IMAGE", geometry, "video");
  link(map, "IMAGE", geometry, "depth_images");
  for (const node of [path, warp]) {
    link(clip, "IMAGE", node, "video");
    link(geometry, "geometry", node, "geometry");
  }
  link(path, "camera_path", warp, "camera_path");
  link(warp, "video", shown, "images");
}"""
NODE = "app.graph.nodes.find((node) => node.type === 'InverseCrafterCameraPath')"
IN_VIEW = f"""() => {{
  const box = {NODE}.inverseCrafter.element.getBoundingClientRect(), {{ ds }} = app.canvas;
  const away = [500 - box.left, 300 - box.top];
  if (box.width && Math.hypot(...away) < 2) return true;
  ds.offset[0] += away[0] / ds.scale;
  ds.offset[1] += away[1] / ds.scale;
  app.graph.setDirtyCanvas(true, true);
  return false;
}}"""
"""Scroll the canvas to the editor; true once the page has drawn it there."""
SEEN = f"() => Boolean({NODE}?.inverseCrafter?.shared.current)"
HANDLE = f"""(index) => {{
  const {{ world }} = {NODE}.inverseCrafter, box = world.canvas.getBoundingClientRect();
  const [x, y] = world.keyPlaces()[index].at, scale = box.width / world.canvas.clientWidth;
  return [box.left + x * scale, box.top + y * scale];
}}"""
STATE = f"""() => {{
  const {{ model, shared, status }} = {NODE}.inverseCrafter;
  const {{ settings, error, selected }} = model;
  return {{ keyframes: settings.keyframes, error, selected, shares: shared.shares ?? [], status: status.textContent }};
}}"""
STRIP_DONE = f"() => Boolean({NODE}.inverseCrafter.shared.estimate?.done)"
READ = f"() => !{NODE}.inverseCrafter.reading && ({SEEN})()"
LATE_ANSWERS = """() => {
  const { fetch } = window, late = new Promise((resolve) => { window.answer = resolve; });
  window.fetch = async (url, ...more) => {
    const reply = await fetch(url, ...more);
    if (!reply.ok && String(url).includes("inversecrafter_scene")) {
      window.asked = true;
      await late;
    }
    return reply;
  };
}"""
"""Hold back the answer that a scene is gone."""
READ_UNTIL_SHOWN = """() => {
    const editor = NODE?.inverseCrafter;
    if (editor && !editor.shared.current && !editor.reading) void editor.read();
    return Boolean(editor?.shared.current);
}"""
"""Press R until the scene is shown: the page may still be making the node of a subgraph that it opens."""
CHOOSE = f"""(preset) => {{
  const widget = {NODE}.widgets.find((one) => one.name === "preset");
  widget.value = preset;
  widget.callback(preset);
}}"""
REPORT = """() => {
  const warp = app.graph.nodes.find((node) => node.type === "InverseCrafterWarpVideo");
  return warp.widgets.find((widget) => widget.name === "report").value;
}"""


@pytest.fixture
def pictures(host, tmp_path) -> list[str]:
    """Upload a picture and its depth, a near block before a wall, and return their names."""
    picture = np.random.default_rng(3).integers(0, 255, (128, 192, 3), np.uint8)
    depth = np.full((128, 192, 3), 60, np.uint8)
    depth[40:100, 70:120] = 220
    for name, pixels in (("editor_picture.png", picture), ("editor_depth.png", depth)):
        Image.fromarray(pixels).save(tmp_path / name)
    return [host.upload(tmp_path / name) for name in ("editor_picture.png", "editor_depth.png")]


@pytest.fixture
def page_and_problems(page_and_problems):
    yield page_and_problems
    page_and_problems[0].evaluate(VUE_NODES, False)


def state(page) -> dict:
    page.wait_for_function(STRIP_DONE)
    return page.evaluate(STATE)


def read_the_scene(page, pictures, vue: bool = False) -> None:
    """Make the graph and press R on its camera path: its branch runs, and the scene is shown."""
    page.evaluate(GRAPH, [*pictures, FRAMES, 1000])
    page.evaluate(VUE_NODES, vue)
    page.wait_for_function(IN_VIEW, polling=300)
    page.locator(".ic-editor").press("r")
    page.wait_for_function(READ)


def lose_the_scene_and_read_it_anew(page, folder: Path) -> None:
    """Delete the scene's file, as a restart of the host does; what was asked of it is answered after the new one is there."""
    for scene in folder.glob("inversecrafter_scene*"):
        scene.unlink()
    page.locator(".ic-editor").press("End")
    page.wait_for_function(f"() => ({STATE})().status.includes('gone')")
    page.evaluate(LATE_ANSWERS)
    page.evaluate(f"() => {{ window.gone = {NODE}.inverseCrafter.shared.scene; }}")
    page.locator(".ic-editor").press("Home")
    page.locator(".ic-editor").press("End")
    page.wait_for_function("() => window.asked")
    page.locator(".ic-editor").press("r")
    page.wait_for_function(
        f"() => !{NODE}.inverseCrafter.reading && ![null, window.gone].includes({NODE}.inverseCrafter.shared.scene)"
    )
    page.evaluate("() => window.answer()")
    page.wait_for_function(READ)
    assert "gone" not in page.evaluate(STATE)["status"], "the old scene's last answer says nothing of the new one"


def drag(page, index: int, dx: int, dy: int) -> None:
    x, y = page.evaluate(HANDLE, index)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx, y + dy, steps=5)
    page.mouse.up()


@pytest.mark.parametrize("vue", [False, True], ids=["canvas", "Vue nodes"])
def test_a_path_is_picked_dragged_undone_and_run_and_its_holes_are_those_of_the_warp(page_and_problems, pictures, vue):
    page, problems = page_and_problems
    read_the_scene(page, pictures, vue)
    assert page.evaluate(REPORT) == "", "reading the scene runs no more than its branch"
    page.evaluate(CHOOSE, "orbit")
    assert "preset orbit" in state(page)["status"]

    drag(page, 4, 30, 12)
    dragged = state(page)
    keys = json.loads(dragged["keyframes"])
    assert len(keys) == 5 and dragged["selected"] == keys[-1]["frame"] == FRAMES - 1
    page.keyboard.press("Control+z")
    assert state(page)["keyframes"] == ""
    page.keyboard.press("Control+Shift+z")
    assert state(page)["keyframes"] == dragged["keyframes"]

    page.keyboard.press("v")
    page.click(RUN)
    page.wait_for_function(f"() => ({REPORT})() !== ''")
    most = float(page.evaluate(REPORT).split("on average, ")[1].split("%")[0])
    assert abs(most - 100 * max(dragged["shares"])) < 1
    ours = [line for line in problems if "inversecrafter" in line.lower() and "api.comfy.org" not in line]
    assert not ours, ours


def test_what_was_made_survives_a_switch_of_tabs_broken_text_and_a_subgraph(host, page_and_problems, pictures):
    page, problems = page_and_problems
    page.evaluate("() => { app.graph.clear(); app.graph.add(LiteGraph.createNode('InverseCrafterCameraPath')); }")
    page.locator(".ic-editor").press("r")
    assert "Connect geometry" in page.evaluate(STATE)["status"]
    read_the_scene(page, pictures)
    lose_the_scene_and_read_it_anew(page, host.base / "temp")
    problems[:] = [line for line in problems if "404" not in line]
    drag(page, 2, -20, 5)
    made = state(page)["keyframes"]
    assert made

    page.evaluate("() => app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
    page.wait_for_function("() => app.graph.nodes.length === 0")
    page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
    page.wait_for_function(SEEN)
    page.wait_for_function(IN_VIEW, polling=300)
    page.locator(".ic-editor").focus()
    assert state(page)["keyframes"] == made
    page.keyboard.press("Control+z")
    assert state(page)["keyframes"] == "", "the history goes on"
    page.keyboard.press("Control+Shift+z")

    page.keyboard.press("t")
    page.locator(".ic-text").fill("[{")
    page.locator(".ic-text").press("Escape")
    broken = page.evaluate(STATE)
    assert broken["keyframes"] == "[{" and "not JSON" in broken["error"] and broken["error"] in broken["status"]
    page.locator(".ic-editor").focus()
    page.keyboard.press("Control+z")
    assert state(page)["keyframes"] == made

    page.evaluate(f"() => {{ app.canvas.selectItems([{NODE}]); }}")
    page.evaluate("() => app.extensionManager.command.execute('Comfy.Graph.ConvertToSubgraph')")
    page.wait_for_function(f"() => !{NODE}")
    page.evaluate("() => app.canvas.openSubgraph(app.graph.nodes.find((node) => node.subgraph).subgraph)")
    inside = NODE.replace("app.graph", "app.canvas.graph")
    page.wait_for_function(f"() => {inside}?.inverseCrafter")
    assert page.evaluate(f"() => {inside}.inverseCrafter.model.settings.keyframes") == made
    page.wait_for_function(READ_UNTIL_SHOWN.replace("NODE", inside), polling=1000)
    ours = [line for line in problems if "inversecrafter" in line.lower() and "api.comfy.org" not in line]
    assert not ours, ours
