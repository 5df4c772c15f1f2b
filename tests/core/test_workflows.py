"""How the shipped workflows are wired, read from their API form."""

from __future__ import annotations

import json

import pytest

from lab.demo import graph
from lab.graphs.spec import BYPASSED

NAMES = sorted(path.stem for path in graph.WORKFLOWS.glob("*.json"))
TAKE_A_PATH = ("InverseCrafterEncodeMeasurement", "InverseCrafterInpaintConditioning")


def classes(name: str) -> dict[str, str]:
    return {key: node["class_type"] for key, node in graph.load(name).items()}


@pytest.mark.parametrize("name", [name for name in NAMES if "InverseCrafterWarpVideo" in classes(name).values()])
def test_what_is_asked_where_the_path_starts_gets_the_path_of_the_warp(name):
    prompt = graph.load(name)
    warp = prompt[graph.find(prompt, "InverseCrafterWarpVideo")]["inputs"]
    for kind in TAKE_A_PATH:
        inputs = prompt[graph.find(prompt, kind)]["inputs"]
        assert inputs["camera_path"] == warp["camera_path"] and inputs["source"] == warp["video"], kind


@pytest.mark.parametrize("name", NAMES)
def test_every_masked_video_is_infilled_before_it_is_encoded(name):
    prompt = graph.load(name)
    measure = prompt[graph.find(prompt, "InverseCrafterEncodeMeasurement")]["inputs"]
    origin = prompt[measure["video"][0]]
    infilling = ("FillHoles", "WarpFromEnds", "PropagateEdit")
    assert origin["class_type"].removeprefix("InverseCrafter") in infilling
    if origin["class_type"].endswith("FillHoles"):
        assert origin["inputs"]["holes"] == measure["holes"], "the very holes of the measurement"


def test_what_no_first_frame_tells_gets_the_whole_video():
    given = {}
    for name in NAMES:
        prompt = graph.load(name)
        given[name] = prompt[graph.find(prompt, "InverseCrafterInpaintConditioning")]["inputs"]["condition_on"]
    assert {name for name, what in given.items() if what == "whole_video"} == {"interpolation", "editing"}


def test_text_guided_editing_hides_the_outline_and_its_edge():
    prompt = graph.load("editing")
    track = prompt[graph.find(prompt, "InverseCrafterTrackMask")]["inputs"]
    assert (track["shape"], track["grow"]) == ("outline", 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_page_offers_image_tokens_that_only_checkpoints_with_an_image_need(name):
    page = json.loads((graph.WORKFLOWS.parent / f"{name}.json").read_text())
    modes = {node["type"]: node["mode"] for node in page["nodes"]}
    assert modes["CLIPVisionLoader"] == modes["CLIPVisionEncode"] == BYPASSED
    assert "CLIPVisionEncode" not in classes(name).values()
