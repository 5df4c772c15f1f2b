"""The solvers side by side in pictures: five moments of one scene, a row a way.

``python -m benchmarks.solver_sheet --seed 0 --number 0 docs/solvers_sheet.jpg``
"""

from __future__ import annotations

import argparse
import logging
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.solver_ways import BARE, DPS, EXACT, METHODS, PASTE, PIXELS, REFILLED, Lab, cases
from benchmarks.unseen import scene_seeds
from demo.sheet import contact_sheet, paint_holes
from training.shipped import decode, load_dit, load_vae

SHOWN = (BARE, PASTE, "Zero4D", DPS, PIXELS, EXACT, REFILLED)
COLUMNS = 5
STEPS = 16


def as_bytes(video: torch.Tensor) -> np.ndarray:
    """``[F, H, W, 3]`` in 0...1 as uint8."""
    return (video.clamp(0, 1) * 255).round().byte().numpy()


def sheet(seed: int, number: int) -> np.ndarray:
    """Truth, warp with its holes in magenta, and every shown way, on the scene of that number."""
    lab = Lab.of(load_dit(), load_vae(), STEPS)
    case = next(islice(cases(scene_seeds(seed, 8 * (number + 1)), number + 1, lab.coder), number, None))
    holes = (255 * (1 - case.visible))[..., None].byte().numpy()
    rows = {"true view": as_bytes(case.truth), "warp": paint_holes(as_bytes(case.warp), holes)}
    rows |= {name: as_bytes(decode(lab.coder, METHODS[name](lab, case))) for name in SHOWN}
    return contact_sheet(rows, COLUMNS, case.truth.shape[2])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solver_sheet", description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, default=0, help="which of the benchmark's scenes")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(arguments.threads)
    picture = cv2.cvtColor(sheet(arguments.seed, arguments.number), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(arguments.picture), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
