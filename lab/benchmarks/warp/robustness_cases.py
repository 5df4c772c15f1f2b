"""A damaged depth's warp as evidence, and the clip that the video model makes of it.

Everything a run has is there: the real warp (``warp_video``), its holes filled by Telea's method, encoded, the default
mask with the first frame known. Videos are ``[F, H, W, 3]``, latents normalised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.depth import RawDepth, denoise, noise_level, stabilise
from inversecrafter_core.evaluation import masked_lpips, masked_psnr
from inversecrafter_core.flow import clip_flow
from inversecrafter_core.inverse import encode_measurement
from inversecrafter_core.warp import fill_holes, warp_video
from lab.benchmarks.solvers.methods import LEAST_HOLES, Case, Lab, Way
from lab.data.damage import NONE, Damage, Seen
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import Lpips
from lab.models.shipped import ShippedCoder, WanVAE, decode, encode
from lab.world import caption, random_scene


@dataclass(frozen=True)
class Evidence:
    """What is known of one scene's new view under one damage.

    Attributes:
        seen: the scene.
        filled: the warp, its holes filled.
        visible: ``[F, H, W]`` float.
        w, z_true: ``E(filled)``, ``E(truth)``.
        h: latent mask.
    """

    seen: Seen
    filled: torch.Tensor
    visible: torch.Tensor
    w: torch.Tensor
    z_true: torch.Tensor
    h: torch.Tensor

    @classmethod
    def of(cls, seen: Seen, damage: Damage, coder: WanVAE, denoised: bool = False) -> Evidence:
        source, geometry = seen.source.colour, seen.geometry(damage)
        geometry = without_noise(geometry, source) if denoised else geometry
        path = seen.path(geometry)
        warp = warp_video(source, geometry, path)
        filled, visible = fill_holes(warp.video, warp.visible), warp.visible.float()
        made = encode_measurement(ShippedCoder(coder), filled, visible, first_frame_known=True)
        return cls(seen, filled, visible, made.w, encode(coder, seen.target.colour), made.h)

    def case(self) -> Case:
        """For the ways of ``lab.benchmarks.solvers.methods``, whose default mask is ``h``."""
        noise = torch.randn(self.w.shape, generator=torch.Generator().manual_seed(self.seen.seed))
        prompt, truth = caption(random_scene(self.seen.seed)), self.seen.target.colour
        return Case(truth, self.filled, truth, self.visible, self.w, {"usual": self.h}, prompt, noise, self.z_true)


def without_noise(geometry: Geometry, source: torch.Tensor) -> Geometry:
    """As *Estimate Depth* does with "frames, pixels and noise": stabilised, then smoothed by as much as it flickered."""
    raw, flow = RawDepth(geometry.depth, "metric_depth"), clip_flow(source)
    steady, _ = stabilise(raw, flow, frames=False)  # the cameras are known, so whole frames are left alone
    return replace(geometry, depth=denoise(steady, flow, noise_level(raw, flow)).values)


def worth_judging(seen: Seen) -> bool:
    """Whether the exact warp has holes enough."""
    geometry = seen.geometry(NONE)
    visible = warp_video(seen.source.colour, geometry, seen.path(geometry)).visible
    return float((~visible).float().mean()) >= LEAST_HOLES


def unseen(seed: int, count: int) -> list[Seen]:
    """The first ``count`` held-out scenes that are worth judging."""
    return list(islice(filter(worth_judging, map(Seen.of, scene_seeds(seed, 8 * count))), count))


def judged(lab: Lab, evidence: Evidence, way: Way, distance: Lpips | None) -> list[dict[str, float]]:
    """PSNR and LPIPS against the *true* view, of each clip of a run: the whole, what the damaged warp kept, its holes."""
    return [figures(decode(lab.coder, one), evidence, distance) for one in way(lab, evidence.case()).split(1)]


def figures(video: torch.Tensor, evidence: Evidence, distance: Lpips | None) -> dict[str, float]:
    """The figures of :func:`judged` of one clip."""
    truth = evidence.seen.target.colour
    found = {
        "whole PSNR": masked_psnr(video, truth),
        "kept PSNR": masked_psnr(video, truth, evidence.visible),
        "holes PSNR": masked_psnr(video, truth, 1 - evidence.visible),
    }
    return found if distance is None else found | {"whole LPIPS": masked_lpips(video, truth, distance=distance.maps)}
