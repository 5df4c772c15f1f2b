"""The real page: a shipped workflow dropped on the canvas loads whole, Run is pressed, and the video arrives."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from clips import moving_pattern, read_clip, write_clip
from page_kit import (
    COMPLAINT,
    FRAMES,
    HEIGHT,
    SET_WIDGET,
    UNKNOWN,
    VUE_NODES,
    WIDTH,
    cut_titles,
    drop_workflow,
    out_of_view,
    overlapping,
    standing_out,
    wait_for_prompt,
    wait_until_still,
)
from PIL import Image

from lab.graphs.compose import OTHER_FAMILIES
from lab.host.page import DIALOG, RUN, chromium

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / "workflows").glob("*.json"))
EXAMPLES = sorted((ROOT / "workflows" / "examples").glob("*.json"))
RUN_HERE = [path for path in WORKFLOWS if path.stem not in (*OTHER_FAMILIES, "start_here")]
"""Workflows that the embedded models can run, but for the blueprint's (test_blueprints.py)."""
REGISTRY = "https://api.comfy.org"
"""The page asks the registry about packs it does not know; a host without API nodes forbids it, on the console."""
REPORTS = """() => Object.fromEntries(app.graph.nodes.filter(n => n.mode === 0)
    .flatMap(n => (n.widgets ?? []).filter(w => w.name === "report").map(w => [n.title, w.value])))"""
ONE_NODE = """() => {
    app.graph.clear();
    const text = LiteGraph.createNode("InverseCrafterTextEncode"), shown = LiteGraph.createNode("PreviewAny");
    app.graph.add(text);
    app.graph.add(shown);
    text.widgets[0].value = `a zebra ${Math.random()}`;
    text.connect(0, shown, 0);
}"""
"""The stock node shows the conditioning: of the report it would show the words in a box of its own."""
DRAWN = "() => [...document.querySelectorAll('textarea')].some(box => box.value.includes('Not known'))"
BOXES = "() => [...document.querySelectorAll('textarea')].map(box => box.value)"
PICTURE_SHOWN = """name => [...document.querySelectorAll(`[data-testid="template-workflow-${name}"] img`)]
    .some(picture => picture.naturalWidth >= 200)"""

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium here: install one or set CHROMIUM_PATH")


def test_workflows_are_shipped():
    assert {"recapture", "two_experts", "single_image", "interpolation", "editing", "edit_propagation"} <= {
        path.stem for path in WORKFLOWS
    }


def test_the_template_browser_offers_our_workflows_with_their_pictures(page_and_problems):
    page, _ = page_and_problems
    fetched: list[str] = []
    page.on("response", lambda reply: fetched.append(reply.url) if reply.ok else None)
    page.click("button[aria-label='Templates']")
    page.wait_for_selector(DIALOG)
    browser = page.locator(DIALOG)
    browser.get_by_text("inversecrafter", exact=True).first.click()
    for path in WORKFLOWS:  # pictures load where they are seen
        card = f"[data-testid='template-workflow-{path.stem}']"
        browser.locator(card).scroll_into_view_if_needed()  # its title alone may show already
        page.wait_for_function(PICTURE_SHOWN, arg=path.stem, timeout=60_000)
    assert {f"{path.stem}.jpg" for path in WORKFLOWS} <= {url.rpartition("/inversecrafter/")[2] for url in fetched}


@pytest.mark.parametrize("path", RUN_HERE, ids=lambda path: path.stem)
def test_a_dropped_workflow_loads_runs_and_the_video_arrives(host, page_and_problems, tmp_path, path):
    page, problems = page_and_problems
    page.set_viewport_size({"width": 1920, "height": 1080})
    drop_workflow(page, path)

    assert page.evaluate(UNKNOWN) == [] and out_of_view(page) == []
    shipped = json.loads(path.read_text(encoding="utf-8"))
    assert page.evaluate("() => app.graph.nodes.length") == len(shipped["nodes"])
    assert overlapping(page) == [] and cut_titles(page) == []

    choose_files(page, host, tmp_path, shipped["nodes"])
    assert complaints(page) == []
    assert page.evaluate(SET_WIDGET, [None, "steps", 2])
    for name, value in {"frames": FRAMES, "width": WIDTH, "height": HEIGHT}.items():
        page.evaluate(SET_WIDGET, [None, name, value])
    before = set((host.base / "output").rglob("*.mp4"))
    host.free()  # a node whose result another workflow has left in the cache would say nothing
    page.click(RUN)
    assert wait_for_prompt(page, host)["status"]["status_str"] == "success"
    assert complaints(page) == []
    (video,) = set((host.base / "output").rglob("*.mp4")) - before
    assert read_clip(video).shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert overlapping(page) == [] and standing_out(page) == [], "the pictures of a run have room"
    assert the_same_run_in_vue_nodes(page) == []
    reports = page.evaluate(REPORTS)
    assert reports and all(reports.values()), reports
    ours = [line for line in problems if "inversecrafter" in line.lower() and REGISTRY not in line]
    assert not ours, ours


@pytest.mark.parametrize("vue", [False, True], ids=["canvas", "Vue nodes"])
def test_every_graph_opens_whole_and_fitted_with_nothing_covered_or_cut(page_and_problems, vue):
    page, _ = page_and_problems
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.evaluate(VUE_NODES, vue)
    try:
        for path in [*WORKFLOWS, *EXAMPLES]:
            if not vue and path in RUN_HERE:
                continue  # checked where it is run
            drop_workflow(page, path)
            assert page.evaluate(UNKNOWN) == [], path.stem
            assert overlapping(page) == [] and standing_out(page) == [], path.stem
            assert cut_titles(page) == [], path.stem
            assert out_of_view(page) == [], path.stem
    finally:
        page.evaluate(VUE_NODES, False)


def late(route):
    """Pass the answer to a request on after a second: a short run has ended by then."""
    answer = route.fetch()
    time.sleep(1)
    route.fulfill(response=answer)


@pytest.mark.parametrize("answer", ["answer at once", "late answer"])
@pytest.mark.parametrize("vue", [False, True], ids=["canvas", "Vue nodes"])
def test_a_report_is_drawn_on_its_node_and_stays_there_when_the_tab_is_left(page_and_problems, vue, answer):
    page, _ = page_and_problems
    if answer == "late answer":
        page.route("**/api/prompt", late)
    page.evaluate(VUE_NODES, vue)
    try:
        page.evaluate(ONE_NODE)
        page.click(RUN)
        page.wait_for_function(DRAWN)
        if vue:
            return  # leaving a tab is tried on the canvas
        assert "report" not in page.evaluate("async () => (await app.graphToPrompt()).output")["1"]["inputs"]
        page.evaluate("() => app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
        page.wait_for_function("() => app.graph.nodes.length === 0")
        page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
        page.wait_for_function(DRAWN)
    finally:
        page.evaluate(VUE_NODES, False)


def choose_files(page, host, folder: Path, nodes: list[dict]) -> None:
    """Upload a clip and its first frame with a patch painted over; choose them in every node that loads one and runs."""
    pattern = moving_pattern(FRAMES, HEIGHT, WIDTH, seed=1)
    picture = pattern[0].copy()
    picture[40:80, 60:110] = (220, 40, 40)
    Image.fromarray(picture).save(folder / "dropped.png")
    files = {"LoadVideo": ("file", write_clip(folder / "dropped.mp4", pattern)), "LoadImage": ("image", folder / "dropped.png")}
    loaders = [node["type"] for node in nodes if node["type"] in files and node.get("mode", 0) == 0]
    assert loaders
    for kind in sorted(set(loaders)):
        widget, file = files[kind]
        assert page.evaluate(SET_WIDGET, [kind, widget, host.upload(file)]) == [kind] * loaders.count(kind)


def the_same_run_in_vue_nodes(page) -> list[str]:
    """Return what has no room for its pictures where Vue draws the nodes, and reports that are not drawn there."""
    try:
        page.evaluate(VUE_NODES, True)
        wait_until_still(page)
        drawn, reports = page.evaluate(BOXES), page.evaluate(REPORTS)
        return overlapping(page) + standing_out(page) + [words for words in reports.values() if words not in drawn]
    finally:
        page.evaluate(VUE_NODES, False)


def complaints(page, settle_ms: int = 20_000) -> list[str]:
    """What the page still complains of when it has had time to see that a file was chosen or a prompt has run."""
    from playwright.sync_api import TimeoutError as StillThere

    try:
        page.locator(COMPLAINT).first.wait_for(state="hidden", timeout=settle_ms)
    except StillThere:
        return page.locator(COMPLAINT).all_inner_texts()
    return []
