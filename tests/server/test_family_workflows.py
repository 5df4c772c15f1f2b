"""The shipped workflows of other families run, with small random-weight models in place of files that nobody ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clips import moving_pattern, read_clip, write_clip
from families.served import file_of

from inversecrafter_client import Workflow
from lab.graphs.compose import OTHER_FAMILIES
from lab.host import graph
from lab.models.families import FAMILIES

SMALL = {"ltx": ("LTX-Video", 9, 64, 96), "hunyuan_video_1_5": ("HunyuanVideo 1.5", 5, 64, 96)}
"""Family, frames, height and width in place of those that its real models want."""
LOADED = ("CheckpointLoaderSimple", "UNETLoader", "VAELoader")
TEXT = "CLIPTextEncode"


def small_prompt(name: str, clip: str) -> graph.Prompt:
    """Return a shipped workflow with the family's small model, prompts that need no text encoder, and a small clip."""
    chosen, frames, height, width = SMALL[name]
    family, prompt = next(family for family in FAMILIES if family.name == chosen), Workflow.named(name).json
    model = graph.add(prompt, "UNETLoader", unet_name=file_of(family), weight_dtype="default")
    vae = graph.add(prompt, "VAELoader", vae_name=file_of(family))
    texts = graph.add(prompt, "SmallFamilyInputs", family=family.name)
    prompts = [key for key, node in prompt.items() if node["class_type"] == TEXT]
    for node in prompt.values():
        for name_of, value in node["inputs"].items():
            if not isinstance(value, list):
                continue
            source = prompt[value[0]]["class_type"]
            if value[0] in prompts:
                node["inputs"][name_of] = [texts, prompts.index(value[0])]
            elif source in LOADED:
                node["inputs"][name_of] = [vae if name_of == "vae" else model, 0]
        for name_of, value in {"width": width, "height": height, "length": frames, "frames": frames, "steps": 2}.items():
            if isinstance(node["inputs"].get(name_of), int):
                node["inputs"][name_of] = value
    graph.set_widgets(prompt, "LoadVideo", file=clip)
    return graph.only_outputs(prompt, [graph.find(prompt, "SaveVideo"), graph.find(prompt, "InverseCrafterMetrics")])


def test_every_workflow_of_another_family_is_run_here():
    assert set(SMALL) == set(OTHER_FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_the_workflow_of_another_family_runs_on_its_small_model(families_host: Any, tmp_path: Path, name: str):
    _, frames, height, width = SMALL[name]
    clip = families_host.upload(write_clip(tmp_path / "clip.mp4", moving_pattern(17, height, width)))
    prompt = small_prompt(name, clip)
    (video,) = families_host.files(families_host.run(prompt), graph.find(prompt, "SaveVideo"))
    assert read_clip(video).shape == (frames, height, width, 3)
