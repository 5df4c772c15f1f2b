"""Score the shipped mask encoder and write its card and sheet. ``python -m lab.benchmarks.models.mask_card``

The figures are those of ``lab.benchmarks.models.mask_encoder``. The sheet has two rows a clip: the last but one and a middle
latent frame, each as picture, holes, ``h_gt`` and the learned ``h`` of three channels in turns, and what *binary* makes of it.
"""

from __future__ import annotations

import argparse
from itertools import chain

import torch

from inversecrafter_core.masks import binary
from inversecrafter_core.masks.causal import GROUP
from lab.data.reprojections import PHOTO_SHARE, STRENGTHS
from lab.host.paths import ROOT, RUNS
from lab.models.latent_space import LatentSpace
from lab.models.mask_encoder import SSIM_WEIGHT, MaskPredictor, load_predictor
from lab.models.shipped import MASK_ENCODER_FILE as FILE
from lab.models.shipped import VAE_FILE
from lab.world import WORLD_VERSION

from . import mask_encoder as model_mask_encoder
from .card import figures, misses, origin, training_line
from .mask_encoder import Case, real_cases, scene_cases
from .sheet import write_sheet

SEED, SCENES = 0, 6
"""Name of the run that the shipped file came from."""
SHOWN = {
    "mask": "the pixel mask alone, as the paper has it",
    "warp": "the infilled warp alone, as the paper has it",
    "marked": "the infilled warp, its holes pushed below the range of colours, so that it sees both measurement and mask",
    "infills": "the infilled warp, and the same filled again with what other frames show of the place, along optical flow",
}
"""What an encoder is shown, by its ``reads``."""
LIMITS = """\
**Its weights were trained towards another target**, `h_gt` with grey holes, and hardly moved from those of the VAE's own
encoder; what changed since is that its answers to two infills are compared with each other. *Before training* is that encoder
itself. What beats the other masks is the second infill that it is shown. Retraining on the infilled target is to be done. A
double reprojection's holes were seen in other frames more often than those of a real warp, so the last set is the honest one
for a new camera. It knows one VAE, one small world and moderate camera motion. What a mask is for, `python -m
lab.benchmarks.masks.compare` measures.
"""
FRAME = (0.2, 0.5, 0.9)
"""Colour of the lines between the sheet's tiles; masks are grey."""
CHANNELS, LATENT_FRAMES = (0, 5, 10), (2, 4)


def _row(case: Case, wanted: torch.Tensor, learned: torch.Tensor, frame: int) -> torch.Tensor:
    """One latent frame of one clip as a strip ``[1, H, 9 W, 3]``; white = known."""
    shown, height = GROUP * frame, case.truth.shape[1]
    tiles = [case.truth[shown], case.visible[shown].unsqueeze(-1).expand(-1, -1, 3)]
    for channel in CHANNELS:
        tiles += [_tile(h[0, channel, frame], height) for h in (wanted, learned)]
    return torch.cat([_framed(tile) for tile in [*tiles, _tile(binary(case.visible)[0, 0, frame], height)]], 1)[None]


def _framed(tile: torch.Tensor) -> torch.Tensor:
    framed = tile.clone()
    framed[-2:] = framed[:, -2:] = torch.tensor(FRAME)
    return framed


def _tile(cells: torch.Tensor, height: int) -> torch.Tensor:
    times = height // cells.shape[0]
    return cells.repeat_interleave(times, 0).repeat_interleave(times, 1).unsqueeze(-1).expand(-1, -1, 3)


@torch.inference_mode()
def sheet(predictor: MaskPredictor) -> None:
    space, rows = LatentSpace(VAE_FILE), []
    for case in chain(scene_cases(SEED, 3), list(real_cases())[::2]):
        visible = case.visible[None]
        wanted, learned = space.wanted(case.truth[None], case.warp[None]), predictor.mask(visible, case.warp[None])
        rows += [_row(case, wanted, learned, frame) for frame in LATENT_FRAMES]
    write_sheet(rows, ROOT / "weights" / "mask_encoder.jpg")


def others(shipped: MaskPredictor) -> dict[str, MaskPredictor]:
    """Encoders of runs ``mask_<reads>`` that are shown something else, by what they read."""
    files = {reads: RUNS / f"mask_{reads}" / "encoder.safetensors" for reads in SHOWN if reads != shipped.spec.reads}
    return {f"reads {reads}": load_predictor(file) for reads, file in files.items() if file.exists()}


def card(predictor: MaskPredictor) -> str:
    more = others(predictor)
    found = model_mask_encoder.rows(SEED, SCENES, more)
    weights = sum(value.numel() for value in predictor.encoder.parameters()) / 1e6
    low, high = STRENGTHS
    lines = [f"- *{name}*: {SHOWN[name.removeprefix('reads ')]}." for name in more]
    compared = "\n".join(["", "Trained the same way, and not shipped:", "", *lines, ""]) if lines else ""
    return f"""# inversecrafter_small_mask_encoder

The encoder half of a Wan 2.1 VAE at base width {predictor.spec.width} ({weights:.1f} M parameters). It says how far each
latent of a warp is known, for *Load Mask Encoder* and the mask *learned*. For latents of
`inversecrafter_small_wan_vae` only; another VAE needs its own, see
[docs/training.md](../docs/training.md). {origin(FILE)}

It reads *{predictor.spec.reads}*: it is shown {SHOWN[predictor.spec.reads]}.
Its layers began as those of the VAE's own encoder; with `--kept` the lowest stages were left so.

Training: {training_line(FILE)}, shared with other work. Data: clips of the synthetic
world (version {WORLD_VERSION}) with exact depth, double reprojections along the six trajectories at {low} to {high} times their
amounts, windows of 64x64; in {PHOTO_SHARE:.0%} of the windows the pixels are a glide over a photograph. Loss:
`L1 + {SSIM_WEIGHT} (1 - SSIM)` against `h_gt`, which the figures below take as `1 - tanh|E(x) - E(fill(m x))|`, the masked
clip infilled by Telea's method before it is encoded.

## Figures

`python -m lab.benchmarks.models.mask_encoder --seed {SEED} --scenes {SCENES}`, on held-out scenes and real footage that nothing
trained on. *area^p* is the share of known pixels to a power; *another infill against this one* is
`1 - tanh|E(held) - E(y)|`, which needs no training. The last set is what a mask is for, warps of a scene to a new view; it has
no double reprojection in it.
{compared}
{figures(found)}

Targets missed:

{misses(found)}

![picture, holes, h_gt and learned of three channels in turns, binary](mask_encoder.jpg)

Picture, holes, then `h_gt` and the learned `h` of channels {", ".join(map(str, CHANNELS))} in turns, then *binary*; white =
known. Held-out scenes, then real clips.

## Limits

{LIMITS}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    predictor = load_predictor(FILE)
    sheet(predictor)
    (ROOT / "weights" / "inversecrafter_small_mask_encoder.md").write_text(card(predictor), encoding="utf-8")


if __name__ == "__main__":
    main()
