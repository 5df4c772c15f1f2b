"""The examples of long clips run on the embedded models: in context windows of the host, and in chained passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import moving_pattern, read_clip, write_clip

from inversecrafter_client import Workflow
from lab.host import graph

FRAMES = {"long_clip": 33, "chained_passes": 29}
STEPS = 4


@pytest.mark.slow
@pytest.mark.parametrize("name", FRAMES)
def test_a_clip_longer_than_the_models_own_comes_out_whole_and_close_to_its_warp(host, tmp_path: Path, name: str):
    prompt = Workflow.named(f"examples/{name}").json
    clip = host.upload(write_clip(tmp_path / f"{name}.mp4", moving_pattern(FRAMES[name])))
    graph.set_widgets(prompt, "LoadVideo", file=clip)
    for node in prompt.values():
        if "steps" in node["inputs"]:
            node["inputs"]["steps"] = STEPS
    compared = prompt[graph.find(prompt, "InverseCrafterMetrics")]["inputs"]
    saved = []
    for images in (compared["video"], compared["reference"]):
        video = graph.add(prompt, "CreateVideo", images=images, fps=16.0)
        saved.append(graph.add(prompt, "SaveVideo", video=[video, 0], filename_prefix="long", format="auto", codec="auto"))
    job = host.run(graph.only_outputs(prompt, saved))
    made, reference = (read_clip(host.files(job, key)[0]).astype(float) for key in saved)
    assert made.shape == reference.shape == (FRAMES[name], 128, 192, 3)
    known = reference.max(-1) > 16
    errors = [float(np.abs(made[frame] - reference[frame])[known[frame]].mean()) for frame in range(len(made))]
    assert max(errors) < 12, f"guided in every window and every pass: {errors}"
