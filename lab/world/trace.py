"""First hits of rays in a scene. Everything is in the room frame; ray lengths are in units of the ray's direction."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .scene import Open, Scene, Thing
from .shapes import HITS, hit_ground, hit_room, hit_sphere


@dataclass(frozen=True)
class Rays:
    """Rays in the room frame, flat: ``frame [N]`` int64, ``origin`` and ``direction [N, 3]``."""

    frame: torch.Tensor
    origin: torch.Tensor
    direction: torch.Tensor

    def at(self, chosen: torch.Tensor) -> Rays:
        return Rays(self.frame[chosen], self.origin[chosen], self.direction[chosen])


def turned(vector: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Turn ``[N, 3]`` about the vertical: room to local. With the sine negated, local to room."""
    x, y, z = vector.unbind(-1)
    return torch.stack([cosine * x - sine * z, y, sine * x + cosine * z], -1)


def thing_pose(thing: Thing, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cosine and sine of the turn room-to-local, ``[F]`` each, and the centre ``[F, 3]``."""
    angle = thing.yaw + thing.spin * times
    return angle.cos(), angle.sin(), torch.tensor(thing.centre) + times[:, None] * torch.tensor(thing.velocity)


def _hit_around(scene: Scene, rays: Rays) -> torch.Tensor:
    """Return the lengths ``[N]`` to the walls of the room, or to the nearer of ground and sky."""
    if isinstance(scene.around, Open):
        dome = hit_sphere(rays.origin / scene.around.radius, rays.direction / scene.around.radius)
        return torch.minimum(dome, hit_ground(rays.origin, rays.direction, scene.around.level))
    half = torch.tensor(scene.around.half_size)
    return hit_room(rays.origin / half, rays.direction / half)


def first_hits(scene: Scene, times: torch.Tensor, rays: Rays) -> tuple[torch.Tensor, torch.Tensor]:
    """:func:`trace` for flat rays: ``t [N]`` and what was hit ``[N]``."""
    nearest = _hit_around(scene, rays)
    what = torch.zeros_like(rays.frame)
    for index, thing in enumerate(scene.things, start=1):
        cosine, sine, centre = (value[rays.frame] for value in thing_pose(thing, times))
        size = torch.tensor(thing.half_size)
        origin = turned(rays.origin - centre, cosine, sine) / size
        t = HITS[thing.shape](origin, turned(rays.direction, cosine, sine) / size)
        what = torch.where(t < nearest, index, what)
        nearest = torch.minimum(nearest, t)
    return nearest, what


def trace(
    scene: Scene, times: torch.Tensor, origin: torch.Tensor, direction: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """First hits in the room frame.

    Args:
        origin: ``[F, 3]``, direction: ``[F, N, 3]`` of any length.

    Returns:
        ``t [F, N]`` in lengths of the direction, and what was hit ``[F, N]``: 0 room, ground or sky, i + 1 the i-th thing.
    """
    frames, count = direction.shape[:2]
    frame = torch.arange(frames).repeat_interleave(count)
    t, what = first_hits(scene, times, Rays(frame, origin[frame], direction.reshape(-1, 3)))
    return t.reshape(frames, count), what.reshape(frames, count)
