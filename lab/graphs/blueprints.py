"""Write ``subgraphs/*.json``, each workflow as one node, and the starter template, by building them in the real page.

``python -m lab.graphs.blueprints`` reads ``blueprints.yaml``. A blueprint is the workflow that it is of: files in and out stay
outside, pictures for looking and bypassed nodes are left out, and inputs that those fed become sockets of the node. The widgets
on the node are those that scripts reach by the same names.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import uuid
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from typing import Any

from lab.host.page import open_page
from lab.host.server import running_host

from .compose import ROOT
from .inputs import inputs_of
from .read import Values, load, workflow_of
from .spec import BYPASSED, Column, Workflow

FOLDER = ROOT / "subgraphs"
OWN = "-1"
"""The page's mark of a widget that belongs to an input of the subgraph."""
log = logging.getLogger(__name__)
Place = tuple[str, int, str]
"""Name of an input of the blueprint, number of the node inside, name of that node's input or widget."""


@dataclass(frozen=True)
class Blueprint:
    """A workflow as one node.

    Attributes:
        name: title of the node and name of the file.
        about: a sentence on it.
        graph: the workflow without what is left out.
        outside: numbers of the nodes that stay outside.
        sockets: inputs from outside, and those that left-out nodes fed.
        widgets: inputs with widgets.
        starter: name of the template in which it stands, if any.
    """

    name: str
    about: str
    graph: Workflow
    outside: list[int]
    sockets: list[Place]
    widgets: list[Place]
    starter: str | None


def blueprint_of(name: str) -> Blueprint:
    """Return the blueprint ``name`` of ``blueprints.yaml``."""
    written, inputs = load("blueprints"), load("parts")["inputs"]
    own = written["blueprints"][name]
    whole = workflow_of(own["of"])
    gone = {node.key for node in whole.nodes if node.type in written["shown"] or node.mode == BYPASSED}
    columns = [_without(column, gone) for column in whole.columns]
    graph = replace(whole, columns=[column for column in columns if column.nodes])
    numbers = {node.key: number for number, node in enumerate(graph.nodes, 1)}
    outside = {node.key for node in graph.nodes if node.type in written["outside"]}
    names = {target.partition(".")[0]: label for label, entry in inputs.items() for target in entry["targets"]}
    sockets, widgets = [], []
    for node in whole.nodes:
        if node.key in gone | outside:
            continue
        for slot, (origin, _) in node.links.items():
            if origin in gone | outside:
                sockets.append((names[origin] if origin in outside else slot, numbers[node.key], slot))
    keys, known = {str(number): node.key for number, node in enumerate(whole.nodes, 1)}, inputs_of(own["of"])["inputs"]
    # A path that is given the clip takes its length from there.
    unused = {(node.key, "frames") for node in whole.nodes if node.type == "InverseCrafterCameraPath" and "video" in node.links}
    for label in own["inputs"]:
        places = [target.partition(".") for target in known[label]["targets"]]
        widgets += [(label, numbers[keys[node]], widget) for node, _, widget in places if (keys[node], widget) not in unused]
    return Blueprint(name, own["about"], graph, [numbers[key] for key in outside], sockets, widgets, own.get("starter"))


def _without(column: Column, gone: set[str]) -> Column:
    """Return a column without some nodes, and without links to them."""
    kept = [node for node in column.nodes if node.key not in gone]
    links = [{slot: link for slot, link in node.links.items() if link[0] not in gone} for node in kept]
    return replace(column, nodes=[replace(node, links=own) for node, own in zip(kept, links, strict=True)])


def build(page: Any, blueprint: Blueprint) -> tuple[Values, Values]:
    """Build a blueprint on the page's canvas; return its file, and the graph in which it stands between files."""
    folder = Path(__file__).parent
    page.evaluate((folder / "compose.js").read_text(), blueprint.graph.as_json())
    order = {
        "name": blueprint.name,
        "outside": blueprint.outside,
        "sockets": blueprint.sockets,
        "widgets": blueprint.widgets,
        "note": Template(load("blueprints")["starter_note"]).substitute(load("parts")["notes"]),
    }
    made = json.loads(_named(page.evaluate((folder / "blueprint.js").read_text(), order), blueprint.name))
    starter = made["starter"]
    _rounded(starter["nodes"])
    definition = starter["definitions"]["subgraphs"][0]
    definition["description"], definition["category"] = blueprint.about, "InverseCrafter"
    _rounded(definition["nodes"])
    placed = next(one for one in starter["nodes"] if one["id"] == made["id"])
    # The page puts seeds on the node by itself; ours is there under its name already.
    placed["properties"]["proxyWidgets"] = [one for one in placed["properties"]["proxyWidgets"] if one[0] == OWN]
    node = deepcopy(placed)
    node["pos"] = [0, 0]
    for slot in node["inputs"]:
        slot["link"] = None
    for slot in node["outputs"]:
        slot["links"] = []
    alone = {**starter, "nodes": [node], "links": [], "groups": [], "last_node_id": node["id"], "extra": {}}
    return alone, starter


def _named(text: str, name: str) -> str:
    """Return the page's JSON with ids that follow from a blueprint's name, in place of random ones, so that changes show."""
    found = list(dict.fromkeys(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)))
    for number, one in enumerate(found):
        text = text.replace(one, str(uuid.uuid5(uuid.NAMESPACE_URL, f"inversecrafter/{name}/{number}")))
    return text


def _rounded(nodes: list[Values]) -> None:
    for node in nodes:
        node["pos"], node["size"] = [round(v) for v in node["pos"]], [round(v) for v in node["size"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(load("blueprints")["blueprints"]))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    FOLDER.mkdir(exist_ok=True)
    with running_host() as client:
        for name in arguments.names:
            with open_page(client.url, 2800, 1600) as page:
                blueprint = blueprint_of(name)
                alone, starter = build(page, blueprint)
            files = {FOLDER / f"{name}.json": alone}
            if blueprint.starter:
                files[ROOT / "workflows" / f"{blueprint.starter}.json"] = starter
            for path, content in files.items():
                path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
                log.info("wrote %s", path.relative_to(ROOT))


if __name__ == "__main__":
    main()
