"""How the training-free mask's candidate, activation and scale were chosen: a sweep on tuning seeds, in latent space alone.

``python -m benchmarks.masks_scales --seed 5 --scenes 3 --clips 3 --json -``

The clips are those of ``benchmarks.masks``. For every candidate, activation and scale, means over clips:

* ``L1``: to ``h_gt``;
* ``error left``: as there, after one proximal step from a noisy prediction;
* ``composed``: root mean square of ``h E(y) + (1 - h) E(other)`` against the latent of the true picture of that, the other
  clip seen through the holes. It pays for trust and for doubt in the wrong place alike;
* ``both``: the geometric mean of the last two, over that of *area*; the smallest is chosen.
"""

from __future__ import annotations

import argparse
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from statistics import mean

import torch

from benchmarks.masks import AREA, NEW_VIEWS, REPROJECTIONS, Masks, left_over, shown_to
from benchmarks.masks_cases import Case, Remembered, new_views, reprojections
from benchmarks.masks_coders import Coder, video_vae
from benchmarks.report import Row, main
from inversecrafter_core.inverse import ProximalSettings
from inversecrafter_core.masks import ACTIVATIONS, area, difference_mask, held_infill, hide, infilled, spread
from training.export_vae import FILE as EMBEDDED_VAE

SCALES = (0.25, 1 / 3, 0.5, 2 / 3, 1.0, 2.0)
"""Of distances between two latents; a spread over three infills sums three of them."""


def distances(case: Case, encode: Remembered) -> Masks:
    """What each candidate measures, before scale and activation."""
    warp, visible = case.warp, case.visible
    grey, black, white = (encode(hide(warp, visible, value)) for value in (0.5, 0.0, 1.0))
    y, held = encode(warp), encode(held_infill(warp, visible))
    mask = visible.unsqueeze(-1).expand_as(warp).contiguous()
    return {
        "three infills": spread([y, held, grey]),
        "five infills": spread([y, held, grey, black, white]),
        "held_warp": (held - grey).abs(),
        "holed_warp": (y - grey).abs(),
        "two_infills": (black - white).abs() / 2,
        "mask_video": (encode(torch.ones_like(mask)) - encode(mask)).abs(),
    }


def masks_of(case: Case, encode: Remembered, coder: Coder) -> Iterator[tuple[str, torch.Tensor]]:
    """Every candidate at every activation and scale, alone and times the area."""
    share = area(case.visible, coder.spatial).expand_as(encode(case.warp))
    yield AREA, share
    for (name, distance), (kind, activation), scale in product(distances(case, encode).items(), ACTIVATIONS.items(), SCALES):
        h = activation(scale * distance)
        yield f"{name}, {kind}, s={scale:.2g}", h
        yield f"{name} x area, {kind}, s={scale:.2g}", h * share


def sweep(what: str, cases: Iterable[Case], coder: Coder) -> list[Row]:
    """The four figures of every mask over one set."""
    clips = list(cases)
    if len(clips) < 2:
        return [Row(f"{what}: too few clips to be had", len(clips), "")]
    found = defaultdict[tuple[str, str], list[float]](list)
    for index, case in enumerate(clips):
        after = clips[(index + 1) % len(clips)].truth
        picture = torch.where(case.visible[..., None] > 0.5, case.truth, after)
        encode = Remembered(coder.encode, [*shown_to(case), after, picture])
        truth, y, other = encode(case.truth), encode(case.warp), encode(after)
        wanted = difference_mask(truth, encode(infilled(case.truth, case.visible)))
        noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(index))
        for name, h in masks_of(case, encode, coder):
            found[name, "L1"].append(float((h - wanted).abs().mean()))
            found[name, "error left"].append(left_over(truth, y, h, noise, ProximalSettings().gamma, "masked"))
            found[name, "composed"].append(float((torch.lerp(other, y, h) - encode(picture)).square().mean()))
    value = {key: mean(values) if key[1] == "L1" else math.sqrt(mean(values)) for key, values in found.items()}
    for name in {name for name, _ in found}:
        shares = [value[name, figure] / value[AREA, figure] for figure in ("error left", "composed")]
        value[name, "both"] = math.sqrt(math.prod(shares))
    order = sorted((name for name, figure in value if figure == "both"), key=lambda name: value[name, "both"])
    figures = ("both", "error left", "composed", "L1")
    return [Row(f"{what}, {name}: {figure}", value[name, figure], "") for name in order for figure in figures]


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """Both sets, the best masks first."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    coder = video_vae(EMBEDDED_VAE)
    with torch.inference_mode():
        rows = sweep(NEW_VIEWS, new_views(seed, args.scenes), coder)
        return [*rows, *sweep(REPROJECTIONS, reprojections(seed, args.clips), coder)]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=3)
    parser.add_argument("--clips", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("masks_scales", run, add_arguments)
