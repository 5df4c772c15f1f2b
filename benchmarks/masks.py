"""Which latent mask to trust: every kind against ``h_gt``, and against what a mask is for.

``python -m benchmarks.masks --seed 0 --json - [--vae FILE] [--scenes 5] [--clips 4]``

Measured on new views of synthetic scenes, whose truth is rendered, and on double reprojections of real clips
(``benchmarks.masks_cases``). All on normalised latents; figures are means over clips, names read ``set, mask: figure``:

* ``L1`` and ``SSIM``: to ``h_gt = 1 - tanh|E(x) - E(fill(m x))|``; SSIM is the library's, over the mask's planes as pictures;
* ``kept PSNR``: ``h E(y) + (1 - h) E(other)``, the warp composed with another clip altogether, is decoded and compared with
  the truth on visible pixels. Trusting everything is best at that, so beside it stands
* ``other PSNR``: the same in the holes, where the other clip should be seen, and ``balanced PSNR``: of the mean of the two
  regions' squared errors;
* ``kept PSNR at equal doubt``: that less what a power of *area* keeps which shows as much of the other clip: is the mask better
  than any blurred outline, or only more trusting?
* ``error left``: how far from ``E(x)`` the proximal step ends when the model's own prediction is off by noise of a given
  deviation: root mean square of ``z* - E(x)`` over that deviation. 1 = as without guidance.

The scales of masks that need one were chosen by ``benchmarks.masks_scales`` on seeds 5 and 6. The relatives' average pooling
shrinks the mask to the latents' size with no regard for causal groups.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import numpy
import torch
import torch.nn.functional as F

from benchmarks.masks_cases import Case, Remembered, new_views, reprojections
from benchmarks.masks_coders import Coder, video_vae
from benchmarks.report import Row, at_least, main
from inversecrafter_core.evaluation import masked_psnr, masked_ssim
from inversecrafter_core.inverse import ProximalSettings, prepare
from inversecrafter_core.masks import USUAL, MaskInputs, held_infill, hide, infilled, latent_mask
from inversecrafter_core.masks.modes import Predict
from training.export_vae import FILE as EMBEDDED_VAE
from training.mask_model import load_predictor
from training.mask_options import FILE as MASK_ENCODER

NEW_VIEWS, REPROJECTIONS = "new views", "real clips"
DEFAULT, LEARNED, BINARY, AREA = USUAL, "learned", "binary", "area"
CANDIDATES = ("three_infills", "held_warp", "holed_warp_area", "holed_warp", "hidden_source", "mask_video", "two_infills")
POWERS = (0.25, 0.5, 2.0, 3.0)
"""Of *area*: from more trusting to more doubting, the curve that a mask of one channel and no VAE traces."""
DEVIATIONS = (0.25, 0.5, 1.0)
GAMMAS = sorted({1.0, 2.0, 5.0, 8.0, 20.0, 100.0, ProximalSettings().gamma})
LEARNED_ABOVE_BINARY = 1.0
UNITS = {"kept PSNR": "dB", "other PSNR": "dB", "balanced PSNR": "dB", "error left": "x"}
Masks = dict[str, torch.Tensor]


class Latents(NamedTuple):
    """A case in latent space: ``E(x)``, ``E(y)``, ``h_gt`` and every mask by name, ``[1, C, T', H', W']``."""

    truth: torch.Tensor
    warp: torch.Tensor
    wanted: torch.Tensor
    masks: Masks


def pooled(visible: torch.Tensor, shape: torch.Size) -> torch.Tensor:
    """The relatives': average pooling to a latent ``shape [1, C, T', H', W']``."""
    return F.adaptive_avg_pool3d(visible[None, None], (shape[2], shape[3], shape[4])).expand(shape)


def shown_to(case: Case) -> list[torch.Tensor]:
    """Every clip that a mask will want encoded."""
    white = case.visible.unsqueeze(-1).expand_as(case.warp).contiguous()
    fills = [hide(case.warp, case.visible, value) for value in (0.5, 0.0, 1.0)]
    clips = [case.truth, infilled(case.truth, case.visible), case.warp, held_infill(case.warp, case.visible), *fills]
    clips += [torch.ones_like(white), white]
    return clips if case.source is None else [*clips, case.source, infilled(case.source, case.visible)]


def latents_of(case: Case, coder: Coder, predict: Predict | None) -> Latents:
    """Encode a case and make every mask of it; ``learned`` only where there is an encoder for the VAE."""
    encode = Remembered(coder.encode, shown_to(case))
    given = MaskInputs(case.visible, case.warp, encode(case.warp), encode, coder.spatial, predict=predict)
    wanted = latent_mask("known_source", dataclasses.replace(given, source=case.truth))
    given = dataclasses.replace(given, source=case.source)
    masks = {} if predict is None else {LEARNED: latent_mask(LEARNED, given)}
    for name in CANDIDATES:
        if name != "hidden_source" or case.source is not None:
            masks[name] = latent_mask(name, given)
    masks |= {AREA: latent_mask(AREA, given), "average pooling": pooled(case.visible, wanted.shape)}
    masks |= {f"area^{power:g}": masks[AREA] ** power for power in POWERS}
    masks |= {BINARY: latent_mask(BINARY, given), "h_gt": wanted, "everything": torch.ones_like(wanted)}
    return Latents(encode(case.truth), given.latent, wanted, masks)


def as_pictures(h: torch.Tensor) -> torch.Tensor:
    """Every plane of a latent mask as a grey picture: ``[C T', H', W', 3]``."""
    return h[0].flatten(0, 1).unsqueeze(-1).expand(-1, -1, -1, 3)


def left_over(truth: torch.Tensor, latent: torch.Tensor, h: torch.Tensor, noise: torch.Tensor, gamma: float) -> float:
    """Mean square of ``z* - E(x)`` over that of the prediction's own error, averaged over :data:`DEVIATIONS`."""
    step = prepare(h, latent, ProximalSettings("closed_form", gamma))
    shares = [float((step(truth + d * noise) - truth).square().mean()) / d**2 for d in DEVIATIONS]
    return sum(shares) / len(shares)


def composed(case: Case, made: Latents, other: Case, other_latent: torch.Tensor, coder: Coder) -> dict[str, dict[str, float]]:
    """The three PSNRs of every mask: the warp with another clip where the mask does not trust it."""
    mixed = [torch.lerp(other_latent, made.warp, h) for h in made.masks.values()]
    found = {}
    for name, video in zip(made.masks, coder.decode(mixed), strict=True):
        kept = masked_psnr(video, case.truth, case.visible)
        elsewhere = masked_psnr(video, other.truth, 1 - case.visible)
        balanced = -10 * math.log10((10 ** (-kept / 10) + 10 ** (-elsewhere / 10)) / 2)
        found[name] = {"kept PSNR": kept, "other PSNR": elsewhere, "balanced PSNR": balanced}
    return found


def noise_for(index: int, latent: torch.Tensor) -> torch.Tensor:
    """The prediction's error of one clip: the same in every figure."""
    return torch.randn(latent.shape, generator=torch.Generator().manual_seed(index))


def compare(what: str, cases: Iterable[Case], coder: Coder, predict: Predict | None) -> list[Row]:
    """Every figure of every mask over one set of clips. Each clip is composed with the next one."""
    clips = list(cases)
    if len(clips) < 2:
        return [Row(f"{what}: too few clips to be had", len(clips), "")]
    found, gamma = defaultdict[tuple[str, str], list[float]](list), ProximalSettings().gamma
    with torch.inference_mode():
        made = [latents_of(case, coder, predict) for case in clips]
        for index, (case, one) in enumerate(zip(clips, made, strict=True)):
            after = (index + 1) % len(clips)
            mixtures, noise = composed(case, one, clips[after], made[after].truth, coder), noise_for(index, one.truth)
            for name, h in one.masks.items():
                figures = {
                    "L1": float((h - one.wanted).abs().mean()),
                    "SSIM": masked_ssim(as_pictures(h), as_pictures(one.wanted)),
                    **mixtures[name],
                    "error left": left_over(one.truth, one.warp, h, noise, gamma),
                }
                for figure, measured in figures.items():
                    found[name, figure].append(measured)
    value = {key: math.sqrt(mean(values)) if key[1] == "error left" else mean(values) for key, values in found.items()}
    holes = 100 * mean(float(1 - case.visible.mean()) for case in clips)
    rows = [Row(f"{what}: holes of {len(clips)} clips", holes, "%")]
    rows += [Row(f"{what}, {name}: {figure}", value[name, figure], UNITS.get(figure, "")) for name, figure in value]
    return [*rows, *at_equal_doubt(what, value), *by_gamma(what, made)]


def at_equal_doubt(what: str, value: dict[tuple[str, str], float]) -> list[Row]:
    """What masks keep beyond the power of area that shows as much of the other clip; none beyond the ends of that curve."""
    powers = [AREA, *(f"area^{power:g}" for power in POWERS)]
    curve = sorted((value[name, "other PSNR"], value[name, "kept PSNR"]) for name in powers)
    others, kept = [point[0] for point in curve], [point[1] for point in curve]
    rows = []
    for name in (LEARNED, *CANDIDATES, "h_gt", BINARY):
        shown = value.get((name, "other PSNR"))
        if shown is not None and others[0] <= shown <= others[-1]:
            gain = value[name, "kept PSNR"] - float(numpy.interp(shown, others, kept))
            rows.append(Row(f"{what}, {name}: kept PSNR at equal doubt", gain, "dB"))
    return rows


def by_gamma(what: str, made: list[Latents]) -> list[Row]:
    """What the default mask leaves of the error at the default gamma and at the best."""
    left: dict[float, float] = {}
    for gamma in GAMMAS:
        shares = [
            left_over(one.truth, one.warp, one.masks[DEFAULT], noise_for(index, one.truth), gamma)
            for index, one in enumerate(made)
        ]
        left[gamma] = math.sqrt(mean(shares))
    usual, best = ProximalSettings().gamma, min(GAMMAS, key=left.__getitem__)
    return [
        Row(f"{what}, {DEFAULT}: error left, gamma {usual:g}", left[usual], "x"),
        Row(f"{what}, {DEFAULT}: error left, its best gamma {best:g}", left[best], "x"),
    ]


def targets(what: str, rows: list[Row]) -> list[Row]:
    """The order of masks by what they keep, and by the balanced figure, which trusting everything does not win."""
    value = {row.name: row.value for row in rows}
    pairs = ((LEARNED, BINARY, LEARNED_ABOVE_BINARY), (LEARNED, DEFAULT, 0.0), (DEFAULT, AREA, 0.0), (AREA, BINARY, 0.0))
    found = []
    for (one, other, bound), figure in product(pairs, ("kept PSNR", "balanced PSNR")):
        names = [f"{what}, {name}: {figure}" for name in (one, other)]
        if all(name in value for name in names):
            gain = value[names[0]] - value[names[1]]
            name = f"{what}: {figure}, {one} over {other}"
            found.append(at_least(name, gain, "dB", bound) if figure == "kept PSNR" else Row(name, gain, "dB"))
    return found


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """Both sets."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    coder, predictor = video_vae(args.vae), load_predictor(MASK_ENCODER)
    predict = (lambda visible, warp: predictor.mask(visible[None], warp[None])) if args.vae == EMBEDDED_VAE else None
    rows: list[Row] = []
    for what, cases in ((NEW_VIEWS, new_views(seed, args.scenes)), (REPROJECTIONS, reprojections(seed, args.clips))):
        found = compare(what, cases, coder, predict)
        rows += [*targets(what, found), *found]
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vae", type=Path, default=EMBEDDED_VAE, help="a Wan VAE; the embedded one by default")
    parser.add_argument("--scenes", type=int, default=5, help="scenes of the synthetic world")
    parser.add_argument("--clips", type=int, default=4, help="reprojections of real clips, at most 6")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("masks", run, add_arguments)
