"""The shipped blueprints are the workflows they are of: the nodes, what they are set to, and the names of their inputs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.graphs.blueprints import FOLDER, OWN, blueprint_of
from lab.graphs.compose import GRAPHS, OTHER_FAMILIES, ROOT
from lab.graphs.read import load

WRITTEN = load("blueprints")["blueprints"]
MOST_INPUTS = 18


def shipped(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def definition(name: str) -> dict[str, Any]:
    (found,) = shipped(name)["definitions"]["subgraphs"]
    return found


def test_one_is_shipped_for_every_job_that_runs_on_the_embedded_models():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(WRITTEN)
    assert {entry["of"] for entry in WRITTEN.values()} == set(GRAPHS) - {*OTHER_FAMILIES, "two_experts"}


@pytest.mark.parametrize("name", WRITTEN)
def test_inside_are_the_nodes_of_the_workflow_with_its_links(name):
    blueprint, inside = blueprint_of(name), definition(name)
    nodes = {number: node for number, node in enumerate(blueprint.graph.nodes, 1) if number not in blueprint.outside}
    assert {node["id"]: node["type"] for node in inside["nodes"]} == {number: node.type for number, node in nodes.items()}
    numbers = {node.key: number for number, node in enumerate(blueprint.graph.nodes, 1)}
    links = {link["id"]: link for link in inside["links"]}
    for node in inside["nodes"]:
        found = {slot["name"]: links[slot["link"]]["origin_id"] for slot in node["inputs"] if slot.get("link") in links}
        wanted = {
            slot: numbers[origin]
            for slot, (origin, _) in nodes[node["id"]].links.items()
            if numbers[origin] not in blueprint.outside
        }
        assert {slot: origin for slot, origin in found.items() if origin > 0} == wanted, node["type"]


@pytest.mark.parametrize("name", WRITTEN)
def test_its_inputs_have_the_names_that_scripts_use_and_the_values_of_the_workflow(name):
    blueprint, inside = blueprint_of(name), definition(name)
    (node,) = shipped(name)["nodes"]
    sockets = list(dict.fromkeys(socket for socket, *_ in blueprint.sockets))
    widgets = list(dict.fromkeys(label for label, *_ in blueprint.widgets))
    assert {slot["name"] for slot in inside["inputs"]} == {*sockets, *widgets} and len(inside["inputs"]) <= MOST_INPUTS
    assert node["properties"]["proxyWidgets"] == [[OWN, label] for label in widgets] and node["title"] == name
    api = json.loads((ROOT / "workflows" / "api" / f"{WRITTEN[name]['of']}.json").read_text(encoding="utf-8"))
    names = json.loads((ROOT / "workflows" / "api" / f"{WRITTEN[name]['of']}.inputs.json").read_text(encoding="utf-8"))
    for label, value in zip(widgets, node["widgets_values"], strict=True):
        number, _, widget = names["inputs"][label]["targets"][0].partition(".")
        assert value == api[number]["inputs"][widget], label


@pytest.mark.parametrize("name", WRITTEN)
def test_it_gives_one_video_and_says_what_it_does(name):
    inside = definition(name)
    assert [slot["type"] for slot in inside["outputs"]] == ["VIDEO"]
    assert inside["description"] == WRITTEN[name]["about"] and inside["category"] == "InverseCrafter"


def test_a_newcomer_sees_a_note_a_file_in_the_blueprint_and_a_file_out():
    starter = json.loads((ROOT / "workflows" / "start_here.json").read_text(encoding="utf-8"))
    titles = [node.get("title", node["type"]) for node in starter["nodes"]]
    assert len(titles) <= 5 and {"LoadVideo", "SaveVideo", "Recapture"} <= set(titles)
    inside = starter["definitions"]["subgraphs"][0]
    assert inside["nodes"] == definition("Recapture")["nodes"] and inside["inputs"] == definition("Recapture")["inputs"]
