"""The troubleshooting page: every node and widget that it names exists under that name."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"
MOST_LINES = 120
EMPHASIS = {"First look at the warp"}


def test_every_node_and_widget_is_named_as_the_page_shows_it(pack):
    text = PAGE.read_text(encoding="utf-8")
    schemas = [node.GET_SCHEMA() for node in pack.nodes.values()]
    titles = {schema.display_name.removesuffix(" (InverseCrafter)") for schema in schemas}
    sockets = {entry.id for schema in schemas for entry in schema.inputs}
    sockets |= {entry.display_name or entry.id for schema in schemas for entry in schema.outputs}
    named = set(re.findall(r"\*\*([^*]+)\*\*", text)) - EMPHASIS
    assert named and named <= titles, named - titles
    words = set(re.findall(r"`([^`]+)`", text))
    in_text = words - sockets - {value for schema in schemas for value in _options(schema)} - {"motion"}
    assert words and not in_text, in_text


def _options(schema) -> set[str]:
    return {f"{option}" for entry in schema.inputs for option in getattr(entry, "options", None) or ()}


def test_the_page_is_short():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
