"""Latent masks on other VAEs, without retraining: does what was chosen on the video VAE hold on VAEs of single pictures?

``python -m benchmarks.masks_other_vaes --seed 0 --scenes 4 --json -``

The figures of ``benchmarks.masks`` on new views of synthetic scenes, for each VAE of ``benchmarks.masks_coders``. A mask
encoder was trained for the video VAE alone; elsewhere *held_warp* stands where the learned mask would, of which it is the
beginning. ``PSNR`` is each VAE's own, of the true views.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator
from functools import partial
from statistics import mean

import torch

from benchmarks.masks import AREA, BINARY, DEFAULT, LEARNED, NEW_VIEWS, compare
from benchmarks.masks_cases import Case, new_views
from benchmarks.masks_coders import Coder, frame_by_frame, linear_vae, picture_vae, video_vae
from benchmarks.report import Row, at_least, at_most, main
from inversecrafter_core.evaluation import masked_psnr
from training.export_vae import FILE as EMBEDDED_VAE
from training.image_vae import FILE as PICTURE_VAE
from training.mask_model import load_predictor
from training.mask_options import FILE as MASK_ENCODER

CODERS: tuple[Callable[[], Coder], ...] = (
    partial(video_vae, EMBEDDED_VAE),
    partial(frame_by_frame, EMBEDDED_VAE),
    linear_vae,
    *([picture_vae] if PICTURE_VAE.exists() else []),
)
SHOWN = (LEARNED, "held_warp", DEFAULT, "holed_warp_area", "two_infills", "mask_video", AREA, BINARY, "h_gt")
FIGURES = ("L1", "SSIM", "kept PSNR", "other PSNR", "balanced PSNR", "error left", "kept PSNR at equal doubt")
LEARNED_OVER_HELD = 0.95
"""Target: as good as the learned mask is at most a twentieth farther from ``h_gt``."""


def targets(what: str, value: dict[str, float]) -> list[Row]:
    """Against *binary* and *area* on every VAE, against the learned mask where there is one."""
    left = {name: value[f"{what}, {name}: error left"] for name in (DEFAULT, AREA, BINARY)}
    rows = [
        at_most(f"{what}: error left, {DEFAULT} over {name}", left[DEFAULT] / left[name], "x", 1.0) for name in (AREA, BINARY)
    ]
    balanced = [value[f"{what}, {name}: balanced PSNR"] for name in (DEFAULT, AREA)]
    rows.append(at_least(f"{what}: balanced PSNR, {DEFAULT} over {AREA}", balanced[0] - balanced[1], "dB", 0.0))
    learned, held = (value.get(f"{what}, {name}: L1") for name in (LEARNED, "held_warp"))
    if learned is not None and held is not None:
        rows.append(at_least(f"{what}: L1, learned over held_warp", learned / held, "x", LEARNED_OVER_HELD))
    return rows


def again(coder: Coder, cases: list[Case]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """What the VAE makes of the true views, and these."""
    truths = [case.truth for case in cases]
    return zip(coder.decode(coder.encode(truths)), truths, strict=True)


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """One VAE after the other, on the same scenes."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    cases, predictor = list(new_views(seed, args.scenes)), load_predictor(MASK_ENCODER)
    rows: list[Row] = []
    for open_coder in CODERS:
        coder = open_coder()
        predict = (lambda visible, warp: predictor.mask(visible[None], warp[None])) if open_coder is CODERS[0] else None
        found = compare(coder.name, cases, coder, predict)
        value = {row.name: row.value for row in found}
        rows.append(Row(f"{coder.name}: PSNR", mean(masked_psnr(*pair) for pair in again(coder, cases)), "dB"))
        rows += targets(coder.name, value)
        shown = {f"{coder.name}, {mask}: {figure}" for mask in SHOWN for figure in FIGURES}
        rows += [row for row in found if row.name in shown]
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=3, help=f"{NEW_VIEWS} of so many scenes, at least 2")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("masks_other_vaes", run, add_arguments)
