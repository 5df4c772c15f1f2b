"""Every shipped graph in the real page: dropped on the canvas it loads whole, Run is pressed, and the video arrives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clips import moving_pattern, read_clip, write_clip
from page_kit import (
    COMPLAINT,
    FRAMES,
    HEIGHT,
    SET_WIDGET,
    SHIPPED,
    UNKNOWN,
    VUE_NODES,
    WIDTH,
    WORKFLOWS,
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
from lab.host.page import RUN, chromium, open_page

EXAMPLES = sorted((SHIPPED / "examples").glob("*.json"))
RUN_HERE = [path for path in WORKFLOWS if path.stem not in (*OTHER_FAMILIES, "start_here")]
"""Workflows that the embedded models can run, but for the blueprint's (test_blueprints.py)."""
REGISTRY = "https://api.comfy.org"
"""The page asks the registry about packs it does not know; a host without API nodes forbids it, on the console."""
REPORTS = """() => Object.fromEntries(app.graph.nodes.filter(n => n.mode === 0)
    .flatMap(n => (n.widgets ?? []).filter(w => w.name === "report").map(w => [n.title, w.value])))"""
BOXES = "() => [...document.querySelectorAll('textarea')].map(box => box.value)"

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium here: install one or set CHROMIUM_PATH")


@pytest.fixture(scope="module")
def opened(host):
    """The page that all graphs are dropped on, one after another, and the errors that it has reported."""
    problems: list[str] = []
    with open_page(host.url, width=1920, height=1080, problems=problems) as page:
        yield page, problems


@pytest.fixture
def page_and_problems(opened):
    """The open page, and the errors that it will have reported."""
    opened[1].clear()
    return opened


@pytest.mark.parametrize("path", RUN_HERE, ids=lambda path: path.stem)
def test_a_dropped_workflow_loads_runs_and_the_video_arrives(host, page_and_problems, tmp_path, path):
    page, problems = page_and_problems
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
    with page.expect_response("**/api/prompt"):  # an entry of the graph before is in the history already
        page.click(RUN)
    assert wait_for_prompt(page, host)["status"]["status_str"] == "success"
    assert complaints(page) == []
    (video,) = set((host.base / "output").rglob("*.mp4")) - before
    assert read_clip(video).shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert overlapping(page) == [] and standing_out(page) == [], "the pictures of a run have room"
    reports = page.evaluate(REPORTS)
    assert reports and all(reports.values()), reports
    assert wrong_in_vue_nodes(page) == []
    ours = [line for line in problems if "inversecrafter" in line.lower() and REGISTRY not in line]
    assert not ours, ours


@pytest.mark.parametrize("vue", [False, True], ids=["canvas", "Vue nodes"])
def test_every_graph_opens_whole_and_fitted_with_nothing_covered_or_cut(page_and_problems, vue):
    page, _ = page_and_problems
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


def wrong_in_vue_nodes(page) -> list[str]:
    """Return what is covered, cut or out of place where Vue draws the nodes after a run, and reports that it does not draw."""
    try:
        page.evaluate(VUE_NODES, True)
        wait_until_still(page)
        drawn, reports = page.evaluate(BOXES), page.evaluate(REPORTS)
        placed = overlapping(page) + standing_out(page) + cut_titles(page) + out_of_view(page)
        return placed + [words for words in reports.values() if words not in drawn]
    finally:
        page.evaluate(VUE_NODES, False)
        page.evaluate("() => app.extensionManager.toast.removeAll()")  # the page asks whether the other renderer is preferred


def complaints(page, settle_ms: int = 20_000) -> list[str]:
    """What the page still complains of when it has had time to see that a file was chosen or a prompt has run."""
    from playwright.sync_api import TimeoutError as StillThere

    try:
        page.locator(COMPLAINT).first.wait_for(state="hidden", timeout=settle_ms)
    except StillThere:
        return page.locator(COMPLAINT).all_inner_texts()
    return []
