"""How the shipped workflows are wired, read from their API form."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from inversecrafter_client import Workflow
from inversecrafter_client.workflows import FOLDER, names
from lab.graphs.compose import OTHER_FAMILIES
from lab.graphs.spec import BYPASSED, COLOURS, NORMAL
from lab.host import graph

NAMES = [name for name in names() if "/" not in name]
WAN = [name for name in NAMES if name not in OTHER_FAMILIES]
"""Workflows that run on the embedded models, which are Wan's."""
UNMEASURED = ["restoration", "scene_latents"]
"""Workflows without a latent measurement: no masked video, no known pixels, no conditioning of a checkpoint that completes."""
MEASURED = [name for name in NAMES if name not in UNMEASURED]
TITLE = 30
STOCK = {
    "LoadVideo": "Load Video",
    "UNETLoader": "Load Diffusion Model",
    "VAELoader": "Load VAE",
    "CheckpointLoaderSimple": "Load Checkpoint",
    "CLIPLoader": "Load CLIP",
    "CLIPVisionLoader": "Load CLIP Vision",
}
"""The page's own titles of the nodes that notes name; a file holds only titles that differ."""
TAKE_A_PATH = ("InverseCrafterEncodeMeasurement", "InverseCrafterInpaintConditioning")


def page(name: str) -> dict[str, Any]:
    """The form that the page loads."""
    return json.loads((FOLDER.parent / f"{name}.json").read_text(encoding="utf-8"))


def classes(name: str) -> dict[str, str]:
    return {key: node["class_type"] for key, node in Workflow.named(name).json.items()}


@pytest.mark.parametrize("name", [name for name in NAMES if "InverseCrafterWarpVideo" in classes(name).values()])
def test_what_is_asked_where_the_path_starts_gets_the_path_of_the_warp(name):
    prompt = Workflow.named(name).json
    warp = prompt[graph.find(prompt, "InverseCrafterWarpVideo")]["inputs"]
    for kind in TAKE_A_PATH if name in WAN else TAKE_A_PATH[:1]:
        inputs = prompt[graph.find(prompt, kind)]["inputs"]
        assert inputs["camera_path"] == warp["camera_path"] and inputs["source"] == warp["video"], kind


@pytest.mark.parametrize("name", MEASURED)
def test_every_masked_video_is_infilled_before_it_is_encoded(name):
    prompt = Workflow.named(name).json
    measure = prompt[graph.find(prompt, "InverseCrafterEncodeMeasurement")]["inputs"]
    origin = prompt[measure["video"][0]]
    infilling = ("FillHoles", "WarpFromEnds", "PropagateEdit")
    assert origin["class_type"].removeprefix("InverseCrafter") in infilling
    if origin["class_type"].endswith("FillHoles"):
        assert origin["inputs"]["holes"] == measure["holes"], "the very holes of the measurement"


def test_what_no_first_frame_tells_gets_the_whole_video():
    given = {}
    for name in [name for name in WAN if name in MEASURED]:
        prompt = Workflow.named(name).json
        given[name] = prompt[graph.find(prompt, "InverseCrafterInpaintConditioning")]["inputs"]["condition_on"]
    assert {name for name, what in given.items() if what == "whole_video"} == {"interpolation", "editing"}


def test_restoration_gets_the_degraded_clip_and_the_very_operator_that_degraded_it():
    prompt = Workflow.named("restoration").json
    restore = prompt[graph.find(prompt, "InverseCrafterRestoreVideo")]["inputs"]
    degrade = graph.find(prompt, "InverseCrafterDegradeVideo")
    assert (restore["video"], restore["operator"]) == ([degrade, 0], [degrade, 1])


def test_text_guided_editing_hides_the_outline_and_its_edge():
    prompt = Workflow.named("editing").json
    track = prompt[graph.find(prompt, "InverseCrafterTrackMask")]["inputs"]
    assert (track["shape"], track["grow"]) == ("outline", 2)


@pytest.mark.parametrize("name", [name for name in WAN if name in MEASURED])
def test_the_page_offers_image_tokens_that_only_checkpoints_with_an_image_need(name):
    modes = {node["type"]: node["mode"] for node in page(name)["nodes"]}
    assert modes["CLIPVisionLoader"] == modes["CLIPVisionEncode"] == BYPASSED
    assert "CLIPVisionEncode" not in classes(name).values()


@pytest.mark.parametrize("name", WAN)
def test_a_script_finds_the_text_encoder_of_the_real_wan_and_nothing_runs_it_unasked(name):
    prompt = Workflow.named(name).json
    encoder = graph.find(prompt, "CLIPLoader")
    linked = [value[0] for node in prompt.values() for value in node["inputs"].values() if isinstance(value, list)]
    assert prompt[encoder]["inputs"]["type"] == "wan" and encoder not in linked


@pytest.mark.parametrize("name", NAMES)
def test_the_note_calls_nodes_and_groups_by_the_titles_they_bear(name):
    shown = page(name)
    titles = {node.get("title", STOCK.get(node["type"])) for node in shown["nodes"]} | {
        group["title"] for group in shown["groups"]
    }
    (note,) = (node["widgets_values"][0] for node in shown["nodes"] if node["type"] == "MarkdownNote")
    meant = {words for words in re.findall(r"\*\*([^*]+)\*\*", note) if words[-1] not in ".:"}
    assert meant and meant <= titles, meant - titles


def test_groups_of_one_meaning_have_one_colour_in_every_workflow():
    colours: dict[str, set[str]] = {}
    for name in NAMES:
        for group in page(name)["groups"]:
            colours.setdefault(group["title"].partition("· ")[2] or group["title"], set()).add(group["color"])
    assert all(len(found) == 1 for found in colours.values()), colours
    assert set.union(*colours.values()) == set(COLOURS.values())


def test_every_workflow_has_the_defaults_of_the_others():
    sizes, lengths, shifts, seams = set(), set(), set(), set()
    for name in WAN:
        for node in Workflow.named(name).json.values():
            given = node["inputs"]
            sizes |= {(given["width"], given["height"])} if node["class_type"] == "InverseCrafterPrepareFootage" else set()
            lengths |= {given["frames"]} - {1} if "frames" in given else set()  # a picture is one frame
            shifts |= {given["shift"]} if "shift" in given else set()
            seams |= {given["seam"]} if "seam" in given else set()
    assert [len(found) for found in (sizes, lengths, shifts, seams)] == [1, 1, 1, 1], (sizes, lengths, shifts, seams)


@pytest.mark.parametrize("name", MEASURED)
def test_known_pixels_are_a_step_of_every_workflow_that_hands_its_input_on_when_bypassed(name):
    keep = next(node for node in page(name)["nodes"] if node["type"] == "InverseCrafterKeepKnownPixels")
    assert keep["mode"] == NORMAL
    assert keep["inputs"][0]["name"] == "video", "bypass takes the first input of the output's type"


@pytest.mark.parametrize("name", NAMES)
def test_nodes_do_not_overlap(name):
    boxes = [(node["id"], *node["pos"], *node["size"]) for node in page(name)["nodes"]]
    for (one, x, y, width, height), (two, left, top, wide, high) in itertools.combinations(boxes, 2):
        apart = x + width <= left or left + wide <= x or y + height + TITLE <= top or top + high + TITLE <= y
        assert apart, f"{one} and {two}"
