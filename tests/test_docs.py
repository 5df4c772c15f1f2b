"""The pages of the repository: links lead somewhere, commands exist, and what ships tells nobody to run what does not."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from lab.host import archive

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/*.md")])
HELP = sorted(ROOT.glob("web/docs/*.md"))
LINK = r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\""
COMMAND = r"python -m (lab[\w.]*)"
REPOSITORY_ONLY = r"`make |^make |python -m lab|pytest"


STILL_BYTES, MOVING_BYTES, ALL_BYTES = 60_000, 300_000, 3_000_000
MOVING = {"WarpVideo", "KSampler", "KeepKnownPixels", "PhotoClip", "WarpFromEnds", "CameraPathPresets"}
MADE = {"lab/training/runs"}
"""Folders that a run makes and git ignores."""


def names(pages: list[Path]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


def heading_ids(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def sections(page: Path) -> list[str]:
    """Return a page's parts between headings; a model's card, which is a report of one run, as one part."""
    if page.parent.name == "weights":
        return [page.read_text(encoding="utf-8")]
    return re.split(r"^#+ ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES + HELP, ids=names(PAGES + HELP))
def test_every_relative_link_leads_somewhere(page):
    broken = []
    for match in re.findall(LINK, page.read_text(encoding="utf-8")):
        link = match[0] or match[1]
        path, _, anchor = link.partition("#")
        if link.startswith(("http", "mailto:")):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in heading_ids(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES + HELP, ids=names(PAGES + HELP))
def test_every_module_that_a_page_runs_exists(page):
    missing = []
    for module in re.findall(COMMAND, page.read_text(encoding="utf-8")):
        path = ROOT.joinpath(*module.rstrip(".").split("."))
        if not (path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()):
            missing.append(module)
    assert not missing


@pytest.mark.parametrize("page", [ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))], ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page):
    named = re.findall(r"`((?:lab|tests|nodes|inversecrafter_core|web|docs|workflows|weights)/[\w./-]+)`", page.read_text())
    assert not [path for path in named if not (ROOT / path).exists() and path not in MADE]


@pytest.mark.parametrize("page", HELP, ids=names(HELP))
def test_every_page_of_a_node_has_a_picture_of_its_own(page):
    shown = re.findall(r"^!\[.{20,}\]\((.+)\)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert shown and shown[0] == f"{page.stem}.webp" and all(name.startswith(page.stem) for name in shown)
    for picture in (page.parent / name for name in shown):
        assert picture.stat().st_size < (STILL_BYTES if frames_of(picture) == 1 else MOVING_BYTES)


def frames_of(picture: Path) -> int:
    with Image.open(picture) as opened:
        return getattr(opened, "n_frames", 1)


def test_pictures_move_where_motion_is_the_point_and_are_small_together():
    moving = {path.stem.removeprefix("InverseCrafter") for path in ROOT.glob("web/docs/*.webp") if frames_of(path) > 1}
    assert moving >= MOVING
    assert sum(path.stat().st_size for path in ROOT.glob("web/docs/*.webp")) < ALL_BYTES


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_readme_says_on_its_first_screen_that_the_real_weights_were_not_run():
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:25])
    assert "not yet run on the real wan weights" in first_screen.lower().replace("\n", " ")


def test_the_readme_lists_every_node_by_its_name_and_category(pack):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    faults = []
    for node_id, node in pack.nodes.items():
        schema = node.GET_SCHEMA()
        name = schema.display_name.removeprefix("InverseCrafter ").removesuffix(" (InverseCrafter)")
        row = next((line for line in text.splitlines() if f"[{name}](web/docs/{node_id}.md)" in line), None)
        room = schema.category.partition("/")[2]
        if row is None or (room and room not in row.split("|")[1]):
            faults.append(f"{node_id}: {schema.display_name}, {schema.category}")
    assert not faults


def test_the_readme_shows_every_workflow():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shipped = sorted((ROOT / "workflows").glob("*.json"))
    examples = sorted((ROOT / "workflows" / "examples").glob("*.json"))
    assert shipped
    assert not [path.name for path in shipped if f"workflows/{path.name}" not in text]
    assert not [path.name for path in shipped if f"workflows/{path.stem}.jpg" not in text]
    assert not [path.name for path in examples if f"workflows/examples/{path.name}" not in text]


def test_every_embedded_model_is_described_and_has_its_card():
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    models = sorted((ROOT / "weights").glob("*/*.safetensors"))
    assert models
    assert not [model.stem for model in models if f"(../weights/{model.stem}.md)" not in text]


def test_entries_of_what_was_tried_are_at_most_two_lines():
    text = (ROOT / "docs" / "tried.md").read_text(encoding="utf-8")
    entries = re.findall(r"^- .+(?:\n  .+)*", text, re.MULTILINE)
    assert len(entries) > 10
    assert not [entry for entry in entries if entry.count("\n") > 1]


def test_pages_that_ship_send_nobody_to_what_does_not():
    try:
        shipped = archive.shipped()
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout, so the list of the project's files is not known")
    faults = []
    for name in [name for name in shipped if name.endswith(".md")]:
        for section in sections(ROOT / name):
            if re.search(REPOSITORY_ONLY, section, re.MULTILINE) and "clone of the repository" not in section:
                faults.append(f"{name}: {section.splitlines()[0]}")
    assert not faults, "say that it needs a clone of the repository"


def test_versions_agree():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    pinned = re.search(r"^ruff==(.+)$", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert pinned and f"rev: v{pinned[1]}\n" in (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
