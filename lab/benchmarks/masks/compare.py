"""Which latent mask to trust, whatever the video model: every mask guides sampling under priors of rising strength.

``python -m lab.benchmarks.masks.compare --seed 0 --json - [--scenes 16] [--vae FILE]``

New views of synthetic scenes, whose truth is rendered (``lab.benchmarks.masks.cases``). The small model is weaker than Telea's
infill, which rewards whatever trusts the infill; so each mask is judged under ``lab.benchmarks.priors`` of every strength, 0
= the
embedded model, 0.9 = almost the truth. All on normalised latents; names read ``mask: figure``, means over scenes with interval:

* ``error, prior s``: root mean square of the sampled latents against ``E(x)``, all but the first frame, which is given;
  ``error in holes`` the same over cells with less than all of their pixels known;
* ``error over the sweep``: the geometric mean of ``error`` over the strengths;
* ``L1 to h_gt``: to the paper's ``1 - tanh|E(x) - E(fill(m x))|``, the masked clip infilled before it is encoded;
* ``encodings`` beyond ``E(y)`` and ``CPU`` seconds beside them: what the mask costs;
* ``whole LPIPS`` and ``whole PSNR``: of the decoded clip, for a few masks under two priors.

The default is to be the cheapest mask whose error over the sweep lies within the interval of the best.
``area^p`` is the share of known pixels to the power p. ``h_gt`` knows the truth; ``grey h_gt`` is the same
with grey holes instead of infilled ones.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.evaluation import masked_lpips, masked_psnr
from inversecrafter_core.masks import MaskInputs, MaskMethod, MaskSettings, Predict, area, difference_mask, hide, latent_mask
from lab.benchmarks.intervals import mean_row, ratios, surely_at_most
from lab.benchmarks.priors import STRENGTHS
from lab.benchmarks.report import Row, main
from lab.metrics.lpips import Lpips, load_lpips
from lab.models.latent_space import LatentSpace
from lab.models.mask_encoder import load_predictor
from lab.models.shipped import MASK_ENCODER_FILE as MASK_ENCODER
from lab.models.shipped import VAE_FILE as EMBEDDED_VAE
from lab.models.shipped import WanModel, load_dit

from .cases import Case, new_views
from .sweep import Evidence, guided

DEFAULT, LEARNED, BINARY = MaskMethod.AREA, MaskMethod.LEARNED, MaskMethod.BINARY
INFILL, WANTED, GREY = MaskMethod.TEMPORAL_INFILL, "h_gt", "grey h_gt"
POWERS = (1.0, 2.0, 4.0, 6.0)
"""Of the share of known pixels, beside the default's own."""
SHARE = "area^1"
SHOWN = (DEFAULT, SHARE, INFILL, LEARNED)
"""Masks whose results are decoded and looked at, under priors of these strengths:"""
SHOWN_STRENGTHS = (0.0, 0.5)
KNOWS_THE_TRUTH = (WANTED, GREY)
Masks = dict[str, torch.Tensor]
Table = dict[tuple[str, str], list[float]]


class Counted:
    """A VAE's encoding, counted, its time left out of what a mask costs."""

    def __init__(self, space: LatentSpace):
        self._space, self.calls, self.seconds = space, 0, 0.0

    def __call__(self, clip: torch.Tensor) -> torch.Tensor:
        begun = time.process_time()
        latent = self._space.encode(clip[None])
        self.calls, self.seconds = self.calls + 1, self.seconds + time.process_time() - begun
        return latent


@dataclasses.dataclass
class Made:
    """A case in latent space: ``E(x)``, ``E(y)``, every mask ``[1, C, T', H', W']`` and what it cost, in encodings and CPU
    seconds beside them.
    """

    truth: torch.Tensor
    w: torch.Tensor
    masks: Masks
    costs: dict[str, tuple[int, float]]


def made_of(case: Case, space: LatentSpace, predict: Predict | None) -> Made:
    """Encode a case and make every mask of it; ``learned`` only where there is an encoder for the VAE."""
    truth, w = space.encode(torch.stack([case.truth, case.warp])).split(1)
    encode = Counted(space)
    given = MaskInputs(case.visible, case.warp, w, encode, space.spatial, predict=predict)
    share = area(case.visible, space.spatial).expand_as(w)
    makers: dict[str, Callable[[], torch.Tensor]] = {
        DEFAULT: lambda: latent_mask(given),
        **{f"area^{power:g}": lambda power=power: share**power for power in POWERS},  # type: ignore[misc]
        INFILL: lambda: latent_mask(given, MaskSettings(MaskMethod.TEMPORAL_INFILL)),
        BINARY: lambda: latent_mask(given, MaskSettings(MaskMethod.BINARY)),
        WANTED: lambda: latent_mask(dataclasses.replace(given, source=case.truth), MaskSettings(MaskMethod.KNOWN_SOURCE)),
        GREY: lambda: difference_mask(truth, encode(hide(case.truth, case.visible))),
    }
    if predict is not None:
        makers[LEARNED] = lambda: latent_mask(given, MaskSettings(MaskMethod.LEARNED))
    made = Made(truth, w, {}, {})
    for name, make in makers.items():
        calls, seconds, begun = encode.calls, encode.seconds, time.process_time()
        made.masks[name] = make()
        made.costs[name] = encode.calls - calls, time.process_time() - begun - (encode.seconds - seconds)
    return made


def rms(difference: torch.Tensor, where: torch.Tensor | None = None) -> float:
    """Root mean square of ``difference [1, C, T', H', W']`` beyond the first frame, ``where [1, 1, T', H', W']`` is true."""
    squared = difference[:, :, 1:].square()
    return float((squared if where is None else squared[where[:, :, 1:].expand_as(squared)]).mean().sqrt())


def judge(case: Case, made: Made, results: torch.Tensor, found: Table) -> None:
    """Add one scene's figures to ``found``; ``results [strengths, masks, C, T', H', W']``."""
    holes = area(case.visible, case.visible.shape[-1] // made.w.shape[-1]) < 1
    for index, (name, h) in enumerate(made.masks.items()):
        errors = []
        for strength, latents in zip(STRENGTHS, results[:, index], strict=True):
            difference = latents[None] - made.truth
            errors.append(rms(difference))
            found[name, f"error, prior {strength:g}"].append(errors[-1])
            found[name, f"error in holes, prior {strength:g}"].append(rms(difference, holes))
        found[name, "error over the sweep"].append(float(np.exp(np.log(errors).mean())))
        found[name, "L1 to h_gt"].append(float((h - made.masks[WANTED]).abs().mean()))
        found[name, "encodings"].append(made.costs[name][0])
        found[name, "CPU"].append(made.costs[name][1])


def look(case: Case, made: Made, results: torch.Tensor, space: LatentSpace, metric: Lpips | None, found: Table) -> None:
    """Decode the results of :data:`SHOWN` under two priors and add their figures."""
    names = [name for name in SHOWN if name in made.masks]
    for strength in SHOWN_STRENGTHS:
        places = [list(made.masks).index(name) for name in names]
        for name, video in zip(names, space.decode(results[STRENGTHS.index(strength), places]), strict=True):
            found[name, f"whole PSNR, prior {strength:g}"].append(masked_psnr(video, case.truth))
            if metric is not None:
                distance = masked_lpips(video, case.truth, distance=metric.maps)
                found[name, f"whole LPIPS, prior {strength:g}"].append(distance)


def measure(
    cases: Iterable[Case], space: LatentSpace, predict: Predict | None, model: WanModel, metric: Lpips | None, decoded: bool
) -> Table:
    """Every figure of every mask, a value a scene."""
    found: Table = defaultdict(list)
    for index, case in enumerate(cases):
        with torch.inference_mode():
            made = made_of(case, space, predict)
            noise = torch.randn(made.w.shape, generator=torch.Generator().manual_seed(index))
            evidence = Evidence(made.truth, made.w, case.prompt)
            results = guided(model, evidence, list(made.masks.values()), STRENGTHS, noise)
            judge(case, made, results, found)
            if decoded:
                look(case, made, results, space, metric, found)
    return found


def _unit(figure: str) -> str:
    return "dB" if "PSNR" in figure else "s" if figure == "CPU" else ""


def verdicts(found: Table) -> list[Row]:
    """The default beside every mask that does not know the truth: over the sweep, and where it is looked at."""
    rows, sweep = [], "error over the sweep"
    others = [name for name, figure in found if figure == sweep and name not in (DEFAULT, *KNOWS_THE_TRUTH)]
    for other in others:
        rows.append(
            surely_at_most(f"{sweep}, {DEFAULT} over {other}", ratios(found[DEFAULT, sweep], found[other, sweep]), "x", 1)
        )
    for strength in SHOWN_STRENGTHS:
        figure = f"whole LPIPS, prior {strength:g}"
        for other in (name for name in SHOWN[1:] if (name, figure) in found):
            compared = ratios(found[DEFAULT, figure], found[other, figure])
            rows.append(surely_at_most(f"{figure}, {DEFAULT} over {other}", compared, "x", 1))
    return rows


def turns(found: Table) -> list[Row]:
    """At which prior the default and each other mask change places in error: there the logarithm of their ratio is zero."""
    rows = []
    for other in sorted({name for name, _ in found} - {DEFAULT}):
        logarithms = []
        for strength in STRENGTHS:
            figure = f"error, prior {strength:g}"
            logarithms.append(float(np.log(ratios(found[DEFAULT, figure], found[other, figure]).mean)))
        rows += [
            Row(f"{DEFAULT} and {other} change places at prior", crossing(pair, values), "")
            for pair, values in zip(pairwise(STRENGTHS), pairwise(logarithms), strict=True)
            if values[0] * values[1] < 0
        ]
    return rows


def crossing(places: Sequence[float], values: Sequence[float]) -> float:
    """Where a line through two points of opposite sign is zero."""
    return places[0] + (places[1] - places[0]) * values[0] / (values[0] - values[1])


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    space, predictor = LatentSpace(args.vae, precision=torch.bfloat16), load_predictor(MASK_ENCODER)
    predict = (lambda visible, warp: predictor.mask(visible[None], warp[None])) if args.vae == EMBEDDED_VAE else None
    metric = load_lpips() if args.decoded else None
    found = measure(new_views(seed, args.scenes), space, predict, load_dit(), metric, args.decoded)
    rows = [mean_row(f"{name}: {figure}", values, _unit(figure)) for (name, figure), values in found.items()]
    return [*verdicts(found), *turns(found), *rows]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vae", type=Path, default=EMBEDDED_VAE, help="a Wan VAE; the embedded one by default")
    parser.add_argument("--scenes", type=int, default=16, help="scenes of the synthetic world")
    parser.add_argument("--no-decoding", dest="decoded", action="store_false", help="latent figures alone, sooner")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("masks", run, add_arguments)
