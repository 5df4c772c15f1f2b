"""Schema features of newer hosts: given through one helper where the host takes them, absent without error elsewhere."""

from __future__ import annotations

import ast
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS = {
    "node_id": "InverseCrafterExample",
    "display_name": "Example",
    "category": "InverseCrafter",
    "description": "",
    "inputs": [],
    "outputs": [],
}
SEARCHED = {"recapture", "camera control", "inpaint video", "depth anything", "interpolate", "edit video"}


def given_to_the_host(pack, monkeypatch, taken):
    """Return what a host whose schema takes ``taken`` is given."""
    schema = pack.submodule("nodes.host.schema")
    monkeypatch.setattr(schema, "io", SimpleNamespace(Schema=dict))
    monkeypatch.setattr(schema, "TAKEN", frozenset(taken))
    return schema.node_schema(aliases=("recapture",), **WORDS)


def test_a_host_that_searches_aliases_is_given_them(pack, monkeypatch):
    assert given_to_the_host(pack, monkeypatch, {*WORDS, "search_aliases"})["search_aliases"] == ["recapture"]


def test_a_host_that_does_not_is_given_what_it_takes(pack, monkeypatch):
    assert set(given_to_the_host(pack, monkeypatch, WORDS)) == {*WORDS, "is_output_node"}


def test_every_node_is_found_by_other_words_where_the_host_can(pack):
    schemas = {node_id: node.GET_SCHEMA() for node_id, node in pack.nodes.items()}
    if "search_aliases" not in pack.submodule("nodes.host.schema").TAKEN:
        assert not any(hasattr(schema, "search_aliases") for schema in schemas.values())
        return
    assert not [node_id for node_id, schema in schemas.items() if len(schema.search_aliases) < 2]
    words = {word for schema in schemas.values() for word in schema.search_aliases}
    assert words >= SEARCHED and all(word == word.lower() for word in words)
    info = pack.node("InverseCrafterWarpVideo").GET_NODE_INFO_V1()
    assert "recapture" in info["search_aliases"], "the page is not told"


@pytest.mark.parametrize("path", sorted((ROOT / "nodes").rglob("*.py")), ids=lambda path: path.stem)
def test_every_schema_is_made_by_the_helper(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    direct = [call.lineno for call in calls if ast.unparse(call.func) == "io.Schema"]
    assert not direct or path.name == "schema.py", f"{path.name}:{direct}: call node_schema"
