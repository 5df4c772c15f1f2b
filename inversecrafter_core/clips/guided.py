"""Interpolation between two ends with depth: both are warped to every camera between them and blended.

The clip is ``[F, H, W, 3]``, of a length that the VAE takes; its first frame is the start, its last the end, and both are
wholly known. Each end is warped to every camera between (:mod:`.carry`). Where both ends show a place, the better one has more
weight: the one nearer in time, the less stretched one, the one away from outlines. A clearly nearer surface of one end occludes
that of the other. Where the pictures contradict the cameras, because something moves, both are moved along optical flow
instead. Places that neither end shows are holes, on request also those that flow cannot follow; the video is filled by flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from ..camera import Geometry
from ..camera.projection import transfer
from ..errors import InputError, require_same_size, require_video
from ..flow import PairFlow, fade_along, flow_between
from ..latent_grid import WAN, LatentGrid
from ..progress import Progress
from ..warp import Cleanup
from ..warp.viewer import NEAR, Viewer
from .cameras import EndCamera, place_ends, screw_path
from .carry import Carried, carry
from .ends import last_group
from .motion import Motion, residual_motion

HIDES = 1.1
"""Ratio of depths from which a surface occludes that of the other end."""
SLIDE, BESIDE, APART = 0.05, 2, 1.0
"""Weight of pixels on the far side of an outline, its width in pixels, and the smallest parallax in pixels at an outline."""

SLIT = 2
"""Half the width in pixels, half a latent cell, up to which holes are closed."""


@dataclass(frozen=True)
class Between:
    """Settings of the blend.

    Attributes:
        sharpness: exponent of the weights: 1 fades evenly from end to end, higher prefers the better end.
        follow: move things along optical flow where the ends contradict the cameras. Off: the scene counts as static.
        regenerate: make holes of moving things whose flow has no closed round trip. Off: they are filled by flow and known.
        cleanup: settings of the depth-edge cleanup, as in :func:`..warp.warp_video`.
    """

    sharpness: float = 3.0
    follow: bool = True
    regenerate: bool = False
    cleanup: Cleanup = field(default_factory=Cleanup)


@dataclass(frozen=True)
class GuidedEnds:
    """An interpolated clip: ``video [F, H, W, 3]``, ``visible [F, H, W]`` float32, 1 = known, cameras ``[F, 4, 4]``, report."""

    video: torch.Tensor
    visible: torch.Tensor
    camera_to_world: torch.Tensor
    report: str


def warp_from_ends(
    start: torch.Tensor,
    end: torch.Tensor,
    geometry: Geometry | None,
    frames: int,
    *,
    camera: EndCamera = EndCamera.AUTO,
    settings: Between = Between(),
    grid: LatentGrid = WAN,
    progress: Progress | None = None,
) -> GuidedEnds:
    """Return the clip from ``start`` to ``end`` as far as the ends show it, computed on the CPU.

    Args:
        start: ``[F1, H, W, 3]``, a picture or a clip, whose last frame is the new clip's first.
        end: ``[F2, H, W, 3]``, a picture, which is the new clip's last frame, or a clip of no fewer frames than the
            last latent frame has, the first of which are its last.
        geometry: of the two pictures between which frames are missing, as a clip of two. None: optical flow alone.
        frames: a length that the VAE takes, of three latent frames or more.
        camera: the origin of the second camera.
        grid: of the VAE.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: sizes or counts that do not fit, alpha, or no camera found.
    """
    start, end = require_video("start", start).cpu(), require_video("end", end).cpu()
    _require_fit(start, end, geometry)
    group = last_group(frames, grid)
    if 1 < len(end) < group:
        fix = f"Give one picture, or a clip of at least {group} frames, those of a latent frame."
        raise InputError("end", f"{len(end)} frames", fix)
    last = end[:group]
    pictures = torch.stack([start[-1], last[0]])
    space, origin = place_ends(pictures, geometry, camera)
    count = frames - len(last) + 1  # the open part with both its ends
    shares = torch.linspace(0, 1, count)
    poses = torch.eye(4).repeat(count, 1, 1) if space is None else screw_path(space.camera_to_world[1], shares)
    between = _Between.of(pictures, space, settings)
    video, visible = torch.empty(frames, *start.shape[1:]), torch.ones(frames, *start.shape[1:3])
    video[0], video[-len(last) :] = start[-1], last
    for frame in range(1, count - 1):
        video[frame], visible[frame] = between.at(poses[frame], float(shares[frame]))
        if progress is not None:
            progress(frame, count - 2)
    holes = 1 - float(visible[1 : count - 1].mean())
    cameras = torch.cat([poses, poses[-1:].expand(frames - count, -1, -1)])
    size = f"{start.shape[2]}x{start.shape[1]}"
    return GuidedEnds(
        video, visible, cameras, f"{origin} {frames} frames {size}, holes between the ends {holes:.1%} on average."
    )


def _require_fit(start: torch.Tensor, end: torch.Tensor, geometry: Geometry | None) -> None:
    require_same_size("end", end.shape[1:3], "start", start.shape[1:3])
    if geometry is None:
        return
    if geometry.frames != 2:
        fix = "Estimate the depth of start and end as a batch of two: 'Batch Images', start first."
        raise InputError("geometry", f"{geometry.frames} frames", fix)
    fix = "Estimate the depth of the pictures that are warped: resize them before."
    require_same_size("geometry", geometry.size, "start", start.shape[1:3], fix)


@dataclass(frozen=True)
class _Between:
    """Flow, motion and ``trust [2, H, W]`` of both ends, which all frames between them share.

    The trust of a pixel is its weight in the blend, lower at outlines.
    """

    pictures: torch.Tensor
    space: Geometry | None
    flow: PairFlow
    motion: list[Motion]
    trust: torch.Tensor
    settings: Between

    @classmethod
    def of(cls, pictures: torch.Tensor, space: Geometry | None, settings: Between) -> _Between:
        flow, size = flow_between(pictures[0], pictures[1]), tuple(pictures.shape[1:3])
        none = Motion(torch.zeros(*size, 2), torch.zeros(size))
        if space is None:
            return cls(pictures, None, flow, [none, none], torch.ones(2, *size), settings)
        trust = torch.where(torch.stack([behind_edges(space, side) for side in (0, 1)]), SLIDE, 1.0)
        viewer = Viewer.between_frames(space, settings.cleanup)
        motion = [residual_motion(pictures, viewer, flow, side) for side in (0, 1)]
        return cls(pictures, space, flow, motion if settings.follow else [none, none], trust, settings)

    def at(self, pose: torch.Tensor, share: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``(image [H, W, 3], visible [H, W])`` of the camera ``pose`` at the time ``share``."""
        refuted = torch.stack([motion.refuted for motion in self.motion])
        along, followed = fade_along(self.flow, torch.cat([self.pictures, refuted[..., None]], -1), share)
        followed = (followed > 0.5) if self.settings.regenerate else torch.ones_like(followed, dtype=torch.bool)
        if self.space is None:
            return along[..., :3], without_slits(followed)
        views = [self._carried(self.space, side, pose, share) for side in (0, 1)]
        image, known = blend(views[0], views[1], share, self.settings.sharpness)
        moving = torch.stack([along[..., 3], *(view.refuted for view in views)]).amax(0)
        moving = F.avg_pool2d(F.max_pool2d(moving[None, None], 5, 1, 2), 5, 1, 2, count_include_pad=False)[0, 0]
        image = torch.where(known[..., None], image, along[..., :3])
        seen = torch.where(moving > 0.5, followed, known)
        return torch.lerp(image, along[..., :3], moving[..., None]), without_slits(seen)

    def _carried(self, space: Geometry, side: int, pose: torch.Tensor, share: float) -> Carried:
        """Return one end warped to the camera ``pose``."""
        motion = self.motion[side]
        lens = torch.lerp(space.intrinsics[0], space.intrinsics[1], share)
        own = space.intrinsics[side], space.camera_to_world[side]
        there, back = transfer(*own, lens, pose), transfer(lens, pose, *own)
        marks = self.trust[side], motion.refuted
        shift = motion.residual * (1 - share if side else share)
        return carry(
            self.pictures[side], space.depth[side], space.valid[side], shift, marks, there, back, NEAR * space.pivot_depth
        )


def without_slits(seen: torch.Tensor) -> torch.Tensor:
    """Return ``seen [H, W]`` as float32 without holes too narrow for a model to fill; flow has filled them."""
    size = 2 * SLIT + 1
    core = -F.max_pool2d(-(~seen).float()[None, None], size, 1, SLIT)
    return 1 - F.max_pool2d(core, size, 1, SLIT)[0, 0]


def behind_edges(space: Geometry, side: int) -> torch.Tensor:
    """Return ``[H, W]`` bool: pixels on the far side of an outline with parallax.

    Their colour is mixed with that of the nearer surface, and an estimated depth slides there from one surface to the other.
    Without parallax between the two that does no harm.
    """
    depth, size = space.depth[side][None, None], 2 * BESIDE + 1
    nearest = -F.max_pool2d(-depth, size, 1, BESIDE)
    away = float((space.camera_to_world[1, :3, 3] - space.camera_to_world[0, :3, 3]).norm())
    parallax = float(space.intrinsics[side, 0, 0]) * away * (1 / nearest - 1 / depth)
    return ((depth > nearest * HIDES) & (parallax > APART))[0, 0]


def blend(start: Carried, end: Carried, share: float, sharpness: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the blend ``(image [H, W, 3], known [H, W] bool)`` of both ends at the time ``share``."""
    views, times = (start, end), (1 - share, share)
    weights = []
    for view, other, time in zip(views, reversed(views), times, strict=True):
        hidden = other.visible & (other.trust > 0.5) & (other.depth * HIDES < view.depth)
        weight = (time * view.density.clamp_min(1e-2) * view.trust.clamp_min(1e-3)) ** sharpness
        frayed = ~other.visible & (view.trust < 0.5)
        weights.append(torch.where(view.visible & ~hidden & ~frayed, weight, 0.0))
    total = weights[0] + weights[1]
    mixed = [view.image * (weight / total.clamp_min(1e-30))[..., None] for view, weight in zip(views, weights, strict=True)]
    return mixed[0] + mixed[1], total > 0
