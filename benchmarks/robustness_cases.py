"""A damaged depth's warp as evidence, and the clip that the video model makes of it.

Everything a run has is there: the real warp (``warp_video``), its holes filled by Telea's method, encoded, the default
training-free mask with the first frame known, and the confidence. Videos are ``[F, H, W, 3]``, latents normalised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from benchmarks.damage import NONE, Damage, Seen
from benchmarks.solver_ways import LEAST_HOLES, Case, Lab, Way
from benchmarks.unseen import scene_seeds
from hosting.lpips import Lpips
from inversecrafter_core.camera import Geometry
from inversecrafter_core.depth import RawDepth, clip_flow, denoise, noise_level, stabilise
from inversecrafter_core.evaluation import masked_lpips, masked_psnr
from inversecrafter_core.masks import USUAL, MaskInputs, hold_first_frame, latent_mask
from inversecrafter_core.masks.confidence import trusted
from inversecrafter_core.synthetic import caption, random_scene
from inversecrafter_core.warp import fill_holes, warp_video
from inversecrafter_core.warp.confidence import confidence_of, warp_confidence
from training.shipped import WanVAE, decode, encode


@dataclass(frozen=True)
class Evidence:
    """What is known of one scene's new view under one damage.

    Attributes:
        seen: the scene.
        warp, filled: before and after filling.
        visible: ``[F, H, W]`` float.
        confidence: ``[F, H, W]``.
        w: ``E(filled)``.
        h: latent mask, without the confidence.
    """

    seen: Seen
    warp: torch.Tensor
    filled: torch.Tensor
    visible: torch.Tensor
    confidence: torch.Tensor
    w: torch.Tensor
    h: torch.Tensor

    @classmethod
    def of(cls, seen: Seen, damage: Damage, coder: WanVAE, denoised: bool = False) -> Evidence:
        source, geometry = seen.source.colour, seen.geometry(damage)
        geometry = without_noise(geometry, source) if denoised else geometry
        path = seen.path(geometry)
        warp = warp_video(source, geometry, path)
        filled, visible = fill_holes(warp.video, warp.visible), warp.visible.float()
        w = encode(coder, filled)
        h = latent_mask(USUAL, MaskInputs(visible, filled, w, lambda video: encode(coder, video)))
        sure = warp_confidence(source, geometry, path)
        return cls(seen, warp.video, filled, visible, sure, w, hold_first_frame(h))

    @property
    def error(self) -> torch.Tensor:
        """``[F, H, W]``: what the warp gets wrong, which no run can know."""
        return (self.warp - self.seen.target.colour).abs().mean(-1)

    def mask(self, confidence: torch.Tensor | None = None) -> torch.Tensor:
        """``h``, with a confidence ``[F, H, W]`` in it if one is given."""
        return self.h if confidence is None else hold_first_frame(trusted(self.h, confidence, self.visible))

    def from_truth(self) -> torch.Tensor:
        """The confidence that knows the error it should only expect: the ceiling of every other."""
        return confidence_of(self.error)

    def case(self, h: torch.Tensor) -> Case:
        """For the ways of ``benchmarks.solver_ways``, whose default mask is ``h``."""
        noise = torch.randn(self.w.shape, generator=torch.Generator().manual_seed(self.seen.seed))
        prompt, truth = caption(random_scene(self.seen.seed)), self.seen.target.colour
        return Case(truth, self.filled, truth, self.visible, self.w, {"usual": h}, prompt, noise)


def without_noise(geometry: Geometry, source: torch.Tensor) -> Geometry:
    """As *Estimate Depth* does with "frames, pixels and noise": stabilised, then smoothed by as much as it flickered."""
    raw, flow = RawDepth(geometry.depth, "metric_depth"), clip_flow(source)
    steady, _ = stabilise(raw, flow, frames=False)  # the cameras are known, so whole frames are left alone
    return replace(geometry, depth=denoise(steady, flow, noise_level(raw, flow)).values)


def unseen(seed: int, count: int) -> list[Seen]:
    """The first ``count`` held-out scenes whose exact warp has holes worth judging."""
    found: list[Seen] = []
    for scene in scene_seeds(seed, 8 * count):
        seen = Seen.of(scene)
        geometry = seen.geometry(NONE)
        visible = warp_video(seen.source.colour, geometry, seen.path(geometry)).visible
        if float((~visible).float().mean()) >= LEAST_HOLES:
            found.append(seen)
        if len(found) == count:
            break
    return found


def judged(lab: Lab, evidence: Evidence, way: Way, h: torch.Tensor, distance: Lpips | None) -> dict[str, float]:
    """PSNR and LPIPS against the *true* view: the whole, what the damaged warp kept, and its holes."""
    return figures(decode(lab.coder, way(lab, evidence.case(h))), evidence, distance)


def figures(video: torch.Tensor, evidence: Evidence, distance: Lpips | None) -> dict[str, float]:
    """:func:`judged`, of a clip that is there already."""
    truth = evidence.seen.target.colour
    found = {
        "whole PSNR": masked_psnr(video, truth),
        "kept PSNR": masked_psnr(video, truth, evidence.visible),
        "holes PSNR": masked_psnr(video, truth, 1 - evidence.visible),
    }
    return found if distance is None else found | {"whole LPIPS": masked_lpips(video, truth, distance=distance.maps)}
