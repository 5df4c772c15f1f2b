"""The cost of guidance on every family of video models that this host has: guided against bare sampling of its small network.

Each family's network is a small one of the host's own classes with random weights (:mod:`lab.models.families`), on a clip of
``SCALE`` times its smallest in every direction, on one thread. A real network does thousands of times the work on the same
latents, so these ratios are upper bounds. Every step is guided. The *overhead* is of the time outside the network, which alone
differs: ``1 + (outside guided - outside bare) / whole bare`` (:mod:`lab.benchmarks.cost.overhead`). Sound is sampled beside the
video where the family has it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from lab.benchmarks.report import Place, Row, row
from lab.benchmarks.runner import main
from lab.host.inprocess import PackNodes, use_host
from lab.host.smaller import HostLacks
from lab.models.families import FAMILIES, Family, conditioning, empty_latent, load_network, write

from .overhead import TIME_BOUND, Runs, interleaved

SCALE = 3


def larger(family: Family) -> Family:
    """Return the family with a clip ``SCALE`` times as long, wide and high."""
    height, width = family.size
    return replace(family, size=(height * SCALE, width * SCALE), latent_frames=family.latent_frames * SCALE)


def sampling(model: Any, family: Family, sampler: Any, steps: int, seed: int) -> Callable[[], None]:
    """Return one whole run of the host's sampling as a function, text and latent made beforehand."""
    import comfy.sample
    import comfy.samplers

    text, empty = conditioning(family, seed=seed), comfy.sample.fix_empty_latent_channels(model, empty_latent(family))
    noise = comfy.sample.prepare_noise(empty, seed)
    sigmas = comfy.samplers.KSampler(model, steps, model.load_device, "euler", "simple").sigmas

    def run() -> None:
        with torch.inference_mode():
            comfy.sample.sample_custom(model, noise, 1.0, sampler, sigmas, text, text, empty, disable_pbar=True, seed=seed)

    return run


def routes(model: Any, nodes: PackNodes, family: Family, steps: int, seed: int) -> Runs:
    """Return bare sampling, the guided sampler and the MODEL patch."""
    import comfy.samplers

    generator = torch.Generator().manual_seed(seed)
    shape = (1, *family.latent_shape)
    w, h = torch.randn(shape, generator=generator), torch.rand(shape, generator=generator)
    grids = {grid.latent_format: grid for grid in nodes.core("latent_grid").GRIDS}
    grid = grids[family.grid.latent_format]
    measurement = nodes.core("inverse").Measurement(w, h, (family.frames, *family.size), grid)
    guidance = {"measurement": measurement, "start_percent": 0.0}
    euler = comfy.samplers.sampler_object("euler")
    runs = {"bare": sampling(model, family, euler, steps, seed)}
    runs["exact sampler"] = sampling(model, family, nodes.run("InverseCrafterSampler", **guidance), steps, seed)
    patched = nodes.run("InverseCrafterApplyGuidance", model=model, **guidance)
    runs["model patch"] = sampling(patched, family, euler, steps, seed)
    return runs


def family_rows(family: Family, nodes: PackNodes, folder: Path, steps: int, repeats: int, seed: int) -> list[Row]:
    """Measure one family. Raises HostLacks when this host does not have it."""
    network = write(family.network, folder / f"{family.name}.safetensors")
    model, clip = load_network(family, network), larger(family)
    times = interleaved(model, routes(model, nodes, clip, steps, seed), repeats)
    bare, found = median(whole for _, whole in times["bare"]), []
    for name in list(times)[1:]:
        place = Place(case=family.name, method=name)
        outside = median(own[0] - plain[0] for own, plain in zip(times[name], times["bare"], strict=True))
        found.append(row("overhead", 1 + outside / bare, "x", most=TIME_BOUND, **place))
    return found


def rows(seed: int, repeats: int = 12, steps: int = 8) -> list[Row]:
    """Measure every family that the host has."""
    use_host(cpu=True)
    torch.set_num_threads(1)
    nodes, found = PackNodes(), []
    with tempfile.TemporaryDirectory() as scratch:
        for family in FAMILIES:
            try:
                found += family_rows(family, nodes, Path(scratch), steps, repeats, seed)
            except HostLacks as lacking:
                print(f"{family.name}: {lacking}")
    return found


if __name__ == "__main__":
    main(rows)
