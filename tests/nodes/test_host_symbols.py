"""Every name of the host that this repository uses is there, and every call of one fits its signature.

Read from the source, not run: so a host that moved something is named by file, line and name in a second, before any sampling.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("nodes", "training", "benchmarks", "hosting")
HOST = {"comfy", "comfy_api", "comfy_extras", "folder_paths", "latent_preview", "node_helpers"}


def names_of(tree: ast.Module) -> dict[str, list[str]]:
    """Local names that stand for something of the host, as dotted paths: ``{"io": ["comfy_api", "latest", "io"], ...}``."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                path = alias.name.split(".")
                names.update({alias.asname: path} if alias.asname else {path[0]: path[:1]})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({alias.asname or alias.name: [*node.module.split("."), alias.name] for alias in node.names})
    return {name: path for name, path in names.items() if path[0] in HOST}


def dotted(node: ast.AST, names: dict[str, list[str]]) -> list[str] | None:
    """The path of a name or a chain of attributes that begins with one of ``names``."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    inner = dotted(node.value, names) if isinstance(node, ast.Attribute) else None
    return inner and [*inner, node.attr]


def resolve(path: list[str]) -> Any:
    """The object at a dotted path; raises AttributeError or ImportError where there is none."""
    found: Any = importlib.import_module(path[0])
    for place, name in enumerate(path[1:], start=2):
        if not hasattr(found, name) and inspect.ismodule(found):
            importlib.import_module(".".join(path[:place]))
        found = getattr(found, name)
    return found


def misfit(call: ast.Call, function: Any) -> str:
    """Why the call does not fit the function's signature; empty where it does or where that cannot be known."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    given = [None for argument in call.args if not isinstance(argument, ast.Starred)]
    try:
        signature.bind_partial(*given, **{word.arg: None for word in call.keywords if word.arg})
    except TypeError as problem:
        return str(problem)
    return ""


def faults(source: str, file: str) -> Iterator[str]:
    """``file:line: name: why`` for every name that the host lacks and every call that it would not take."""
    tree = ast.parse(source, file)
    names = names_of(tree)
    for node in ast.walk(tree):
        called = isinstance(node, ast.Call)
        path = dotted(node.func if called else node, names)
        if not path:
            continue
        problem = ""
        try:
            found = resolve(path)
            problem = misfit(node, found) if called and callable(found) else ""
        except (AttributeError, ImportError) as missing:
            problem = "" if called else str(missing)  # said once, of the name itself
        if problem:
            yield f"{file}:{node.lineno}: {'.'.join(path)}{'()' * called}: {problem}"


def test_the_host_has_every_name_and_takes_every_call(pack):
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))
    found = [fault for path in files for fault in faults(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))]
    assert not found, "\n".join(found)


def test_what_is_missing_or_does_not_fit_is_named(pack):
    source = """
import comfy.utils
from comfy_api.latest import io
comfy.utils.no_such_thing
comfy.utils.ProgressBar(1, node_id=2)
comfy.utils.ProgressBar(1, colour="red")
io.Combo.Input("name", options=[])
io.Combo.Entrance("name")
"""
    missing, misfitting, chained = faults(source, "file.py")
    assert missing.startswith("file.py:4: comfy.utils.no_such_thing:")
    assert misfitting.startswith("file.py:6: comfy.utils.ProgressBar():") and "colour" in misfitting
    assert chained.startswith("file.py:8: comfy_api.latest.io.Combo.Entrance:")
