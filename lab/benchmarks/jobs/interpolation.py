"""The clip between two pictures, on unseen scenes whose every view is rendered: ours, a cross-fade and optical flow.

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

from collections.abc import Iterator

import torch

from inversecrafter_core.clips import GuidedEnds, warp_from_ends
from inversecrafter_core.clips.ends import between_ends
from inversecrafter_core.editing import composite
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.flow import fade_along, flow_between
from inversecrafter_core.masks import MaskMethod, MaskSettings
from inversecrafter_core.sampling import Window
from inversecrafter_core.sampling.stochastic import Release
from lab.benchmarks.report import Row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.scenes.jobs import Estimator, views
from lab.data.unseen import scene_seeds
from lab.models.completion import Completion, complete
from lab.models.guided import SmallWan, lpips, small_wan
from lab.world import Clip

KINDS = {"still, 10 %": (0.1, False), "still, 20 %": (0.2, False), "moving, 10 %": (0.1, True)}
"""Baseline in pivot depths, and whether time goes on."""
GUIDED = Completion(8, Release(0.7), Window(0.63))
"""As in the workflow."""
ALONE = Completion(8, mask=MaskSettings(MaskMethod.BINARY))
FADE, FLOW = "cross-fade", "DIS flow"
JUDGED = slice(2, -1, 3)
OURS = ("guided, exact depth", "guided, estimated depth, composite")


def cross_fade(start: torch.Tensor, end: torch.Tensor, frames: int) -> torch.Tensor:
    """Return ``[frames, H, W, 3]``, faded evenly."""
    return torch.lerp(start[None], end[None], torch.linspace(0, 1, frames).view(-1, 1, 1, 1))


def along_dis(start: torch.Tensor, end: torch.Tensor, frames: int) -> torch.Tensor:
    """Move both pictures along DIS flow at full size and fade: the common interpolation without a network."""
    flow = flow_between(start, end, long_side=max(start.shape))
    between = [fade_along(flow, torch.stack([start, end]), float(share))[0] for share in torch.linspace(0, 1, frames)[1:-1]]
    return torch.stack([start, *between, end])


def guided(clip: Clip, kind: str, estimator: Estimator) -> GuidedEnds:
    """Return Warp Ends of the first and the last view."""
    start, end = clip.colour[:1], clip.colour[-1:]
    if kind == "exact":
        return warp_from_ends(start, end, clip.at([0, -1]).geometry(), len(clip.times))
    space = estimator.geometry(torch.cat([start, end]))
    return warp_from_ends(start, end, space, len(clip.times))


def made(clip: Clip, estimator: Estimator, wan: SmallWan, seed: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the clip of every method between the first and the last view."""
    start, end, frames = clip.colour[0], clip.colour[-1], len(clip.times)
    yield FADE, cross_fade(start, end, frames)
    yield FLOW, along_dis(start, end, frames)
    yield "model alone", complete(wan, *between_ends(start[None], end[None], frames), ALONE, seed)
    yield OURS[0], guided(clip, "exact", estimator).video
    ends = guided(clip, "estimated", estimator)
    yield "guided, estimated depth", ends.video
    decoded = complete(wan, ends.video, ends.visible, GUIDED, seed)
    yield "guided, estimated depth, decoded", decoded
    yield OURS[1], composite(decoded, ends.video, ends.visible, 2)


def one_scene(seed: int) -> Scene:
    """Measure every method on every kind of one scene."""
    estimator, metric, found = Estimator(), lpips(), Scene()
    for kind, (baseline, moving) in KINDS.items():
        clip = views(seed, baseline, moving)
        for method, video in made(clip, estimator, small_wan(), seed):
            figures = {"PSNR": masked_psnr(video[1:-1], clip.colour[1:-1])}
            if metric is not None:
                pair = (one[JUDGED].movedim(-1, 1) for one in (video, clip.colour))
                figures["LPIPS"] = float(metric(*pair).mean())
            found[Key(method, kind)] = figures
    return found


def table(found: Samples) -> list[Row]:
    """Compare ours with the baselines, and list every mean."""
    keys = [Key(ours, kind) for kind in dict.fromkeys(key.case for key in found) for ours in OURS]
    compared = [key for key in keys if found.has(key, "LPIPS")]
    return [found.ratio(key, other, "LPIPS", most=1) for key in compared for other in (FADE, FLOW)] + found.means()


def rows(seed: int, scenes: int = 16, processes: int = 2) -> list[Row]:
    """Measure the interpolation job."""
    return table(measure(one_scene, scene_seeds(seed, scenes), scenes, processes))


if __name__ == "__main__":
    main(rows)
