"""The written form of a workflow: columns of nodes, links by slot name. The page computes sizes and positions from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

NORMAL, BYPASSED = 0, 4
COLOURS = {"step": "#3f789e", "models": "#a1309b", "sampling": "#88aa88", "optional": "#b58b2a"}
"""Colours of a group's frame: one meaning each, the same in every workflow."""

Link = tuple[str, str]
Links = dict[str, Link]


@dataclass(frozen=True)
class Node:
    """One node. ``links`` maps an input's name to ``(key of the node it comes from, name of its output)``.

    Attributes:
        title: the name of the node's class, without the pack's, when there is none.
        height: room for pictures that a run brings, previews while sampling among them; never less than the widgets need.
        newer: values of inputs that newer hosts require, for the API form; older hosts ignore them.
    """

    key: str
    type: str
    widgets: dict[str, Any] = field(default_factory=dict)
    links: Links = field(default_factory=dict)
    title: str | None = None
    height: float = 0
    mode: int = NORMAL
    color: str | None = None
    newer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """Nodes below one another in a titled frame, beside the column before it or below the one with the title ``under``.

    ``kind`` is a key of ``COLOURS``.
    """

    title: str
    nodes: list[Node]
    kind: str = "step"
    under: str | None = None


@dataclass(frozen=True)
class Workflow:
    """A whole workflow: a note at the left, columns to its right."""

    name: str
    note: str
    columns: list[Column]

    @property
    def nodes(self) -> list[Node]:
        """Every node but the note, column by column."""
        return [node for column in self.columns for node in column.nodes]

    def as_json(self) -> dict[str, Any]:
        """Return the form that ``compose.js`` builds."""
        columns = [asdict(column) | {"color": COLOURS[column.kind]} for column in self.columns]
        return {"note": self.note, "columns": columns}
