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

QUIET = "disable-background-networking disable-component-update disable-sync disable-quic no-first-run"
FLAGS = f"headless no-sandbox disable-gpu {QUIET}"
PATIENCE_MS = 120_000
DIALOG = ":is(.p-dialog, [role='dialog'][data-state='open']):visible"
"""An open dialog, of older pages and of newer ones."""
RUN = "button[data-testid='queue-button'], [data-testid='queue-button'] > button:first-child"
COMPLAINT = f"{DIALOG}, .p-toast-message:visible, [data-testid='error-overlay']:visible"
"""Anything on top of the canvas: dialogs (a missing node, a failed prompt), alerts, newer pages' list of errors."""
CROSS = f"{DIALOG} :is(button:has(i.pi-times), button[aria-label='Close dialog']):visible"
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
LOADED = "() => window.app && window.app.graph && window.app.canvas && window.app.graph.nodes.length > 0"

VUE_NODES = "on => app.ui.settings.setSettingValueAsync('Comfy.VueNodes.Enabled', on)"
"""Takes whether nodes are drawn by Vue, in place of on the canvas."""


def chromium() -> str | None:
    """Return the path of a Chromium to drive: ``CHROMIUM_PATH``, or the first one on the PATH; None when there is none."""
    named = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("CHROMIUM_PATH") or next((path for path in named if path), None)


@contextmanager
def open_page(url: str, width: int = 1800, height: int = 1100, problems: list[str] | None = None) -> Iterator[Any]:
    """Open a page that shows the host at ``url``, its first graph loaded, nothing on top; yield a playwright Page.

    A first visit would open the template browser some time later, so the host's settings say that this is none.

    Args:
        problems: collects console errors and uncaught exceptions, each with the script it came from.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[f"--{flag}" for flag in FLAGS.split()])
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(PATIENCE_MS)
            if problems is not None:
                page.on("console", lambda line: problems.append(_console_line(line)) if line.type == "error" else None)
                page.on("pageerror", lambda raised: problems.append(f"{raised.message} {raised.stack or ''}"))
            requests.post(f"{url}/settings/Comfy.TutorialCompleted", json=True, timeout=HTTP_SECONDS).raise_for_status()
            page.goto(url)
            page.wait_for_function(LOADED)
            page.wait_for_selector(RUN)
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


def out_of_view(page: Any) -> list[str]:
    """Return nodes whose title, as the page draws it, is not wholly in the window."""
    found: list[str] = _call(page, "outOfView", _call(page, "rectangles"))
    return found


def cut_titles(page: Any) -> list[str]:
    """Return titles of nodes and groups that are wider than what they stand on."""
    found: list[str] = _call(page, "cutTitles")
    return found


def _call(page: Any, function: str, argument: Any = None) -> Any:
    """Return the answer of a function of ``page.js``."""
    return page.evaluate(f"argument => {SCRIPT.strip()}.{function}(argument)", argument)


def _console_line(line: Any) -> str:
    return f"{line.text} ({line.location.get('url', '')})"
