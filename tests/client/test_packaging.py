"""What pip installs from the repository: the client and its workflows, and nothing of the pack."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import setuptools.build_meta as backend; backend.build_wheel('dist')"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    pytest.importorskip("setuptools")
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("inversecrafter_client", "workflows/api"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "nodes").mkdir()
    (tree / "nodes" / "__init__.py").touch()
    subprocess.run([sys.executable, "-c", BUILD], cwd=tree, check=True, capture_output=True)
    (built,) = (tree / "dist").glob("*.whl")
    return built


def test_the_wheel_has_every_module_and_workflow_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "inversecrafter_client").rglob("*.py")}
    api = ROOT / "workflows" / "api"
    data = {f"inversecrafter_client/data/{path.relative_to(api).as_posix()}" for path in api.rglob("*.json")}
    assert names == modules | data


def test_the_installed_client_finds_its_workflows(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    listed = subprocess.run(
        [sys.executable, "-m", "inversecrafter_client", "list"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "recapture " in listed.stdout and "examples/long_clip " in listed.stdout
