"""The web folder's modules in Node.js, without a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).resolve().parents[2] / "web"
HEAD = """import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const answer = (value) => process.stdout.write(JSON.stringify(value));
"""
Javascript = Callable[..., Any]


@pytest.fixture(scope="session")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Javascript:
    """Return a function that runs the text of a module with ``given``, and returns what it passes to ``answer``."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js here")
    folder = tmp_path_factory.mktemp("web")
    shutil.copytree(WEB, folder, ignore=shutil.ignore_patterns("docs"), dirs_exist_ok=True)
    shutil.copy(Path(__file__).with_name("fake_page.js"), folder)
    for module in folder.rglob("*.js"):  # those that know the page find a stand-in for it
        text = module.read_text(encoding="utf-8")
        for script in ("app", "api"):
            text = text.replace(f'"/scripts/{script}.js"', f'"{(folder / "fake_page.js").as_uri()}"')
        module.write_text(text, encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")

    def run(text: str, given: Any = None) -> Any:
        script = folder / "script.js"
        script.write_text(HEAD + text, encoding="utf-8")
        done = subprocess.run([node, script], input=json.dumps(given), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
