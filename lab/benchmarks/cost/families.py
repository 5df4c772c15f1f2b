"""The cost of guidance on every family of video models that this host has: guided against bare sampling of its small network.

Each family's network is a small one of the host's own classes with random weights (:mod:`lab.models.families`), on a clip of
``SCALE`` times its smallest in every direction, on one thread. A real network does thousands of times the work on the same
latents, so these ratios are upper bounds. Every step is guided. The *overhead* is of the time outside the network, which alone
differs: ``1 + (outside guided - outside bare) / whole bare`` (:mod:`lab.benchmarks.cost.overhead`). Sound is sampled beside the
video where the family has it.
"""

from __future__ import annotations

import tempfile
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

from .overhead import TIME_BOUND, Runs, interleaved, random_measurement, sampling

SCALE = 3


def larger(family: Family) -> Family:
    """Return the family with a clip ``SCALE`` times as long, wide and high."""
    height, width = family.size
    return replace(family, size=(height * SCALE, width * SCALE), latent_frames=family.latent_frames * SCALE)


def routes(model: Any, nodes: PackNodes, family: Family, steps: int, seed: int) -> Runs:
    """Return bare sampling, the guided sampler and the MODEL patch."""
    import comfy.sample
    import comfy.samplers

    grids = {grid.latent_format: grid for grid in nodes.core("latent_grid").GRIDS}
    shape, video, grid = (1, *family.latent_shape), (family.frames, *family.size), grids[family.grid.latent_format]
    guidance = {"measurement": random_measurement(nodes, seed, shape, video, grid=grid), "start_percent": 0.0}
    empty = comfy.sample.fix_empty_latent_channels(model, empty_latent(family))
    given = conditioning(family, seed=seed), empty, comfy.sample.prepare_noise(empty, seed)
    euler, exact = comfy.samplers.sampler_object("euler"), nodes.run("InverseCrafterSampler", **guidance)
    patched = nodes.run("InverseCrafterApplyGuidance", model=model, **guidance)
    runs = {
        "bare": sampling(model, euler, steps, seed, given),
        "exact sampler": sampling(model, exact, steps, seed, given),
        "model patch": sampling(patched, euler, steps, seed, given),
    }
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
