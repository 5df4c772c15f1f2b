"""The real page in headless Chromium, for tests and for composing workflows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import requests

from .client import HTTP_SECONDS

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000
DIALOG = ":is(.p-dialog, [role='dialog'][data-state='open']):visible"
"""An open dialog, of older pages and of newer ones."""
RUN = "button[data-testid='queue-button'], [data-testid='queue-button'] > button[aria-label='Run']"
COMPLAINT = f"{DIALOG}, .p-toast-message:visible, [data-testid='error-overlay']:visible"
"""Anything on top of the canvas: dialogs (a missing node, a failed prompt), alerts, newer pages' list of errors."""
CROSS = f"{DIALOG} :is(button:has(i.pi-times), button[aria-label='Close dialog']):visible"
LOADED = "() => window.app && window.app.graph && window.app.canvas && window.app.graph.nodes.length > 0"
DROP_FILE = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name, {type: "application/json"}));
    const canvas = document.getElementById("graph-canvas");
    const box = canvas.getBoundingClientRect();
    const where = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, cancelable: true};
    for (const kind of ["dragenter", "dragover", "drop"])
        canvas.dispatchEvent(new DragEvent(kind, {...where, dataTransfer: data}));
}"""

RECTANGLES = """() => {
    const vue = !!LiteGraph.vueNodesMode, {scale, offset} = app.canvas.ds, origin = app.canvas.canvas.getBoundingClientRect();
    return app.graph.nodes.map(node => {
        const name = `${node.title} (${node.id})`, title = LiteGraph.NODE_TITLE_HEIGHT;
        const box = vue && document.querySelector(`[data-node-id="${node.id}"]`)?.getBoundingClientRect();
        if (vue && !box) throw new Error(`${name} is not drawn`);
        const [left, top] = box ? [box.x - origin.x, box.y - origin.y] : [];
        return box
            ? [name, left / scale - offset[0], top / scale - offset[1], box.width / scale, box.height / scale]
            : [name, node.pos[0], node.pos[1] - title, node.size[0], node.size[1] + title];
    });
}"""
CUT_TITLES = """() => {
    const {ctx} = app.canvas;
    return app.graph.nodes.filter(node => {
        ctx.font = `normal ${LiteGraph.NODE_TEXT_SIZE}px ${LiteGraph.NODE_FONT}`;
        return ctx.measureText(node.title).width + LiteGraph.NODE_TITLE_HEIGHT > node.size[0];
    }).map(node => node.title).concat(app.graph.groups.filter(group => {
        ctx.font = `${group.font_size}px ${LiteGraph.GROUP_FONT}`;
        return ctx.measureText(group.title).width + 4 > group.size[0];
    }).map(group => group.title));
}"""
VUE_NODES = "on => app.ui.settings.setSettingValueAsync('Comfy.VueNodes.Enabled', on)"
"""Takes whether nodes are drawn by Vue, in place of on the canvas."""


def chromium() -> str | None:
    """Path of a Chromium to drive: ``CHROMIUM_PATH``, or the first one on the PATH; None when there is none."""
    named = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("CHROMIUM_PATH") or next((path for path in named if path), None)


@contextmanager
def open_page(url: str, width: int = 1800, height: int = 1100, problems: list[str] | None = None) -> Iterator[Any]:
    """A page that shows the host at ``url``, ready: its first graph loaded, nothing on top. Yields a playwright Page.

    A first visit would open the template browser, some time later; the host is told that this is none.

    Args:
        problems: collects console errors and uncaught exceptions, each with the script it came from.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            if problems is not None:
                page.on("console", lambda line: problems.append(_console_line(line)) if line.type == "error" else None)
                page.on("pageerror", lambda raised: problems.append(f"{raised.message} {raised.stack or ''}"))
            requests.post(f"{url}/settings/Comfy.TutorialCompleted", json=True, timeout=HTTP_SECONDS).raise_for_status()
            page.goto(url)
            page.wait_for_function(LOADED, timeout=PATIENCE_MS)
            page.wait_for_selector(RUN, timeout=PATIENCE_MS)
            close_dialogs(page)
            yield page
        finally:
            browser.close()


def close_dialogs(page: Any) -> None:
    """Close whatever dialogs are open."""
    for _ in range(20):
        if not page.locator(DIALOG).count():
            return
        crosses = page.locator(CROSS)
        if crosses.count():  # Escape alone does nothing while the page, and not the dialog, has the focus
            crosses.last.click()
        else:
            page.keyboard.press("Escape")
        page.wait_for_timeout(500)
    raise RuntimeError(f"a dialog stays open: {page.locator(DIALOG).first.inner_text()[:300]}")


def drop_workflow(page: Any, file: Path) -> None:
    """Drop a workflow file on the canvas, as a user would, and wait until its nodes are there."""
    page.evaluate("() => { window.app.graph.clear(); }")
    page.evaluate(DROP_FILE, [file.name, file.read_text(encoding="utf-8")])
    page.wait_for_function("() => window.app.graph.nodes.length > 0", timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)


def overlapping(page: Any) -> list[str]:
    """Pairs of nodes that cover one another, as the page draws them, titles included."""
    boxes = page.evaluate(RECTANGLES)
    return [
        f"{one} and {two}"
        for (one, x, y, width, height), (two, left, top, wide, high) in combinations(boxes, 2)
        if min(x + width, left + wide) - max(x, left) > 1 and min(y + height, top + high) - max(y, top) > 1
    ]


def cut_titles(page: Any) -> list[str]:
    """Titles of nodes and groups that are wider than what they stand on."""
    found: list[str] = page.evaluate(CUT_TITLES)
    return found


def _console_line(line: Any) -> str:
    return f"{line.text} ({line.location.get('url', '')})"
