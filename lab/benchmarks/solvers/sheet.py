"""The solvers side by side in pictures: one scene, a row a way, among its moments every frame of one causal group.

``python -m lab.benchmarks.solvers.sheet --seed 0 --number 0 [--strength 0] docs/solvers_sheet.jpg``
"""

from __future__ import annotations

import argparse
import logging
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from lab.data.unseen import scene_seeds
from lab.demo.sheet import contact_sheet, paint_holes
from lab.models.shipped import decode, load_dit, load_vae

from .methods import METHODS, MOVE, Lab, cases

SHOWN = tuple(name for name in METHODS if name != MOVE)
MOMENTS = (0, 4, 8, 9, 10, 11, 12, 14, 16)
"""Frames shown: 9 to 12 share a latent frame."""
STEPS = 16


def as_bytes(video: torch.Tensor) -> np.ndarray:
    """``[F, H, W, 3]`` in 0...1 as uint8."""
    return (video.clamp(0, 1) * 255).round().byte().numpy()


def sheet(seed: int, number: int, strength: float) -> np.ndarray:
    """Truth, warp with its holes in magenta, and every shown way, on the scene of that number."""
    lab = Lab.of(load_dit(), load_vae(), STEPS, strengths=(strength,))
    case = next(islice(cases(scene_seeds(seed, 8 * (number + 1)), number + 1, lab.coder), number, None))
    holes = (255 * (1 - case.visible))[..., None].byte().numpy()
    rows = {"true view": as_bytes(case.truth), "warp": paint_holes(as_bytes(case.warp), holes)}
    rows |= {name: as_bytes(decode(lab.coder, METHODS[name](lab, case))) for name in SHOWN}
    shown = {f"{name}, frames {', '.join(map(str, MOMENTS))}": video[list(MOMENTS)] for name, video in rows.items()}
    return contact_sheet(shown, len(MOMENTS), case.truth.shape[2])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.solvers.sheet", description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=0, help="which of the benchmark's scenes")
    parser.add_argument("--strength", type=float, default=0.0, help="of the prior")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(arguments.threads)
    drawn = sheet(arguments.seed, arguments.number, arguments.strength)
    picture = cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.picture), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
