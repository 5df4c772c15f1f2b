"""Workflows by name: every API form has its map, names reach node inputs, and wrong names and values are refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inversecrafter_client import InvalidOverride, InvalidWorkflow, UnknownOverride, UnknownWorkflow, Workflow
from inversecrafter_client.workflows import FOLDER, is_link, names
from lab.graphs.compose import EXAMPLES, GRAPHS
from lab.graphs.inputs import inputs_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_workflows_are_those_that_are_composed():
    assert FOLDER == ROOT / "workflows" / "api"
    assert sorted(names()) == sorted([*GRAPHS, *EXAMPLES])


@pytest.mark.parametrize("name", names())
def test_every_workflow_has_the_map_of_its_written_form(name):
    written = json.loads((FOLDER / f"{name}.inputs.json").read_text())
    assert written == inputs_of(name), "run python -m lab.graphs.inputs"


@pytest.mark.parametrize("name", names())
def test_every_name_of_a_map_is_an_input_of_a_node(name):
    workflow = Workflow.named(name)
    assert workflow.inputs
    for key, one in workflow.inputs.items():
        values = [workflow.json[node]["inputs"][target] for node, target in one.targets]
        assert not any(map(is_link, values)), key
        assert not one.upload or all(value.startswith("choose_") for value in values), key
        assert len({type(value) for value in values}) == 1 and one.about, key
        for (node, _), (origin, _) in one.connect:
            assert node in workflow.json and origin in workflow.json
    for node in workflow.results.values():
        assert workflow.json[node]["class_type"] in ("SaveVideo", "InverseCrafterSaveSceneStates")


@pytest.mark.parametrize("name", names())
def test_every_file_that_a_workflow_loads_has_a_name(name):
    workflow = Workflow.named(name)
    named = {target for one in workflow.inputs.values() for target in one.targets}
    uploads = {target for one in workflow.inputs.values() if one.upload for target in one.targets}
    loading = {
        (key, name) for key, node in workflow.json.items() for name, value in node["inputs"].items() if "choose_" in str(value)
    }
    assert uploads <= loading <= named


def test_values_reach_every_node_that_takes_them(clip):
    workflow = Workflow.named("recapture")
    workflow.set("frames", "33").set("size", "832x480").set("video", clip).set("seed", 7).set("cfg", 3.5).set("path", "tilt")
    assert {name: workflow.get(name) for name in ("frames", "width", "height", "seed", "cfg", "path")} == {
        "frames": 33,
        "width": 832,
        "height": 480,
        "seed": 7,
        "cfg": 3.5,
        "path": "tilt",
    }
    lengths = [workflow.json[node]["inputs"][key] for node, key in workflow.inputs["frames"].targets]
    assert lengths == [33, 33] and workflow.get("video") == clip


def test_naming_a_text_encoder_links_it_to_both_prompts():
    workflow = Workflow.named("recapture")
    prompts = [node for node, _ in (*workflow.inputs["prompt"].targets, *workflow.inputs["negative"].targets)]
    encoder = workflow.inputs["text_encoder"].targets[0][0]
    assert not any("clip" in workflow.json[node]["inputs"] for node in prompts)
    workflow.set("text_encoder", "umt5.safetensors")
    assert [workflow.json[node]["inputs"]["clip"] for node in prompts] == [[encoder, 0], [encoder, 0]]


def test_any_other_input_is_reached_by_the_title_of_its_node():
    workflow = Workflow.named("recapture").set("Keep Known Pixels.seam", "8")
    assert next(n for n in workflow.json.values() if "seam" in n["inputs"])["inputs"]["seam"] == 8
    with pytest.raises(UnknownOverride, match="Keep Known Pixels"):
        workflow.set("Keep Known Pixels.sea", 8)
    with pytest.raises(UnknownOverride, match=r"\d nodes"):
        workflow.set("PreviewImage.images", 8)


def test_wrong_names_and_values_are_refused_with_the_nearest(tmp_path):
    with pytest.raises(UnknownWorkflow, match="recapture"):
        Workflow.named("recaptur")
    workflow = Workflow.named("recapture")
    with pytest.raises(UnknownOverride, match="prompt"):
        workflow.set("promt", "a hill")
    for name, value in (("steps", "many"), ("steps", True), ("cfg", "nan"), ("size", "832"), ("size", "ax3"), ("path", 3)):
        with pytest.raises(InvalidOverride, match=name):
            workflow.set(name, value)
    with pytest.raises(InvalidOverride, match=r"no file .*gone\.mp4"):
        workflow.set("video", tmp_path / "gone.mp4")
    with pytest.raises(InvalidOverride, match="video"):
        workflow.require_files()
    workflow.set("video", "server:there.mp4").require_files()
    assert workflow.get("video") == "there.mp4" and not workflow.files()


def test_a_file_in_another_form_is_refused(tmp_path):
    for text, said in (("{", "no JSON"), ('{"nodes": [], "links": []}', "Export"), ("[]", "Export"), ("{}", "Export")):
        path = tmp_path / "w.json"
        path.write_text(text)
        with pytest.raises(InvalidWorkflow, match=said):
            Workflow.named(str(path))
    with pytest.raises(UnknownWorkflow, match="cannot be read"):
        Workflow.named(str(tmp_path / "gone.json"))


@pytest.mark.parametrize(("name", "value"), [("seed", "--5"), ("seed", "+-5"), ("seed", "\u00b2"), ("size", "\u00b2x480")])
def test_what_only_looks_like_a_number_is_named(name, value):
    with pytest.raises(InvalidOverride, match=name):
        Workflow.named("recapture").set(name, value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no map"),
        ('{"inputs": {"video": {"upload": true}}}', "video: no 'targets'"),
        ('{"inputs": {"video": {"targets": ["9.file"]}}}', "video: 9.file, which the workflow has not"),
        ('{"inputs": {"video": {"targets": ["1.clip"]}}}', "video: 1.clip, which the workflow has not"),
        ('{"inputs": {"video": {"targets": []}}}', "video: no 'targets'"),
        (
            '{"inputs": {"x": {"targets": ["1.file"], "connect": {"9.clip": ["1", 0]}}}}',
            "x: 9.clip, which the workflow has not",
        ),
        ('{"results": {"video": "9"}}', "video: node 9, which the workflow has not"),
        ('{"inputs": {"out": {"targets": ["1.file"]}}}', "out: a name that every run has"),
    ],
)
def test_a_map_that_does_not_fit_its_workflow_is_named(tmp_path, text, said):
    (tmp_path / "w.json").write_text('{"1": {"class_type": "LoadVideo", "inputs": {"file": "choose_a.mp4"}}}')
    (tmp_path / "w.inputs.json").write_text(text)
    with pytest.raises(InvalidWorkflow, match=rf"w\.inputs\.json.*{said}"):
        Workflow.named(str(tmp_path / "w.json"))


def test_a_link_to_a_node_that_is_not_there_is_left_to_the_server_to_name():
    graph = {"1": {"class_type": "SaveImage", "inputs": {"images": ["9", 0]}}}
    assert Workflow.from_json(graph).only("1").json == graph
    with pytest.raises(InvalidWorkflow, match="API"):
        Workflow.from_json({"1": {"class_type": "SaveImage"}})


def test_a_job_is_named_after_its_content_and_nothing_else(tmp_path):
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    one.write_bytes(b"x")
    two.write_bytes(b"x")

    def name(**values):
        workflow = Workflow.named("recapture")
        for key, value in values.items():
            workflow.set(key, value)
        return workflow.content_id()

    assert name(video=one, cfg=2) == name(video=two, cfg="2.0")
    first = name(video=one)
    assert first != name(video=one, seed=1)
    one.write_bytes(b"other")
    assert first != name(video=one)


def test_only_what_a_result_needs_is_sent():
    workflow = Workflow.named("recapture")
    part = workflow.only(workflow.result_node())
    kinds = {node["class_type"] for node in part.json.values()}
    assert "SaveVideo" in kinds and not kinds & {"PreviewImage", "InverseCrafterMetrics", "CLIPLoader"}
    assert set(part.inputs) == set(workflow.inputs) - {"text_encoder"}
    links = [value for node in part.json.values() for value in node["inputs"].values() if is_link(value)]
    assert {node for node, _ in links} <= set(part.json)
