"""Write ``workflows/api/<name>.inputs.json``: the names by which scripts reach the inputs of a workflow.

``python -m lab.graphs.inputs`` writes them all from ``parts.yaml`` and the API forms, without a host. The page numbers nodes in
the order of the written form.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .read import Values, load, workflow_of
from .spec import Workflow

API = Path(__file__).resolve().parents[2] / "workflows" / "api"


def inputs_of(name: str) -> Values:
    """Return the map of a workflow: its inputs and results by name.

    Raises:
        ValueError: the file was composed from another written form.
    """
    workflow, shared = workflow_of(name), load("parts")
    nodes: Values = json.loads((API / f"{name}.json").read_text(encoding="utf-8"))
    ids = {node.key: str(number) for number, node in enumerate(workflow.nodes, 1)}
    other = [
        node.key for node in workflow.nodes if nodes.get(ids[node.key], {"class_type": node.type})["class_type"] != node.type
    ]
    if other:
        raise ValueError(f"{name}: {', '.join(other)} have other numbers in the API form; compose it")
    inputs = {key: entry for key, one in shared["inputs"].items() if (entry := _entry(one, workflow, ids, nodes))}
    return {"inputs": inputs, "results": {key: ids[node] for key, node in shared["results"].items() if ids.get(node) in nodes}}


def _entry(written: Values, workflow: Workflow, ids: dict[str, str], nodes: Values) -> Values | None:
    """Return an input's entry, or None where the workflow has none of its widgets."""
    targets = [target.partition(".") for target in written["targets"]]
    found = [
        (key, ids[key], name)
        for key, _, name in targets
        if key in ids and not isinstance(nodes.get(ids[key], {"inputs": {}})["inputs"].get(name, []), list)
    ]
    if not found:
        return None
    entry: dict[str, Any] = {"targets": [f"{node}.{name}" for _, node, name in found], "about": written["about"]}
    if "file" in written:
        entry["upload"] = True
    connect = {target: link for key, _, _ in found for target, link in _left_out(key, workflow, ids, nodes).items()}
    return entry | ({"connect": connect} if connect else {})


def _left_out(key: str, workflow: Workflow, ids: dict[str, str], nodes: Values) -> dict[str, list[Any]]:
    """Return the links from a node that the API form has without them, as a text encoder that only the real Wan needs."""
    node = nodes[ids[key]]
    if any(value[:1] == [ids[key]] for one in nodes.values() for value in one["inputs"].values() if isinstance(value, list)):
        return {}
    outputs = {"CLIPLoader": ["CLIP"]}.get(node["class_type"], [])
    return {
        f"{ids[taker.key]}.{name}": [ids[key], outputs.index(output)]
        for taker in workflow.nodes
        for name, (origin, output) in taker.links.items()
        if origin == key and output in outputs and ids[taker.key] in nodes
    }


def write(name: str) -> None:
    """Write the map beside the API form."""
    text = json.dumps(inputs_of(name), indent=1) + "\n"
    (API / f"{name}.inputs.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Write the maps of all workflows."""
    for path in API.rglob("*.json"):
        if not path.name.endswith(".inputs.json"):
            write(path.relative_to(API).with_suffix("").as_posix())


if __name__ == "__main__":
    main()
