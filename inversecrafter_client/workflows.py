"""Workflows in the server's API form, with named inputs: ``Workflow.named("recapture").set("path", "arc_left")``.

Beside every shipped ``NAME.json`` stands ``NAME.inputs.json``::

    {"inputs": {"video": {"targets": ["1.file"], "upload": true, "about": "the clip"}, "seed": {"targets": ["26.seed"], …}, …},
     "results": {"video": "31"}}

a name to the node inputs that take its value, and a name to the node that saves a file. No script has to know a node's number.
``connect`` has links to make when the input is set: the text encoder, which only the real Wan needs, is linked once named.
Inputs without a name are reached as ``node.input``, where ``node`` is an id, a title or a class that only one node has.
"""

from __future__ import annotations

import json
import math
import uuid
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import InvalidOverride, InvalidWorkflow, UnknownOverride, UnknownWorkflow, nearest
from .files import content_name, require_file

Graph = dict[str, dict[str, Any]]
Target = tuple[str, str]
ON_SERVER = "server:"
"""Prefix of the name of a file that is in the server's input folder already."""
UNSET = "choose_"
"""Beginning of the file names that the shipped workflows have where a file is to be given."""
UPLOADS = "inversecrafter"
"""Folder of uploads in the server's input folder."""
RESERVED = {"out", "workflow", "server", "rename", "result", "set", "help"}
"""Names that are options of every run, or columns of every table."""
SWITCHES = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
NAMESPACE = uuid.UUID("6d6f6d0c-6f0a-5c52-9d4e-0f7b7a2f1c11")
HERE = Path(__file__).resolve().parent
FOLDER = HERE / "data" if (HERE / "data").is_dir() else HERE.parent / "workflows" / "api"
"""The shipped workflows: installed with the package, or in the pack's own folder."""


@dataclass(frozen=True)
class Input:
    """A named input.

    Attributes:
        targets: the node inputs that take its value.
        about: what it is, in a few words.
        upload: it is a file, to be uploaded.
        connect: links to make when it is set, by the input that takes them.
    """

    targets: tuple[Target, ...]
    about: str = ""
    upload: bool = False
    connect: tuple[tuple[Target, list[Any]], ...] = ()


@dataclass
class Workflow:
    """A graph in API form with its named inputs and results.

    Attributes:
        json: the graph; free to change. A ``Path`` as a value is a file of this machine, uploaded when the job is sent.
        inputs: by name.
        results: id of the node that saves a result, by name.
    """

    json: Graph
    name: str = "workflow"
    inputs: dict[str, Input] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)

    @classmethod
    def named(cls, name: str) -> Workflow:
        """Return a shipped workflow, or the one in a file whose path is given; UnknownWorkflow names the nearest."""
        if name.endswith(".json"):
            return cls.from_file(name)
        if name not in names():
            raise UnknownWorkflow(name, "no such workflow", f"{nearest(name, names())} Or give the path of a file in API form.")
        return cls.from_file(FOLDER / f"{name}.json")

    @classmethod
    def from_file(cls, path: Path | str) -> Workflow:
        """Return the workflow of a file in API form ("Export (API)"), with the map beside it where there is one."""
        path = Path(path)
        try:
            graph = json.loads(path.read_text(encoding="utf-8"))
        except OSError as problem:
            raise UnknownWorkflow(
                str(path), f"cannot be read ({problem.strerror})", "Give the path of a file in API form."
            ) from None
        except ValueError as problem:
            raise InvalidWorkflow(str(path), f"no JSON ({problem})", "Export it again, or restore the file.") from None
        beside = path.with_suffix(".inputs.json")
        named = _read_map(beside) if beside.is_file() else {}
        name = path.relative_to(FOLDER).with_suffix("").as_posix() if path.is_relative_to(FOLDER) else path.stem
        return cls.from_json(graph, name, named)

    @classmethod
    def from_json(cls, graph: Graph, name: str = "workflow", named: dict[str, Any] | None = None) -> Workflow:
        """Return the workflow of a graph in API form, which is not copied."""
        entries = graph.values() if isinstance(graph, dict) else []
        if not entries or not all(isinstance(entry, dict) and {"class_type", "inputs"} <= set(entry) for entry in entries):
            kind = "the form of the page" if isinstance(graph, dict) and "nodes" in graph else "not the API form"
            raise InvalidWorkflow(name, kind, "Save it with 'Export (API)' in ComfyUI's menu.")
        named = named or {}
        inputs = {key: _input(f"{name}.inputs.json, {key}", entry) for key, entry in named.get("inputs", {}).items()}
        _require_map(f"{name}.inputs.json", graph, inputs, named.get("results", {}))
        return cls(graph, name, inputs, dict(named.get("results", {})) or _saving(graph))

    def set(self, name: str, value: Any) -> Workflow:
        """Set a named input, ``size`` as ``"WIDTHxHEIGHT"``, or ``node.input``; return the workflow.

        Raises:
            UnknownOverride: no such input; the nearest are named.
            InvalidOverride: a value of another type, or a file that is not there.
        """
        if name == "size" and {"width", "height"} <= set(self.inputs):
            width, height = _sides(value)
            return self.set("width", width).set("height", height)
        known = self.inputs.get(name)
        for node, key in known.targets if known else self._addressed(name):
            given = self.json[node]["inputs"].get(key)
            self.json[node]["inputs"][key] = _file(name, value) if known and known.upload else _typed(name, value, given)
        for (node, key), link in known.connect if known else ():
            self.json[node]["inputs"][key] = link
        return self

    def set_input(self, node_id: str, name: str, value: Any) -> None:
        """Set an input of a node by the node's id; KeyError for one that it has not, which the server would ignore silently."""
        inputs = self.json[node_id]["inputs"]
        if name not in inputs:
            raise KeyError(f"{self.json[node_id]['class_type']} has no input {name}: {sorted(inputs)}")
        inputs[name] = value

    def get(self, name: str) -> Any:
        """Return the value of a named input."""
        if name not in self.inputs:
            raise UnknownOverride(name, f"no input of {self.name}", nearest(name, self.inputs))
        node, key = self.inputs[name].targets[0]
        return self.json[node]["inputs"][key]

    def result_node(self, name: str | None = None) -> str:
        """Return the id of the node that saves a result, by default the first one."""
        if not self.results:
            raise InvalidWorkflow(self.name, "no node saves a file", "Add a Save Video or Save Image node.")
        name = name or next(iter(self.results))
        if name not in self.results:
            raise UnknownOverride(name, f"no result of {self.name}", nearest(name, self.results))
        return self.results[name]

    def other_results(self, name: str | None = None) -> list[str]:
        """Return the names of the results beside one, by default the first."""
        return [key for key, node in self.results.items() if node != self.result_node(name)]

    def only(self, *nodes: str) -> Workflow:
        """Return a workflow of what these nodes need, and nothing else: no previews, no metrics."""
        needed, pending = set[str](), list(nodes)
        while pending:
            key = pending.pop()
            if key not in needed and key in self.json:  # a server names a link to nowhere
                needed.add(key)
                pending += [value[0] for value in self.json[key]["inputs"].values() if is_link(value)]
        graph = {key: deepcopy(node) for key, node in self.json.items() if key in needed}
        kept = {name: one for name, one in self.inputs.items() if all(node in needed for node, _ in one.targets)}
        return Workflow(graph, self.name, kept, {name: node for name, node in self.results.items() if node in needed})

    def require_files(self) -> None:
        """Raise InvalidOverride for a file that the workflow needs and nobody gave."""
        for name, one in self.inputs.items():
            node, key = one.targets[0]
            given = self.json[node]["inputs"][key]
            if one.upload and isinstance(given, str) and given.startswith(UNSET):
                raise InvalidOverride(name, f"not given, and {self.name} needs it", f"Give {name}: the path of a file.")

    def files(self) -> dict[str, Path]:
        """Return the files of this machine that the graph names, by their names on the server."""
        values = [value for node in self.json.values() for value in node["inputs"].values()]
        return {f"{UPLOADS}/{content_name(value)}": value for value in values if isinstance(value, Path)}

    def prompt(self) -> Graph:
        """Return the graph as it is sent: files by their names on the server, which are made of their content."""
        graph = deepcopy(self.json)
        for node in graph.values():
            named = {
                key: f"{UPLOADS}/{content_name(value)}" for key, value in node["inputs"].items() if isinstance(value, Path)
            }
            node["inputs"] |= named
        return graph

    def content_id(self) -> str:
        """Return a UUID made of graph, values and files: the same job has the same one on every machine and every day."""
        plain = {key: {"class_type": node["class_type"], "inputs": node["inputs"]} for key, node in self.prompt().items()}
        return str(uuid.uuid5(NAMESPACE, json.dumps(plain, sort_keys=True, separators=(",", ":"))))

    def _addressed(self, name: str) -> list[Target]:
        """Return the one target that ``node.input`` means."""
        place, dot, key = name.rpartition(".")
        found = [
            node
            for node, entry in self.json.items()
            if place in (node, entry["class_type"], entry.get("_meta", {}).get("title")) and key in entry["inputs"]
        ]
        if not dot or not found:
            names = [*self.inputs, "size"] if "width" in self.inputs else list(self.inputs)
            raise UnknownOverride(
                name, f"no input of {self.name}", f"{nearest(name, names)} Or NODE.INPUT with a node's title."
            )
        if len(found) > 1:
            raise UnknownOverride(name, f"{len(found)} nodes of {self.name}", f"Take a node's id: {', '.join(found)}.")
        return [(found[0], key)]


def names() -> list[str]:
    """Return the names of the shipped workflows, the examples last."""
    found = [path for path in FOLDER.rglob("*.json") if not path.name.endswith(".inputs.json")]
    return sorted((path.relative_to(FOLDER).with_suffix("").as_posix() for path in found), key=lambda name: ("/" in name, name))


def is_link(value: Any) -> bool:
    """Return whether an input's value is a link, ``[node id, output]``."""
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)


def _read_map(path: Path) -> dict[str, Any]:
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidWorkflow(str(path), f"no JSON ({problem})", "Correct the map, or remove it.") from None
    if not isinstance(named, dict):
        raise InvalidWorkflow(str(path), "no map", 'Write {"inputs": {NAME: {"targets": ["NODE.INPUT"]}}}.')
    return named


def _require_map(label: str, graph: Graph, inputs: dict[str, Input], results: dict[str, str]) -> None:
    """Raise InvalidWorkflow unless every name is free and every target and result is there."""
    gone: list[str] = []
    for name, one in inputs.items():
        if name in RESERVED:
            raise InvalidWorkflow(label, f"{name}: a name that every run has", "Give the input another name.")
        gone += [f"{name}: {node}.{key}" for node, key in one.targets if key not in graph.get(node, {}).get("inputs", {})]
        gone += [f"{name}: {node}.{key}" for (node, key), _ in one.connect if node not in graph]
    gone += [f"{name}: node {node}" for name, node in results.items() if node not in graph]
    if gone:
        raise InvalidWorkflow(label, f"{gone[0]}, which the workflow has not", "Correct the map: nodes were changed.")


def _input(label: str, entry: Any) -> Input:
    if not isinstance(entry, dict) or not entry.get("targets"):
        raise InvalidWorkflow(label, "no 'targets'", 'Write {"targets": ["NODE.INPUT"], "about": "..."}.')
    targets = tuple(_target(text) for text in entry["targets"])
    connect = tuple((_target(text), link) for text, link in entry.get("connect", {}).items())
    return Input(targets, entry.get("about", ""), entry.get("upload", False), connect)


def _target(text: str) -> Target:
    node, _, key = text.partition(".")
    return node, key


def _saving(graph: Graph) -> dict[str, str]:
    """Return the nodes of a graph without a map that save a video or pictures."""
    saving = [
        key for key, node in graph.items() if node["class_type"] in ("SaveVideo", "SaveImage", "SaveWEBM", "SaveAnimatedWEBP")
    ]
    return {("result" if number == 0 else f"result_{number + 1}"): key for number, key in enumerate(saving)}


def _sides(value: Any) -> tuple[int, int]:
    width, _, height = str(value).lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise InvalidOverride("size", f"'{value}'", "Give WIDTHxHEIGHT, e.g. 832x480.")
    return int(width), int(height)


def _file(name: str, value: Any) -> Path | str:
    if isinstance(value, str) and value.startswith(ON_SERVER):
        return value.removeprefix(ON_SERVER)
    return require_file(name, Path(value).expanduser().resolve())


def _typed(name: str, value: Any, given: Any) -> Any:
    """Return a value in the type of the one that is there now; texts, as from a command line or a table, are read."""
    kind = type(given)
    if is_link(given) or given is None or (kind not in (bool, int, float) and isinstance(value, kind)):
        return value
    text = str(value).strip().lower()
    if kind is bool and text in SWITCHES:
        return SWITCHES[text]
    if kind in (int, float) and not isinstance(value, bool):
        # The page writes 1.0 as 1: a whole number there does not say that the input takes no other.
        try:
            return int(text)  # as it is: a seed has more digits than a float keeps
        except ValueError:
            number = _float(text)
        if math.isfinite(number):
            return int(number) if number.is_integer() else number
    words = {bool: "true or false", int: "a number", float: "a number", str: "a text"}
    raise InvalidOverride(name, f"{value!r}", f"Give {words.get(kind, 'a value of the same kind as ' + repr(given))}.")


def _float(text: str) -> float:
    """Return the number that a text spells, NaN for none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
