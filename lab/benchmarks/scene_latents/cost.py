"""The cost of scene latents: a conditioned step against a bare one, on the embedded model in one process and on one thread.

17 frames of 128x192, sampled by the host with *Apply Scene Latents* and without, repeats interleaved. The context is read once
a run, so the cost of a step and that of a run's start are measured apart, from runs of few and of many steps: *step* is the
median ratio of what one more step costs, *start* what a run costs besides, in bare steps. The states are random, and without a
file the adapter too, which does not change the work. The clip attends to twice and more as many tokens, so what counts is the
attention: *PyTorch's*, which the host takes on GPUs, and *sub-quadratic*, which it takes on processors.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import torch

from inversecrafter_core import scene
from lab.benchmarks.cost.overhead import EMBEDDED, LATENT, VIDEO, random_inputs, sampling
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.host.inprocess import PackNodes, use_host
from lab.metrics.timing import seconds
from lab.models.shipped import SCENE_ADAPTER_FILE, load_dit

STATE_TOKENS, STATE_WIDTH, NETWORK = 96, 192, "random"
FEW, MANY = 2, 18
STEP_BOUND = 1.3
ATTENTION = {"PyTorch's attention": "attention_pytorch", "sub-quadratic attention": "attention_sub_quad"}


def random_adapter(path: Path) -> Path:
    """Write an adapter of the shipped sizes with random weights."""
    network = load_dit()
    model = scene.SceneAdapter(scene.AdapterSpec(NETWORK, 8, STATE_WIDTH))
    changes = {f"diffusion_model.blocks.{i}.self_attn.q.diff": torch.zeros(256, 256) for i in range(len(network.blocks))}
    scene.save_scene_adapter(path, scene.AdapterFile(model, changes, network.state_dict()["head.modulation"]))
    return path


def random_inputs_of(nodes: PackNodes, file: Any, seed: int, with_states: bool) -> Any:
    """Return random inputs of the patch that fit an adapter."""
    room, camera, spec = nodes.core("scene"), nodes.core("camera"), file.model.spec
    frames, height, width = VIDEO
    generator = torch.Generator().manual_seed(seed)
    lens = torch.tensor([[0.8 * width, 0, width / 2], [0, 0.8 * width, height / 2], [0, 0, 1]]).repeat(frames, 1, 1)
    tokens = torch.randn(frames, STATE_TOKENS, spec.state_width, generator=generator)
    states = room.SceneStates(tokens, torch.eye(4).repeat(frames, 1, 1), lens, (height, width), 1.0, spec.network)
    path, latents = camera.preset_path("arc_right", frames, 0.3), torch.randn(LATENT, generator=generator)
    return _patch(nodes).Inputs(latents, states, path, states if with_states else None)


def _patch(nodes: PackNodes) -> Any:
    import importlib

    return importlib.import_module(f"{nodes.package}.nodes.scene.patch")


def runs_of(seed: int, adapter: Path) -> dict[str, Callable[[int], Callable[[], None]]]:
    """Return, for every method, the function from a number of steps to a run."""
    import comfy.samplers
    import comfy.sd

    nodes = PackNodes()
    model = comfy.sd.load_diffusion_model(str(EMBEDDED))
    file = nodes.core("scene").read_scene_adapter(adapter)
    models = {"bare": model}
    for name, with_states in (("cameras alone", False), ("states and cameras", True)):
        models[name] = _patch(nodes).patch_model(model, file, random_inputs_of(nodes, file, seed, with_states))
    euler, given = comfy.samplers.sampler_object("euler"), random_inputs(seed)
    return {name: lambda steps, one=one: sampling(one, euler, steps, seed, given) for name, one in models.items()}  # type: ignore[misc]


def rows(seed: int, repeats: int = 9) -> list[Row]:
    """Measure a step and a start of every method under both kinds of attention."""
    use_host()
    import comfy.ldm.modules.attention
    import comfy.ldm.wan.model

    torch.set_num_threads(1)
    listed = []
    with tempfile.TemporaryDirectory() as folder:
        adapter = SCENE_ADAPTER_FILE if SCENE_ADAPTER_FILE.is_file() else random_adapter(Path(folder) / "a.safetensors")
        runs = {name: (of(FEW), of(MANY)) for name, of in runs_of(seed, adapter).items()}
        for attention, function in ATTENTION.items():
            with patch.object(comfy.ldm.wan.model, "optimized_attention", getattr(comfy.ldm.modules.attention, function)):
                listed += measured(attention, runs, repeats)
    return listed


def measured(attention: str, runs: Mapping[str, tuple[Callable[[], None], ...]], repeats: int) -> list[Row]:
    """Measure the runs of few and of many steps of every method."""
    for few, _ in runs.values():
        few()
    times = [{name: tuple(map(seconds, pair)) for name, pair in runs.items()} for _ in range(repeats)]
    listed = []
    for name in [name for name in runs if name != "bare"]:
        steps, starts = zip(*(_compared(one[name], one["bare"]) for one in times), strict=True)
        bound = {"most": STEP_BOUND} if name == "states and cameras" else {}
        listed.append(row("step", median(steps), "x", method=name, case=attention, against="bare", **bound))
        listed.append(row("start", median(starts), "bare steps", method=name, case=attention))
    return listed


def _compared(ours: tuple[float, ...], bare: tuple[float, ...]) -> tuple[float, float]:
    """Return the cost of a step over a bare one's, and what a run of no steps costs more, in bare steps."""
    step, plain = ((many - few) / (MANY - FEW) for few, many in (ours, bare))
    return step / plain, (ours[0] - bare[0] - FEW * (step - plain)) / plain


if __name__ == "__main__":
    main(rows)
