"""What the registry ships: complete, small, and without the lab and the tests."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.host import archive

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def files() -> list[str]:
    try:
        return archive.shipped()
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, so the list of the project's files is not known")


def test_the_archive_is_complete_and_free_of_lab_and_tests(files):
    assert not archive.faults(files)


def test_every_file_of_the_product_ships(files):
    tracked = set(archive.git_files(ROOT, "--cached"))
    product = {
        name
        for name in tracked
        if name.startswith(("nodes/", "inversecrafter_core/", "inversecrafter_client/", "locales/", "web/", "workflows/"))
    }
    assert product and product <= set(files)


def test_the_archive_is_at_most_75_megabytes(files, tmp_path):
    assert archive.write_archive(tmp_path / "archive.zip") <= archive.MEGABYTES


def test_a_stray_file_and_a_missing_one_are_faults(files):
    assert archive.faults([*files, "lab/host/paths.py"]) == ["lab/host/paths.py does not belong into the archive"]
    assert archive.faults([name for name in files if name != "LICENSE"]) == ["LICENSE is missing from the archive"]
    assert archive.faults([name for name in files if not name.endswith(".safetensors")])


def test_the_ignored_files_are_those_that_the_registrys_own_matcher_ignores(files):
    pathspec = pytest.importorskip("pathspec")
    lines = (ROOT / ".comfyignore").read_text(encoding="utf-8").splitlines()
    ignored = pathspec.PathSpec.from_lines("gitignore", lines)
    assert {name for name in archive.git_files(ROOT, "--cached") if not ignored.match_file(name)} == set(files)
