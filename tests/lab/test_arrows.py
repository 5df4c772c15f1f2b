"""The rooms of the lab import one way: demo, benchmarks, training stand on models, metrics, data; these on world, host."""

from __future__ import annotations

import ast

import pytest

from lab.host.paths import ROOT

GROUND = {"host", "world"}
MAY_IMPORT = {
    "host": set(),
    "world": set(),
    "graphs": {"host"},
    "data": GROUND,
    "metrics": GROUND | {"data"},
    "models": GROUND | {"data", "metrics"},
    "training": GROUND | {"data", "metrics", "models"},
    "benchmarks": GROUND | {"graphs", "data", "metrics", "models"},
    "demo": GROUND | {"graphs", "data", "metrics", "models"},
}
SETS_UP = {"install.py"}
"""Set-up fetches the footage, whose catalogue is data."""


@pytest.mark.parametrize("room", sorted(MAY_IMPORT))
def test_a_room_of_the_lab_imports_only_those_below_it(room):
    wrong = set()
    for path in (ROOT / "lab" / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            rooms = {name.split(".")[1] for name in named if name.startswith("lab.") and name.count(".")}
            if path.name not in SETS_UP:
                wrong |= {f"{path.name}: {other}" for other in rooms - MAY_IMPORT[room] - {room}}
    assert not wrong


def test_every_room_of_the_lab_is_listed():
    assert {path.parent.name for path in (ROOT / "lab").glob("*/__init__.py")} == set(MAY_IMPORT)
