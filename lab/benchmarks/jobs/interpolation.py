"""The way between two pictures, on unseen scenes whose every view is rendered: ours against a cross-fade and optical flow.

``python -m lab.benchmarks.jobs.interpolation --seed 0 --scenes 16 --json -``; means over scenes with their 95 % interval.

A camera goes a tenth or a fifth of the pivot's depth; the first and the last view are given, what is between is judged.
*Still*: one moment of the scene. *Moving*: a second, in which half the scenes' things go and turn by themselves, up to more
than their own size. Depth and cameras are the rendering's (*exact*), or depth is the small network's, lens and cameras
unknown (*estimated*).

* ``cross-fade``: linear. ``DIS flow``: both ends moved along optical flow at full size and faded (flow at the time between as
  in Super SloMo, eq. 4), OpenCV's preset *medium*.
* ``model alone``: between clean ends, as Join Ends gives them; decoded.
* ``guided``: Warp Ends, before any model. ``guided, decoded``: completed by the small model as
  ``workflows/interpolation.json`` does. ``guided, composite``: with the guided pixels put back where an end saw the place.
  With exact depth the model is left out.

Where too few matches agree on a camera, the node goes along optical flow alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import torch

from inversecrafter_core.clips import GuidedEnds, warp_from_ends
from inversecrafter_core.clips.ends import between_ends
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.flow import fade_along, flow_between
from inversecrafter_core.masks import MaskMethod, MaskSettings
from inversecrafter_core.sampling import Window
from inversecrafter_core.sampling.stochastic import Release
from lab.benchmarks.intervals import mean_row, ratios, surely_at_most
from lab.benchmarks.report import Row, model_main
from lab.data.job_scenes import Estimator, exact, views
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import Lpips, load_lpips
from lab.world import Clip

from .model import Completion, Studio, put_together

KINDS = {"still, 10 %": (0.1, False), "still, 20 %": (0.2, False), "moving, 10 %": (0.1, True)}
"""Baseline in pivot depths, and whether time goes on."""
GUIDED = Completion(8, Release(0.7), Window(0.63))
"""As in the workflow."""
ALONE = Completion(8, mask=MaskSettings(MaskMethod.BINARY))
FADE, FLOW = "cross-fade", "DIS flow"
JUDGED = slice(2, -1, 3)
Figures = dict[str, dict[str, list[float]]]


def cross_fade(start: torch.Tensor, end: torch.Tensor, frames: int) -> torch.Tensor:
    """``[frames, H, W, 3]``, evenly."""
    return torch.lerp(start[None], end[None], torch.linspace(0, 1, frames).view(-1, 1, 1, 1))


def along_dis(start: torch.Tensor, end: torch.Tensor, frames: int) -> torch.Tensor:
    """Both pictures moved along DIS flow at full size and faded: the common way to interpolate without a network."""
    flow = flow_between(start, end, long_side=max(start.shape))
    between = [fade_along(flow, torch.stack([start, end]), float(share))[0] for share in torch.linspace(0, 1, frames)[1:-1]]
    return torch.stack([start, *between, end])


def guided(clip: Clip, kind: str, estimator: Estimator) -> GuidedEnds:
    """Warp Ends on the first and the last view."""
    start, end = clip.colour[:1], clip.colour[-1:]
    if kind == "exact":
        return warp_from_ends(start, end, exact(clip, [0, -1]), len(clip.times))
    space = estimator.geometry(torch.cat([start, end]))
    return warp_from_ends(start, end, space, len(clip.times))


def made(clip: Clip, estimator: Estimator, studio: Studio, seed: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Every way from the first to the last view."""
    start, end = clip.colour[0], clip.colour[-1]
    yield FADE, cross_fade(start, end, len(clip.times))
    yield FLOW, along_dis(start, end, len(clip.times))
    yield "VAE of the truth", studio.through_vae(clip.colour)
    yield "model alone", studio.complete(*between_ends(start[None], end[None], len(clip.times)), ALONE, seed)
    for kind in ("exact", "estimated"):
        ends = guided(clip, kind, estimator)
        yield f"guided, {kind} depth", ends.video
        if kind == "exact":
            continue
        decoded = studio.complete(ends.video, ends.visible, GUIDED, seed)
        yield f"guided, {kind} depth, decoded", decoded
        yield f"guided, {kind} depth, composite", put_together(decoded, ends.video, ends.visible)


def measured(seeds: list[int], studio: Studio, metric: Lpips | None) -> dict[str, Figures]:
    """Figures by kind of scene and way, a value a scene."""
    estimator = Estimator()
    found: dict[str, Figures] = {kind: {} for kind in KINDS}
    for seed in seeds:
        for kind, (baseline, moving) in KINDS.items():
            clip = views(seed, baseline, moving).clip
            for way, video in made(clip, estimator, studio, seed):
                figures = found[kind].setdefault(way, defaultdict(list))
                figures["PSNR"].append(masked_psnr(video[1:-1], clip.colour[1:-1]))
                if metric is not None:
                    pair = (one[JUDGED].movedim(-1, 1) for one in (video, clip.colour))
                    figures["LPIPS"].append(float(metric(*pair).mean()))
    return found


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the interpolation job."""
    found, table, targets = measured(scene_seeds(seed, scenes), Studio.load(), load_lpips()), [], []
    for kind, ways in found.items():
        for ours in ("guided, exact depth", "guided, estimated depth, composite"):
            for other in (FADE, FLOW):
                if "LPIPS" in ways[ours]:
                    ratio = ratios(ways[ours]["LPIPS"], ways[other]["LPIPS"])
                    targets.append(surely_at_most(f"{kind}: LPIPS, {ours} over {other}", ratio, "x", 1.0))
        for way, part in ways.items():
            table += [mean_row(f"{kind}: {way}: {name}", part[name], "dB" if name == "PSNR" else "") for name in part]
    return targets + table


if __name__ == "__main__":
    model_main("interpolation", rows)
