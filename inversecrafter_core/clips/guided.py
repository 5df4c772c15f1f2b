"""Two ends with depth, seen from every camera between them: a warp of both, blended by which end saw a place better.

The clip is ``[F, H, W, 3]``, of a length that the VAE takes; its first frame is the start, its last the end, and both are
known wholly. Each end is carried to every camera between (:mod:`.carry`). Where both ends saw a place, the better one weighs
more: the one nearer in time, the one that is less stretched there, the one that is not beside an outline. Where one shows a
surface clearly before the other's, it hides it. Where the pictures contradict the cameras, because something moves by itself,
both are moved along optical flow instead. What neither saw is a hole, on request also what flow cannot follow; the video fills
it by flow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from ..camera import Geometry
from ..camera.projection import transfer
from ..errors import InputError, require_video
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
"""A surface this many times nearer than the other end's hides it."""
SLIDE, BESIDE, APART = 0.05, 2, 1.0
"""Weight of pixels on the far side of an outline; how many pixels wide that is; the parallax in pixels that makes one."""

SLIT = 2
"""Holes up to twice as many pixels wide are slits: half a latent cell."""


@dataclass(frozen=True)
class Between:
    """Settings of the blend.

    Attributes:
        sharpness: power of the weights: 1 fades evenly from end to end, higher takes the better end alone.
        follow: what moves by itself is moved along optical flow. Off: the scene stands still, and nothing is compared.
        regenerate: what moves by itself and is not followed there and back is a hole, also where flow fills it with a guess.
        cleanup: which depths count as a slide between two surfaces, as in :func:`..warp.warp_video`.
    """

    sharpness: float = 3.0
    follow: bool = True
    regenerate: bool = False
    cleanup: Cleanup = field(default_factory=Cleanup)


@dataclass(frozen=True)
class GuidedEnds:
    """``video [F, H, W, 3]`` without gaps; ``visible [F, H, W]`` float32, 1 = known; cameras ``[F, 4, 4]``; a report."""

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
    """Make the known part of a clip from ``start`` to ``end``, on the CPU.

    Args:
        start: ``[F1, H, W, 3]``, a picture or a clip, whose last frame is the new clip's first.
        end: ``[F2, H, W, 3]``, a picture, which is the new clip's last frame, or a clip of no fewer frames than the
            last latent frame has, the first of which are its last.
        geometry: of the two pictures at which the open part begins and ends, as a clip of two. None: optical flow alone.
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
    last = end[:group] if len(end) >= group else end[-1:]
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
    if start.shape[1:] != end.shape[1:]:
        sizes = f"sizes {start.shape[2]}x{start.shape[1]} and {end.shape[2]}x{end.shape[1]}"
        raise InputError("start and end", sizes, "Resize both to one size.")
    if geometry is None:
        return
    if geometry.frames != 2:
        fix = "Estimate the depth of start and end as a batch of two: 'Batch Images', start first."
        raise InputError("geometry", f"{geometry.frames} frames", fix)
    if geometry.size != tuple(start.shape[1:3]):
        found = f"depth of {geometry.size[1]}x{geometry.size[0]} beside pictures of {start.shape[2]}x{start.shape[1]}"
        raise InputError("geometry", found, "Estimate the depth on the very pictures that are warped: resize them first.")


@dataclass(frozen=True)
class _Between:
    """The material of every frame between two ends; ``trust [2, H, W]``: the weight of a pixel for the surface it stands on."""

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
        viewer = Viewer(space, space.camera_to_world, space.intrinsics, NEAR * space.pivot_depth, settings.cleanup)
        motion = [residual_motion(pictures, viewer, flow, side) for side in (0, 1)]
        return cls(pictures, space, flow, motion if settings.follow else [none, none], trust, settings)

    def at(self, pose: torch.Tensor, share: float) -> tuple[torch.Tensor, torch.Tensor]:
        """``(image [H, W, 3], visible [H, W])`` from a camera at ``share`` of the way."""
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
        """Carry one end to the camera."""
        motion = self.motion[side]
        lens = torch.lerp(space.intrinsics[0], space.intrinsics[1], share)
        own = space.intrinsics[side], space.camera_to_world[side]
        there, back = transfer(*own, lens, pose), transfer(lens, pose, *own)
        marks = self.trust[side], motion.refuted
        beside = motion.beside * (1 - share if side else share)
        return carry(
            self.pictures[side], space.depth[side], space.valid[side], beside, marks, there, back, NEAR * space.pivot_depth
        )


def without_slits(seen: torch.Tensor) -> torch.Tensor:
    """``seen [H, W]`` as float32, with holes too narrow for a model to put anything in closed: flow fills them."""
    size = 2 * SLIT + 1
    core = -F.max_pool2d(-(~seen).float()[None, None], size, 1, SLIT)
    return 1 - F.max_pool2d(core, size, 1, SLIT)[0, 0]


def behind_edges(space: Geometry, side: int) -> torch.Tensor:
    """``[H, W]`` bool: pixels beside an outline, on its far side: their colour is mixed with what stands before them, and an
    estimated depth slides there from one surface to the other. Where parallax does not tell the two apart it does no harm.
    """
    depth, size = space.depth[side][None, None], 2 * BESIDE + 1
    nearest = -F.max_pool2d(-depth, size, 1, BESIDE)
    away = float((space.camera_to_world[1, :3, 3] - space.camera_to_world[0, :3, 3]).norm())
    parallax = float(space.intrinsics[side, 0, 0]) * away * (1 / nearest - 1 / depth)
    return ((depth > nearest * HIDES) & (parallax > APART))[0, 0]


def blend(start: Carried, end: Carried, share: float, sharpness: float) -> tuple[torch.Tensor, torch.Tensor]:
    """``(image [H, W, 3], known [H, W] bool)`` at ``share`` of the way."""
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
