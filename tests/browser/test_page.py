"""The real page: the template browser offers our workflows, and reports are drawn on their nodes."""

from __future__ import annotations

import time

import pytest
from page_kit import VUE_NODES, WORKFLOWS

from lab.host.page import DIALOG, RUN, chromium

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
        assert "report" not in page.evaluate("async () => (await app.graphToPrompt()).output")["1"]["inputs"]
        page.evaluate("() => app.extensionManager.command.execute('Comfy.NewBlankWorkflow')")
        page.wait_for_function("() => app.graph.nodes.length === 0")
        page.evaluate("() => app.extensionManager.command.execute('Workspace.PreviousOpenedWorkflow')")
        page.wait_for_function(DRAWN)
    finally:
        page.evaluate(VUE_NODES, False)
