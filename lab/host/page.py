"""The real page in headless Chromium, for tests and for composing workflows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from .client import HTTP_SECONDS

QUIET = "disable-background-networking disable-component-update disable-sync disable-quic no-first-run"
FLAGS = f"headless no-sandbox disable-gpu {QUIET}"
PATIENCE_MS = 120_000
DIALOG = ":is(.p-dialog, [role='dialog'][data-state='open']):visible"
"""An open dialog, of older pages and of newer ones."""
RUN = "button[data-testid='queue-button'], [data-testid='queue-button'] > button:first-child"
UNMASK = """() => {
    document.head.appendChild(document.createElement("style")).textContent = ".p-overlay-mask-leave { display: none }";
}"""
"""Hides a leaving mask: on a slow machine 0.33's page keeps it where it was busy for less than an animation, with any graph."""
CROSS = f"{DIALOG} :is(button:has(i.pi-times), button[aria-label='Close dialog']):visible"
LOADED = "() => window.app && window.app.graph && window.app.canvas && window.app.graph.nodes.length > 0"


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
            page.evaluate(UNMASK)
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


def _console_line(line: Any) -> str:
    return f"{line.text} ({line.location.get('url', '')})"
