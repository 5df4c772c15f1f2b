"""Rotations and rigid poses, batched over a leading frame axis; radians; OpenCV axes (x right, y down, z forward).

A pose is ``camera_to_world``. A positive angle of ``turn_y`` pans the camera right, of ``turn_x`` tilts it up, of ``turn_z``
rolls it clockwise (the picture turns anticlockwise).
"""

from __future__ import annotations

import torch

from ..errors import InputError


def _turn(angle: torch.Tensor, first: int, second: int) -> torch.Tensor:
    matrix = torch.eye(3, dtype=angle.dtype).expand(*angle.shape, 3, 3).clone()
    matrix[..., first, first] = matrix[..., second, second] = torch.cos(angle)
    matrix[..., first, second] = -torch.sin(angle)
    matrix[..., second, first] = torch.sin(angle)
    return matrix


def turn_x(angle: torch.Tensor) -> torch.Tensor:
    """Return the rotation ``[..., 3, 3]`` about x; positive tilts the camera up."""
    return _turn(angle, 1, 2)


def turn_y(angle: torch.Tensor) -> torch.Tensor:
    """Return the rotation ``[..., 3, 3]`` about y; positive pans the camera right."""
    return _turn(angle, 2, 0)


def turn_z(angle: torch.Tensor) -> torch.Tensor:
    """Return the rotation ``[..., 3, 3]`` about z; positive rolls the camera clockwise."""
    return _turn(angle, 0, 1)


def turn_about(vector: torch.Tensor) -> torch.Tensor:
    """Return the rotation ``[..., 3, 3]`` about the axis ``vector [..., 3]`` by its length; differentiable, also at zero."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    return torch.linalg.matrix_exp(skew)


def rotation_angle(rotation: torch.Tensor) -> torch.Tensor:
    """Return the angle ``[...]`` in radians, 0...pi, of rotations ``[..., 3, 3]``, precise at small angles too."""
    # The arc cosine of the trace alone would lose all angles below 1e-8 ** 0.5.
    skew = rotation - rotation.transpose(-1, -2)
    sine = torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1).norm(dim=-1)
    return torch.atan2(sine, rotation.diagonal(dim1=-2, dim2=-1).sum(-1) - 1)


def pose(rotation: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """Return ``camera_to_world [..., 4, 4]`` float32 of ``rotation [..., 3, 3]`` and ``position [..., 3]``."""
    matrix = torch.zeros(*position.shape[:-1], 4, 4)
    matrix[..., :3, :3] = rotation
    matrix[..., :3, 3] = position
    matrix[..., 3, 3] = 1
    return matrix


def look_at(position: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the rotation ``[..., 3, 3]`` without roll of a camera at ``position [..., 3]`` looking at ``target [..., 3]``.

    Raises:
        InputError: the two coincide, or the camera would look straight up or down, where roll is undefined.
    """
    forward = target - position
    length = forward.norm(dim=-1, keepdim=True)
    if bool((length < 1e-6).any()):
        raise InputError("look_at", "the camera's own position", "Look at another point.")
    forward = forward / length
    down = torch.tensor([0.0, 1.0, 0.0], dtype=forward.dtype).expand_as(forward)
    right = torch.linalg.cross(down, forward)
    if bool((right.norm(dim=-1) < 1e-6).any()):
        raise InputError("look_at", "a point straight above or below the camera", "Give euler angles or a quaternion there.")
    right = right / right.norm(dim=-1, keepdim=True)
    return torch.stack([right, torch.linalg.cross(forward, right), forward], -1)
