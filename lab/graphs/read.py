"""Workflows read from ``lab/graphs/*.yaml``; what several of them share is in ``parts.yaml``.

A file has a ``note``, values of its own (``with``) and ``columns``. The nodes of a column are names of parts, uses of parts
with values of their own (``{part: picture, key: photo}``), or nodes. ``$name`` stands for a value, inside a text or alone; a
widget or link that is nothing but a value nobody named is left out. ``like`` names a workflow that a file changes: values,
nodes ``above`` others, or the columns, where a title alone is that column of the other file.
"""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any

import yaml

from .spec import BYPASSED, NORMAL, Column, Node, Workflow

FOLDER = Path(__file__).parent
Values = dict[str, Any]
"""Entries of a file, or the values that ``$name`` stands for."""


def load(name: str) -> Values:
    """Return the entries of a file of this folder."""
    entries: Values = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return entries


def workflow_of(name: str) -> Workflow:
    """Return the workflow ``name``, for example ``recapture`` or ``examples/masks_and_solvers``."""
    shared, own = load("parts"), load(name)
    base = load(own["like"]) if "like" in own else own
    title = Path(name).name if "like" not in own else own["like"]
    values = shared["with"] | base["with"] | own["with"] | {"name": title}
    parts = shared["parts"] | base.get("parts", {}) | own.get("parts", {})
    reader = Reader(shared["kinds"], parts, own.get("above", {}))
    named = {entry["title"]: entry for entry in base["columns"]}
    notes = {key: Template(text).safe_substitute(shared["notes"]) for key, text in shared["notes"].items()}
    entries = [named[entry] if isinstance(entry, str) else entry for entry in (base | own)["columns"]]
    columns = [reader.column(entry, values) for entry in entries]
    return Workflow(Path(name).name, Template(own["note"]).substitute(notes), columns)


def filled(entry: Any, values: Values) -> Any:
    """Return an entry with its values put in; None for a value that nobody named. Mappings leave those out."""
    if isinstance(entry, dict):
        made = {filled(key, values): filled(value, values) for key, value in entry.items()}
        return {key: value for key, value in made.items() if value is not None}
    if not isinstance(entry, str):
        return entry
    alone = re.fullmatch(r"\$(\w+)", entry)
    return values.get(alone[1]) if alone else Template(entry).substitute(values)


class Reader:
    """The columns and nodes of a workflow: defaults by ``kinds`` of node, ``parts`` by name, nodes ``above`` others by key."""

    def __init__(self, kinds: Values, parts: Values, above: Values):
        self.kinds, self.parts, self.above = kinds, parts, above

    def column(self, entry: Values, values: Values) -> Column:
        """Return a column; the nodes of an optional one are bypassed."""
        kind = entry.get("kind", "step")
        listed = [node for item in entry["nodes"] for node in self.nodes(item, values, kind == "optional")]
        return Column(entry["title"], listed, kind, entry.get("under"))

    def nodes(self, item: str | Values, values: Values, bypassed: bool) -> list[Node]:
        """Return the nodes of a part or of an entry of nodes."""
        use = {"part": item} if isinstance(item, str) else item
        written = self.parts[use["part"]] if "part" in use else use
        given = filled(written, values | use if "part" in use else values)
        listed = []
        for key, entry in given.items():
            listed += self.nodes(self.above[key], values, bypassed) if key in self.above else []
            listed.append(self.node(key, entry, bypassed))
        return listed

    def node(self, key: str, entry: Values, bypassed: bool) -> Node:
        """Return one node, with the defaults of its kind."""
        usual = self.kinds.get(entry["type"], {})
        widgets = usual.get("widgets", {}) | entry.get("widgets", {})
        links = {
            name: (origin, output) for name, link in entry.get("links", {}).items() for origin, output in [link.split(".")]
        }
        mode = BYPASSED if bypassed or entry.get("bypassed") else NORMAL
        own = usual | entry
        rest = {name: own[name] for name in ("title", "height", "color", "newer") if name in own}
        return Node(key, own["type"], widgets, links, mode=mode, **rest)
