"""Ray meets shape: each function works on all rays of a clip at once, in the shape's own frame.

Rays are ``origin + t * direction`` with directions whose camera-frame z is 1, so ``t`` **is** planar depth. Misses are
``inf``. Local axes: y is the vertical; a shape of half size 1 fills [-1, 1] on each axis (boxes and cylinders in scale).
"""

from __future__ import annotations

import math

import torch

NEAR = 1e-3
INF = float("inf")


def _first_ahead(near: torch.Tensor, far: torch.Tensor, hit: torch.Tensor) -> torch.Tensor:
    """Return the first root in front of the camera, where there is a hit at all."""
    t = torch.where(near > NEAR, near, far)
    return torch.where(hit & (t > NEAR), t, torch.full_like(t, INF))


def _safe(direction: torch.Tensor) -> torch.Tensor:
    return torch.where(direction.abs() < 1e-9, torch.full_like(direction, 1e-9), direction)


def hit_sphere(origin: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Hit the unit sphere. ``origin, direction [..., 3]`` -> ``t [...]``."""
    a = (direction * direction).sum(-1)
    b = (origin * direction).sum(-1)
    c = (origin * origin).sum(-1) - 1
    root = b * b - a * c
    spread = root.clamp(min=0).sqrt()
    return _first_ahead((-b - spread) / a, (-b + spread) / a, root >= 0)


def _slab(origin: torch.Tensor, direction: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    inverse = 1 / _safe(direction)
    one, two = (-1 - origin) * inverse, (1 - origin) * inverse
    return torch.minimum(one, two), torch.maximum(one, two)


def hit_box(origin: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Hit the cube [-1, 1]³ from outside."""
    near, far = _slab(origin, direction)
    enter, leave = near.amax(-1), far.amin(-1)
    return _first_ahead(enter, leave, enter <= leave)


def hit_room(origin: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Hit the cube [-1, 1]³ from inside: where the ray leaves it."""
    leave = _slab(origin, direction)[1].amin(-1)
    return torch.where(leave > NEAR, leave, torch.full_like(leave, INF))


def hit_cylinder(origin: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Hit the capped vertical cylinder of radius 1 and half height 1."""
    flat_origin, flat = origin[..., ::2], direction[..., ::2]
    a = (flat * flat).sum(-1).clamp(min=1e-12)
    b = (flat_origin * flat).sum(-1)
    root = b * b - a * ((flat_origin * flat_origin).sum(-1) - 1)
    spread = root.clamp(min=0).sqrt()
    near, far = _slab(origin[..., 1:2], direction[..., 1:2])
    enter = torch.maximum((-b - spread) / a, near[..., 0])
    leave = torch.minimum((-b + spread) / a, far[..., 0])
    return _first_ahead(enter, leave, (root >= 0) & (enter <= leave))


def hit_ground(origin: torch.Tensor, direction: torch.Tensor, level: float) -> torch.Tensor:
    """Hit the horizontal plane ``y = level``."""
    t = (level - origin[..., 1]) / _safe(direction[..., 1])
    return torch.where(t > NEAR, t, torch.full_like(t, INF))


HITS = {"sphere": hit_sphere, "box": hit_box, "cylinder": hit_cylinder, "panel": hit_box}


def _face(point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which axis a point of the cube's surface belongs to, and the outward normal there."""
    axis = point.abs().argmax(-1)
    normal = torch.zeros_like(point).scatter_(-1, axis[..., None], point.gather(-1, axis[..., None]).sign())
    return axis, normal


def _wrapped(x: torch.Tensor, z: torch.Tensor, half_size: torch.Tensor, period: float) -> torch.Tensor:
    """Horizontal coordinate around a round body: a whole number of tiles, so that the seam closes."""
    around = max(1, round(2 * math.pi * float(half_size[0]) / period))
    return torch.atan2(x, z) / (2 * math.pi) * around


def surface(shape: str, point: torch.Tensor, half_size: torch.Tensor, period: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Texture coordinates ``[N, 2]`` in tiles and outward normals ``[N, 3]`` in the (unscaled) local frame.

    Args:
        shape: ``sphere``, ``box``, ``cylinder``, ``panel`` (a box whose texture's first quarter is its middle, so that half a
            tile can span it) or ``room`` (a box seen from inside: normals point inwards).
        point: ``[N, 3]`` on the surface, in units of the half size.
        half_size: ``[3]`` scene units.
        period: width of one texture tile, scene units.
    """
    place = point * half_size / period
    if shape == "sphere":
        uv = torch.stack([_wrapped(point[:, 0], point[:, 2], half_size, period), place[:, 1]], -1)
        normal = point / half_size
        return uv, normal / normal.norm(dim=-1, keepdim=True).clamp(min=1e-9)
    if shape == "cylinder":
        cap = point[:, 1].abs() > (1 - 1e-4)
        side = torch.stack([_wrapped(point[:, 0], point[:, 2], half_size, period), place[:, 1]], -1)
        uv = torch.where(cap[:, None], place[:, ::2], side)
        up = torch.tensor([0.0, 1.0, 0.0]) * point[:, 1:2].sign()
        normal = torch.where(cap[:, None], up, point * torch.tensor([1.0, 0.0, 1.0]))
        return uv, normal / normal.norm(dim=-1, keepdim=True).clamp(min=1e-9)
    axis, normal = _face(point)
    first = torch.where(axis == 0, place[:, 2], place[:, 0])
    second = torch.where(axis == 1, place[:, 2], place[:, 1])
    uv = torch.stack([first, second], -1)
    return uv + 0.25 if shape == "panel" else uv, -normal if shape == "room" else normal
