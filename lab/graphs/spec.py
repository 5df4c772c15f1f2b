"""How a workflow is written down: positions in canvas units, links by slot name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

NORMAL, BYPASSED = 0, 4


@dataclass(frozen=True)
class Node:
    """One node. ``links`` maps an input's name to ``(key of the node it comes from, name of its output)``."""

    key: str
    type: str
    pos: tuple[float, float]
    widgets: dict[str, Any] = field(default_factory=dict)
    links: dict[str, tuple[str, str]] = field(default_factory=dict)
    title: str | None = None
    size: tuple[float, float] | None = None
    mode: int = NORMAL
    color: str | None = None


@dataclass(frozen=True)
class Group:
    """A titled frame: ``bounding`` is x, y, width, height."""

    title: str
    bounding: tuple[float, float, float, float]
    color: str = "#3f789e"


@dataclass(frozen=True)
class Workflow:
    """A whole workflow; ``name`` is also its file name."""

    name: str
    nodes: list[Node]
    groups: list[Group]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
