"""The real page in headless Chromium, for tests and for composing workflows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


def chromium() -> str | None:
    """Path of a Chromium to drive: ``CHROMIUM_PATH``, or the first one on the PATH; None when there is none."""
    return os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def open_page(url: str, width: int = 1800, height: int = 1100) -> Iterator[Any]:
    """A page that shows the host at ``url``, ready: graph loaded, template browser closed. Yields a playwright Page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(url)
            page.wait_for_function("() => window.app && window.app.graph && window.app.canvas", timeout=120_000)
            page.wait_for_timeout(2500)
            page.keyboard.press("Escape")
            page.wait_for_timeout(500)
            yield page
        finally:
            browser.close()
