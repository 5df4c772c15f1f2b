"""A camera held in a hand: the scene's own camera with tremor and sway added."""

from __future__ import annotations

import math

import torch

from inversecrafter_core.camera.rotation import pose, turn_x, turn_y, turn_z

from .render import source_poses
from .scene import Scene

RATES = (0.7, 1.7, 3.1)
"""Frequencies in Hz of sway and tremor; the amplitude falls with the number."""
TURN, SHIFT = 0.012, 0.02
"""Amplitudes: radians, and scene units."""


def hand_held(scene: Scene, times: torch.Tensor, seed: int) -> torch.Tensor:
    """Return ``camera_to_world [F, 4, 4]`` of a scene's camera held in a hand; the identity at the first of ``times [F]``."""
    generator = torch.Generator().manual_seed(seed)
    turn, shift = TURN * _waves(times, generator), SHIFT * _waves(times, generator)
    rotation = turn_y(turn[:, 0]) @ turn_x(turn[:, 1]) @ turn_z(turn[:, 2] / 2)
    poses = source_poses(scene, times) @ pose(rotation, shift)
    return torch.linalg.inv(poses[0]) @ poses


def _waves(times: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return three sums of waves ``[F, 3]``, zero at the first time."""
    phases = 2 * math.pi * torch.rand(len(RATES), 3, generator=generator)
    waves = sum(torch.sin(2 * math.pi * rate * times[:, None] + phases[i]) / (i + 1) for i, rate in enumerate(RATES))
    assert isinstance(waves, torch.Tensor)
    return waves - waves[:1]
