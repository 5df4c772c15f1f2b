"""Score the shipped depth network and write its card and sheet. ``python -m lab.benchmarks.models.depth_card``

The figures are those of ``lab.benchmarks.models.depth``. The sheet has a row a clip: picture, true depth where it is known,
ours, FastDepth's; all in one scale for the row.
"""

from __future__ import annotations

import argparse
import math
import time

import cv2
import numpy as np
import torch

from inversecrafter_core.depth import DepthEstimator, SmallDepth
from inversecrafter_core.depth.estimators.small import AREA
from inversecrafter_core.depth.upsample import resize_map
from lab.data.assets import asset
from lab.data.stereo import load_stereo_pair
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.host.paths import ROOT
from lab.world import WORLD_VERSION, frame_times, random_scene, render

from . import depth as model_depth
from .card import figures, misses, origin, training_line
from .depth import FILE, FRAMES, HEIGHT, PAIR, WIDTH, teacher
from .sheet import write_sheet

SEED, SCENES, SHEET_SCENES = 0, 32, 5
SPREAD = 4.0  # the sheet's colours span this factor either side of the row's median depth
SHOWN_FRAME = 8


def strip(video: torch.Tensor, truth: torch.Tensor | None, models: list[DepthEstimator]) -> torch.Tensor:
    """One row of the sheet, ``[1, HEIGHT, 4 * WIDTH, 3]``: the frame in the middle of ``video [F, HEIGHT, WIDTH, 3]``."""
    shown = min(SHOWN_FRAME, len(video) - 1)
    maps = [truth] + [model.estimate(video).values for model in models]
    parts = [video[shown]]
    for depth in maps:
        parts.append(torch.full_like(video[0], 0.5) if depth is None else _coloured(depth)[shown])
    return torch.cat(parts, 1)[None]


def _coloured(depth: torch.Tensor) -> torch.Tensor:
    """``[F, H, W]`` to ``[F, H, W, 3]``: a factor of ``SPREAD`` either side of the median is the range of colours."""
    known = torch.isfinite(depth)
    nearness = 0.5 - (depth / depth[known].median()).log() / (2 * math.log(SPREAD))
    levels = torch.where(known, nearness.clamp(0, 1) * 255, 0).byte().numpy()
    painted = [cv2.applyColorMap(level, cv2.COLORMAP_INFERNO)[..., ::-1].copy() for level in levels]
    return torch.from_numpy(np.stack(painted)).float() / 255 * known[..., None]


def sheet(models: list[DepthEstimator]) -> None:
    rows = []
    for seed in scene_seeds(SEED, SHEET_SCENES):
        clip = render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH)
        rows.append(strip(clip.colour, clip.depth, models))
    if all(asset(name) for name in PAIR):
        pair = load_stereo_pair(*(path for path in map(asset, PAIR) if path is not None))
        small = resize_map(pair.left.permute(2, 0, 1), (HEIGHT, WIDTH), "area").permute(1, 2, 0)
        truth = torch.where(pair.geometry.valid, pair.geometry.depth, torch.inf)
        rows.append(strip(small[None], resize_map(truth, (HEIGHT, WIDTH), "nearest-exact"), models))
    rows += [strip(real_clip(name), None, models) for name in REAL_CLIPS if asset(name)]
    write_sheet(rows, ROOT / "weights" / "depth.jpg")


def frames_a_second(model: DepthEstimator) -> float:
    """On this machine and as many threads as torch has now, for clips of the sheet's size."""
    video = torch.rand(FRAMES, HEIGHT, WIDTH, 3)
    model.estimate(video)
    start = time.perf_counter()
    model.estimate(video)
    return FRAMES / (time.perf_counter() - start)


def card(ours: SmallDepth) -> str:
    found = model_depth.rows(SEED, SCENES)
    weights = sum(value.numel() for value in ours.module.parameters()) / 1e6
    return f"""# inversecrafter_small_depth

A small recurrent depth network ({weights:.1f} M parameters) for *Load Depth Model*: relative depth of a clip,
one unknown factor for the whole of it. {origin(FILE)}

A convolutional encoder and decoder on frames of about {AREA} pixels in the clip's own shape; on its two coarsest levels a gated
running average over the frames; before and behind it an average over what stands still. The map comes to the clip's size
along image edges. {frames_a_second(ours):.0f} frames a second of {WIDTH}x{HEIGHT} on {torch.get_num_threads()} CPU core.

Training: {training_line(FILE)}, shared with other work. Data: clips of the synthetic
world (version {WORLD_VERSION}) with exact depth and random lenses, and photographs with
FastDepth's depth, as glides over windows of them (from scikit-image, matplotlib, and through `--folder` Debian's
`opencv-doc` without its stereo pairs). Loss: absolute log error after one factor a clip, its gradients, its change from frame
to frame; photographs teach no edges. The first 45 % of the time went into single small pictures. In the shipped
run the share of photographs was raised twice, after 14 and 26 minutes, after a look at the stereo pair: its figure is not
quite blind.

## Figures

`python -m lab.benchmarks.models.depth --seed {SEED} --scenes {SCENES}`, on held-out scenes and real footage that nothing
trained on

{figures(found)}

Targets missed:

{misses(found)}

![picture, true depth, ours, FastDepth](depth.jpg)

Picture, true depth where it is known, ours, FastDepth; near is bright. Held-out scenes, the stereo pair, real clips.

## Limits

It knows one small world. On real footage it sees the ground, large near things and little else: thin things, people and
anything that is neither on a floor nor before a wall come out flat or wrong. It gives no metres and no lens. For real work
take a large model; this one is here so that every workflow runs without a download, and so that depth does not flicker.
Where the stereo pair misses its target, the depth is too flat: a cluttered room becomes a floor that rises to a wall.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    ours, other = SmallDepth.load(FILE), teacher()
    sheet([ours] if other is None else [ours, other])
    (ROOT / "weights" / "inversecrafter_small_depth.md").write_text(card(ours), encoding="utf-8")


if __name__ == "__main__":
    main()
