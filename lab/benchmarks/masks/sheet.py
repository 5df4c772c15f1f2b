"""Every latent mask of one scene, side by side, to be looked at: ``python -m lab.benchmarks.masks.sheet sheet.png [--seed 5]``.

A line a mask; a column a latent frame, the mean over channels, then two channels of the last frame. White = known. On top the
last picture of each group of frames: the truth, and the warp with its holes in magenta.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from lab.models.latent_space import LatentSpace
from lab.models.mask_encoder import load_predictor
from lab.models.shipped import MASK_ENCODER_FILE as MASK_ENCODER
from lab.models.shipped import VAE_FILE as EMBEDDED_VAE

from .cases import Case, new_views
from .compare import BINARY, DEFAULT, GREY, LEARNED, SHARE, WANTED, Made, made_of

SHOWN = (WANTED, GREY, LEARNED, DEFAULT, SHARE, BINARY)
CHANNELS = (0, 8)
MAGENTA = (1.0, 0.0, 1.0)


def draw(case: Case, made: Made, target: Path) -> None:
    """One labelled grid."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    frames = made.w.shape[2]
    last = [4 * index for index in range(frames)]
    holed = torch.where(case.visible[..., None] > 0.5, case.warp, torch.tensor(MAGENTA))
    picture, panels = pyplot.subplots(len(SHOWN) + 2, frames + len(CHANNELS), figsize=(11, 1.15 * (len(SHOWN) + 2)))
    for axes in panels.flat:
        axes.set_xticks([])
        axes.set_yticks([])
    for line, (name, clip) in zip(panels, (("truth", case.truth), ("warp", holed)), strict=False):
        line[0].set_ylabel(name, rotation=0, ha="right")
        for axes, frame in zip(line, last, strict=False):
            axes.imshow(clip[frame].clamp(0, 1))
    for line, name in zip(panels[2:], SHOWN, strict=True):
        h = made.masks[name][0]
        line[0].set_ylabel(name, rotation=0, ha="right")
        planes = [*h.mean(0), *(h[channel, -1] for channel in CHANNELS)]
        for axes, plane in zip(line, planes, strict=True):
            axes.imshow(plane, cmap="gray", vmin=0, vmax=1)
    for axes, channel in zip(panels[0, frames:], CHANNELS, strict=True):
        axes.set_title(f"channel {channel}", fontsize=8)
    picture.tight_layout(pad=0.2)
    picture.savefig(target, dpi=80)
    pyplot.close(picture)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.masks.sheet", description=__doc__)
    parser.add_argument("picture", type=Path, help="where the picture goes")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    predictor, case = load_predictor(MASK_ENCODER), next(new_views(arguments.seed, 1))
    with torch.inference_mode():
        space = LatentSpace(EMBEDDED_VAE, precision=torch.bfloat16)
        made = made_of(case, space, lambda visible, warp: predictor.mask(visible[None], warp[None]))
    draw(case, made, arguments.picture)


if __name__ == "__main__":
    main()
