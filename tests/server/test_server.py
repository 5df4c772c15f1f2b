"""A real server with the pack in it: it loads clean, serves its pages, runs the shipped workflow, and survives bad prompts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from clips import moving_pattern, read_clip, write_clip
from PIL import Image

from inversecrafter_client import InvalidWorkflow, JobCanceled, JobFailed, Progress, Workflow
from lab.host import graph

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "web" / "docs").glob("*.md"))
FRAMES, HEIGHT, WIDTH = 17, 128, 192


@pytest.fixture(scope="module")
def clip(host, tmp_path_factory):
    """Name, in the host's input folder, of a small clip."""
    path = write_clip(tmp_path_factory.mktemp("clip") / "pattern.mp4", moving_pattern(FRAMES, HEIGHT, WIDTH))
    return host.upload(path)


@pytest.fixture
def recapture(clip):
    """The shipped workflow on that clip, with few steps."""
    return shipped_prompt(clip, steps=3)


@pytest.fixture(scope="module")
def first_run(host, clip):
    """Progress messages, the frames and the video of the shipped workflow on a fresh server."""
    prompt, tap = with_frames(shipped_prompt(clip, steps=3))
    job = host.submit(prompt)
    steps = [(event.current_node, event.step, event.steps) for event in job.events() if isinstance(event, Progress)]
    job.result()
    return steps, pictures(host, job, tap), saved_video(host, job)


def shipped_prompt(clip: str, **sampling):
    prompt = Workflow.named("recapture").json
    graph.set_widgets(prompt, "LoadVideo", file=clip)
    graph.set_widgets(prompt, sampler_of(prompt), **sampling)
    return prompt


def of_length(prompt, frames: int):
    """The prompt for that many frames of the clip, wherever the workflow has a number of frames."""
    for node in prompt.values():
        if isinstance(node["inputs"].get("frames"), int):
            node["inputs"]["frames"] = frames
    return prompt


def sampler_of(prompt) -> str:
    return next(node["class_type"] for node in prompt.values() if "steps" in node["inputs"])


def with_frames(prompt):
    """The prompt with the frames saved as PNG too (H.264 is not the same from run to run); and the id of the saving node."""
    make = prompt[graph.find(prompt, "CreateVideo")]
    return prompt, graph.add(prompt, "SaveImage", images=make["inputs"]["images"], filename_prefix="frames")


def pictures(host, job, node_id: str) -> np.ndarray:
    return np.stack([np.asarray(Image.open(path)) for path in host.files(job, node_id)]).astype(int)


def saved_video(host, job) -> np.ndarray:
    (path,) = [path for path in host.files(job) if path.suffix == ".mp4"]
    return read_clip(path)


def test_the_pack_loads_without_an_error(host):
    log = host.log.read_text()
    ours = [line for line in log.splitlines() if line.rstrip().endswith("custom_nodes/inversecrafter")]
    assert len(ours) == 1 and "FAILED" not in ours[0], ours
    traces = [block.partition("\n\n")[0] for block in log.split("Traceback (most recent call last)")[1:]]
    # A bad input that a test gives is no fault.
    faults = [block for block in traces if "inversecrafter" in block and "errors.InputError: " not in block]
    assert not faults, "\n".join(faults)


def test_the_server_lists_every_node_with_its_page(host):
    listed = {name: entry for name, entry in host.object_info().items() if name.startswith("InverseCrafter")}
    assert set(listed) == {page.stem for page in DOCS}
    assert {entry["python_module"] for entry in listed.values()} == {"custom_nodes.inversecrafter"}
    assert all(entry["description"] and entry["display_name"].endswith(" (InverseCrafter)") for entry in listed.values())


def test_the_help_pages_and_templates_are_served(host):
    for page in DOCS:
        # Bytes: a server on Python 3.13 names no charset, and only a browser then takes Markdown for UTF-8.
        assert host.get(f"/extensions/inversecrafter/docs/{page.name}").content == page.read_bytes()
    workflows = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
    assert sorted(host.get("/workflow_templates").json()["inversecrafter"]) == workflows
    for name in workflows:
        picture = host.get(f"/api/workflow_templates/inversecrafter/{name}.jpg")
        assert picture.content[:2] == b"\xff\xd8" and len(picture.content) > 1000


def test_the_page_scripts_are_served_once(host):
    ours = [name for name in host.get("/extensions").json() if "inversecrafter" in name.lower()]
    scripts = sorted(path.name for path in (ROOT / "web").rglob("*.js"))
    assert sorted(name.rpartition("/")[2] for name in ours) == scripts


def test_the_embedded_models_are_offered_by_the_stock_loaders(host):
    assert "inversecrafter_small_wan_vae.safetensors" in offered(host, "VAELoader", "vae_name")
    assert "inversecrafter_small_wan_t2v.safetensors" in offered(host, "UNETLoader", "unet_name")


def test_scripts_give_every_input_that_this_host_requires(host):
    kinds, missing = host.object_info(), []
    for path in sorted((ROOT / "workflows" / "api").rglob("*.json")):
        graph_of_script = {} if path.name.endswith(".inputs.json") else json.loads(path.read_text(encoding="utf-8"))
        for node in graph_of_script.values():
            required = kinds.get(node["class_type"], {"input": {}})["input"].get("required", {})
            missing += [f"{path.stem}: {node['class_type']}.{name}" for name in required if name not in node["inputs"]]
    assert missing == []


def offered(host, node: str, widget: str) -> list[str]:
    return host.object_info(node)[node]["input"]["required"][widget][0]


@pytest.mark.slow
def test_the_shipped_workflow_makes_a_video(recapture, first_run):
    steps, _, video = first_run
    assert video.shape == (FRAMES, HEIGHT, WIDTH, 3)
    assert video.std() > 5, "the video is one flat colour"
    assert np.abs(np.diff(video.astype(float), axis=0)).mean() > 0.2, "the video stands still"
    sampler = graph.find(recapture, sampler_of(recapture))
    assert (sampler, 3, 3) in steps, "the sampler reported no progress"


@pytest.mark.slow
def test_a_bad_prompt_names_the_input_and_the_next_prompt_in_the_queue_runs(host, clip):
    bad, good = shipped_prompt(clip, steps=3), of_length(shipped_prompt(clip, steps=3), 9)
    cut = graph.add(bad, "ImageFromBatch", image=[graph.find(bad, "InverseCrafterPrepareFootage"), 0], batch_index=0, length=8)
    graph.set_widgets(bad, "InverseCrafterEstimateDepth", video=[cut, 0])
    failing, following = host.submit(bad), host.submit(good)
    with pytest.raises(JobFailed) as failure:
        failing.result()
    assert failure.value.node_type.startswith("InverseCrafter")
    assert "8 frames" in failure.value.message and "4k+1" in failure.value.message
    assert saved_video(host, following.result()).shape == (9, HEIGHT, WIDTH, 3)


def test_a_prompt_with_a_wrong_widget_is_refused_by_name(host, recapture):
    graph.set_widgets(recapture, sampler_of(recapture), steps="many")
    with pytest.raises(InvalidWorkflow, match="steps"):
        host.submit(recapture)


@pytest.mark.slow
def test_after_a_cancelled_run_the_next_gives_the_very_frames_it_gave_before(host, clip, recapture, first_run):
    sampler = graph.find(recapture, sampler_of(recapture))
    running = host.submit(shipped_prompt(clip, steps=500))
    for event in running.events(timeout=300):
        if isinstance(event, Progress) and event.current_node == sampler and (event.step or 0) >= 2:
            running.cancel()
    with pytest.raises(JobCanceled):
        running.result()
    host.free()
    again, tap = with_frames(recapture)
    after = pictures(host, host.run(again), tap)
    _, before, _ = first_run
    assert np.abs(after - before).max() <= 2  # the same to the bit on a CPU
