"""Brightness of surface points at a moment: ambient light, one ball of light, its soft shadows, and dark contacts.

Nothing here knows a camera, so the same surface point has the same brightness in every view. A shadow is one ray to the
middle of the light: the width by which it clears a thing (negative: by which it digs into it), over the half-width that
the light's ball makes of the penumbra there, by similar triangles.
"""

from __future__ import annotations

import torch

from .scene import Light, Scene, Thing
from .trace import thing_pose, turned

AMBIENT = 0.55
_CONTACT, _CONTACT_REACH = 0.35, 1.3
_SHARPEST = 0.03  # scene units: penumbras are never thinner, about a pixel of a small picture
_FARTHEST = 0.9


def light_position(light: Light, times: torch.Tensor) -> torch.Tensor:
    """Return the light's places ``[F, 3]`` in the room."""
    return torch.tensor(light.position) + torch.sin(light.rate * times)[:, None] * torch.tensor(light.swing)


def _clear_of_sphere(origin: torch.Tensor, way: torch.Tensor, half: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    along = (-(origin * way).sum(-1) / (way * way).sum(-1)).clamp(0, 1)
    return (origin + along[:, None] * way).norm(dim=-1) - half[0], along


def _clear_of_cylinder(origin: torch.Tensor, way: torch.Tensor, half: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Clearance from the axis, where the way is between the two ends' heights."""
    rise = torch.where(way[:, 1].abs() < 1e-6, torch.full_like(way[:, 1], -1e-6), way[:, 1])
    one, two = (-half[1] - origin[:, 1]) / rise, (half[1] - origin[:, 1]) / rise
    low, high = torch.minimum(one, two).clamp(min=0), torch.maximum(one, two).clamp(max=1)
    flat, flat_way = origin[:, ::2], way[:, ::2]
    along = -(flat * flat_way).sum(-1) / (flat_way * flat_way).sum(-1).clamp(min=1e-9)
    along = torch.minimum(torch.maximum(along, low), high)
    gap = (flat + along[:, None] * flat_way).norm(dim=-1) - half[0]
    return torch.where(low <= high, gap, torch.full_like(gap, 1e3)), along


def _clear_of_box(origin: torch.Tensor, way: torch.Tensor, half: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """By how much the box must grow on all sides until it touches the way ahead: the largest over pairs of its slabs."""
    pace = 1 / way.abs().clamp(min=1e-6)
    middle = torch.where(way > 0, -origin, origin) * pace
    reach = half * pace
    near, far = middle - reach, middle + reach
    gap = (-far / pace).amax(-1)  # behind
    for enters in range(3):
        for leaves in range(3):
            if enters != leaves:
                apart = (near[:, enters] - far[:, leaves]) / (pace[:, enters] + pace[:, leaves])
                gap = torch.maximum(gap, apart)
    return gap, near.amax(-1).clamp(0, 1)


_CLEAR = {"sphere": _clear_of_sphere, "cylinder": _clear_of_cylinder, "box": _clear_of_box, "panel": _clear_of_box}


def _unshadowed(
    scene: Scene, thing: Thing, times: torch.Tensor, frame: torch.Tensor, point: torch.Tensor, way: torch.Tensor
) -> torch.Tensor:
    """Share ``[N]`` of the light that ``thing`` lets through to ``point``; ``way``: from there to the light's middle."""
    cosine, sine, centre = thing_pose(thing, times)
    origin = point - centre[frame]
    if thing.shape in ("box", "panel"):
        origin, way = (turned(vector, cosine[frame], sine[frame]) for vector in (origin, way))
    gap, along = _CLEAR[thing.shape](origin, way, torch.tensor(thing.half_size))
    along = along.clamp(0, _FARTHEST)
    share = (gap / (scene.light.radius * along / (1 - along) + _SHARPEST) * 0.5 + 0.5).clamp(0, 1)
    return share * share * (3 - 2 * share)


def _contact(scene: Scene, times: torch.Tensor, frame: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
    """Ambient light ``[N]`` that floor points near things do not get: a soft blob."""
    left = torch.ones(len(point))
    for thing in scene.things:
        centre = thing_pose(thing, times)[2][frame]
        reach = _CONTACT_REACH * max(thing.half_size[0], thing.half_size[2])
        distance = (point[:, 0] - centre[:, 0]) ** 2 + (point[:, 2] - centre[:, 2]) ** 2
        left = left * (1 - _CONTACT * torch.exp(distance / -(reach * reach)))
    return left


def brightness(
    scene: Scene,
    times: torch.Tensor,
    frame: torch.Tensor,
    point: torch.Tensor,
    normal: torch.Tensor,
    own: int,
    floor: torch.Tensor | None = None,
) -> torch.Tensor:
    """Brightness ``[N]`` in 0…1 of surface points in the room frame.

    Args:
        frame: ``[N]`` int64 into ``times [F]``; point and outward (or inward, of a room) normal: ``[N, 3]``.
        own: which thing the points are on, 0 for room and ground, i + 1 for the i-th thing; it casts no shadow on itself
            (it is convex: what could be shadowed faces away already).
        floor: ``[N]`` bool: which points get the dark contacts.
    """
    way = light_position(scene.light, times)[frame] - point
    facing = ((normal * way).sum(-1) / way.norm(dim=-1)).clamp(min=0)
    lit = torch.nonzero(facing > 0)[:, 0]
    through, some = torch.ones(len(lit)), (frame[lit], point[lit], way[lit])
    for index, thing in enumerate(scene.things, start=1):
        if index != own:
            through = through * _unshadowed(scene, thing, times, *some)
    direct = facing.index_put((lit,), facing[lit] * through)
    ambient = torch.full_like(facing, AMBIENT)
    if floor is not None:
        chosen = torch.nonzero(floor)[:, 0]
        ambient[chosen] *= _contact(scene, times, frame[chosen], point[chosen])
    return ambient + (1 - AMBIENT) * direct
