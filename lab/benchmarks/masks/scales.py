"""How the masks and their scales were chosen: every formula of differences at every scale and power, on tuning seeds.

``python -m lab.benchmarks.masks.scales --seed 5 --scenes 6 --json -``

One proximal step from what the embedded model predicts of the noised truth, at two noise levels, mixed with the truth as in
``lab.benchmarks.priors``: no sampling, so hundreds of masks cost as much as one. ``error`` is the root mean square of ``z* -
E(x)`` beyond the first frame, the geometric mean over scenes and strengths. A distance ``d`` between encodings becomes
``1 - tanh(s d)`` or ``1 / (1 + s^2 d^2)`` (*precision*), times the share of known pixels to a power; of all that one formula
gives, the best is
listed. Those of ``TRUTH`` know the truth. ``held`` is an infill from other times, along optical flow.
"""

from __future__ import annotations

import argparse
import logging
import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from statistics import mean

import torch

from inversecrafter_core.inverse import ProximalSettings, prepare
from inversecrafter_core.masks import area, binary, hide, hold_first_frame, infilled, temporal_infill
from lab.benchmarks.priors import STRENGTHS
from lab.benchmarks.report import Row, main
from lab.models.latent_space import LatentSpace
from lab.models.shipped import VAE_FILE as EMBEDDED_VAE
from lab.models.shipped import WanModel, load_dit

from .cases import Case, new_views
from .sweep import Evidence, denoiser

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
POWERS = (0, 1, 2)
AREA_POWERS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
SIGMAS = (0.9, 0.7)
TRUTH = "TRUTH, "
ACTIVATIONS = {"tanh": lambda d: 1 - torch.tanh(d), "precision": lambda d: 1 / (1 + d.square())}
Latents = dict[str, torch.Tensor]


def encoded(case: Case, space: LatentSpace) -> Latents:
    """Everything that a formula compares, ``[1, C, T', H', W']`` each."""
    visible, warp, source = case.visible, case.warp, case.truth if case.source is None else case.source
    white = visible.unsqueeze(-1).expand_as(warp)
    fills = {name: hide(warp, visible, value) for name, value in (("grey", 0.5), ("black", 0.0), ("white", 1.0))}
    clips = {
        "truth": case.truth,
        "y": warp,
        "held": temporal_infill(warp, visible),
        "source": source,
        "masked source": infilled(source, visible),
        "masked truth": infilled(case.truth, visible),
        "all white": torch.ones_like(white),
        "mask": white,
        **fills,
    }
    return {name: space.encode(clip[None]) for name, clip in clips.items()}


def distances(z: Latents) -> Latents:
    """Every formula, before scale, activation and power."""
    infills = torch.stack([z["y"], z["held"], z["grey"]])
    return {
        "held against own infill": (z["held"] - z["y"]).abs(),
        "three infills": 3 * infills.std(0, correction=0),
        "infilled against grey": (z["y"] - z["grey"]).abs(),
        "source against masked source": (z["source"] - z["masked source"]).abs(),
        "black against white": (z["black"] - z["white"]).abs() / 2,
        "white clip against mask": (z["all white"] - z["mask"]).abs(),
        f"{TRUTH}h_gt": (z["truth"] - z["masked truth"]).abs(),
    }


def masks_of(case: Case, z: Latents, spatial: int) -> Iterator[tuple[str, str, torch.Tensor]]:
    """``formula, setting, h`` of everything."""
    share = area(case.visible, spatial).expand_as(z["y"])
    yield "binary", "", binary(case.visible, spatial).expand_as(z["y"])
    for power in AREA_POWERS:
        yield f"area^{power:g}", "", share**power
    for (name, distance), (kind, activation), scale in product(distances(z).items(), ACTIVATIONS.items(), SCALES):
        for power in POWERS:
            yield name, f" ({kind}, s {scale:g}, times area^{power})", activation(scale * distance) * share**power


def predictions(case: Case, z: Latents, model: WanModel, seed: int) -> list[torch.Tensor]:
    """What the model makes of the noised truth, at :data:`SIGMAS`."""
    noise = torch.randn(z["truth"].shape, generator=torch.Generator().manual_seed(seed))
    denoise = denoiser(model, Evidence(z["truth"], z["truth"], case.prompt))
    return [denoise((1 - sigma) * z["truth"] + sigma * noise, torch.tensor([sigma])) for sigma in SIGMAS]


def error(z: Latents, predicted: list[torch.Tensor], h: torch.Tensor) -> list[float]:
    """After one step, a value for every strength."""
    step, found = prepare(hold_first_frame(h), z["y"], ProximalSettings("closed_form")), []
    for strength in STRENGTHS:
        mixed = (step(torch.lerp(z0, z["truth"], strength)) for z0 in predicted)
        found.append(math.sqrt(mean(float((one - z["truth"])[:, :, 1:].square().mean()) for one in mixed)))
    return found


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """The best setting of every formula, the best formula first."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    space, model = LatentSpace(EMBEDDED_VAE, precision=torch.bfloat16), load_dit()
    found = defaultdict[tuple[str, str], list[float]](list)
    with torch.inference_mode():
        for index, case in enumerate(new_views(seed, args.scenes)):
            z = encoded(case, space)
            predicted = predictions(case, z, model, index)
            for name, setting, h in masks_of(case, z, space.spatial):
                found[name, setting] += [math.log(value) for value in error(z, predicted, h)]
    value = {key: math.exp(mean(logarithms)) for key, logarithms in found.items()}
    best: dict[str, Row] = {}
    for name, setting in sorted(value, key=value.__getitem__):
        best.setdefault(name, Row(f"{name}{setting}: error", value[name, setting], ""))
    return list(best.values())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("masks_scales", run, add_arguments)
