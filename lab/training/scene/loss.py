"""Loss of the scene network: depth, world points and cameras against exact ones, after one scale a clip.

A clip's unit of length is the geometric mean of its depth, on either side, so nothing depends on the network's unit. Errors of
depth are logarithms, errors of points are multiples of the true depth: near and far count alike. Both are weighted by the
confidence ``c`` of the cell, as ``c error - CAUTION log c`` (the negative logarithm of an exponential likelihood, Kendall and
Gal, 2017; DUSt3R, Wang et al., 2024, for points): a cell that cannot be known counts less, and doubt itself has a price.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from inversecrafter_core.scene.network import Prediction, cell_rays

CAUTION = 0.2
TURN, SHIFT, FOCAL, WORLD = 4.0, 2.0, 0.5, 1.0
"""Weights of rotation (radians), translation, log focal length, and world points against depth."""


@dataclass(frozen=True)
class Truth:
    """Exact answers for clips: ``log_depth [B, T, h, w]``, ``camera_to_world [B, T, 4, 4]`` and ``focal [B]`` in pixels."""

    log_depth: torch.Tensor
    camera_to_world: torch.Tensor
    focal: torch.Tensor

    def world_points(self) -> torch.Tensor:
        """Return the cells' centres ``[B, T, h, w, 3]`` in the world."""
        rays = cell_rays(self.focal[:, None], *self.log_depth.shape[-2:]) * self.log_depth.exp()[..., None]
        rotation, position = self.camera_to_world[..., :3, :3], self.camera_to_world[..., :3, 3]
        return torch.einsum("btij,bthwj->bthwi", rotation, rays) + position[:, :, None, None]


@dataclass(frozen=True)
class Errors:
    """Errors of a prediction, ``[B, T, h, w]`` for ``depth`` and ``world`` and ``[B, T]`` for ``turn`` (radians), ``shift``
    (multiples of the mean depth) and ``focal`` (logarithms).
    """

    depth: torch.Tensor
    world: torch.Tensor
    turn: torch.Tensor
    shift: torch.Tensor
    focal: torch.Tensor


def errors_of(found: Prediction, truth: Truth) -> Errors:
    """Return the errors after one scale a clip."""
    scale, true_scale = (depth.mean((1, 2, 3), keepdim=True) for depth in (found.log_depth, truth.log_depth))
    difference = (found.log_depth - scale) - (truth.log_depth - true_scale)
    points = found.world_points() / scale.exp()[..., None]
    apart = (points - truth.world_points() / true_scale.exp()[..., None]).norm(dim=-1)
    relative = found.rotation.transpose(-1, -2) @ truth.camera_to_world[..., :3, :3]
    # The chord of a rotation by an angle a has the length 2 sqrt(2) sin(a / 2), which has a gradient where the angle is 0.
    chord = (relative - torch.eye(3, device=relative.device)).square().sum((-1, -2)).add(1e-8).sqrt()
    shift = found.position / scale[:, :, 0].exp() - truth.camera_to_world[..., :3, 3] / true_scale[:, :, 0].exp()
    return Errors(
        depth=difference.abs(),
        world=apart / (truth.log_depth - true_scale).exp(),
        turn=chord / 2**0.5,
        shift=shift.square().sum(-1).add(1e-8).sqrt(),
        focal=(found.focal.log() - truth.focal.log()[:, None]).abs(),
    )


def loss_of(found: Prediction, truth: Truth) -> torch.Tensor:
    """Return the loss of the module docstring."""
    errors = errors_of(found, truth)
    cells = confident(errors.depth, found.depth_confidence) + WORLD * confident(errors.world, found.world_confidence)
    moved = errors.turn[:, 1:].mean() * TURN + errors.shift[:, 1:].mean() * SHIFT
    still = (errors.turn[:, 0].mean() + errors.shift[:, 0].mean()) / found.rotation.shape[1]
    return cells + moved + still + FOCAL * errors.focal.mean()


def confident(error: torch.Tensor, log_confidence: torch.Tensor) -> torch.Tensor:
    """Return the mean of errors weighted by their confidence, and the price of doubt."""
    return (log_confidence.exp() * error - CAUTION * log_confidence).mean()
