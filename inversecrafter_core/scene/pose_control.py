"""Pose control: source and target cameras as vectors that are added to a video model's activations in every block.

The world is that of source frame 0 and lengths are multiples of the pivot depth rho, so nothing depends on a scene's scale. A
latent frame has the camera of its last frame. A token is described by the camera of its frame and by the ray through its centre
(Plücker coordinates: direction and moment), so that tokens of both clips which look at one point can find each other; an MLP
makes one vector a block of that, one MLP for the source's tokens and one for the target's.

Source: LaVR (arXiv 2601.14674), which adds vectors of whole frames; the rays are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn

from ..camera import CameraPath, SourceCameras

OCTAVES = 2
"""Sines and cosines of every ray coordinate, at 1 and 2 half waves a unit."""
FEATURES = 12 + 2 + 6 * (1 + 2 * OCTAVES)
"""Numbers that describe a token: its camera's pose and focal lengths, its ray, and the ray's sines and cosines."""


@dataclass(frozen=True)
class TokenCameras:
    """Cameras of latent frames, independent of a scene's scale and of a picture's size.

    Attributes:
        camera_to_world: ``[T', 4, 4]``; world = source frame 0, translations in multiples of rho.
        lens: ``[T', 4]``; focal lengths and centre, ``(fx, cx)`` in picture widths and ``(fy, cy)`` in heights, ordered
            ``fx, fy, cx, cy``.
    """

    camera_to_world: torch.Tensor
    lens: torch.Tensor

    @classmethod
    def of(cls, poses: torch.Tensor, intrinsics: torch.Tensor, size: tuple[int, int], pivot_depth: float) -> TokenCameras:
        """Return cameras ``[T', 4, 4]`` in scene units and ``[T', 3, 3]`` in pixels of ``size`` without their units."""
        scaled = poses.float().clone()
        scaled[:, :3, 3] /= pivot_depth
        height, width = size
        lens = torch.stack([intrinsics[:, row, column] for row, column in ((0, 0), (1, 1), (0, 2), (1, 2))], 1).float()
        return cls(scaled, lens / lens.new_tensor([width, height, width, height]))

    def __getitem__(self, frames: list[int]) -> TokenCameras:
        """Return the cameras of some latent frames."""
        return TokenCameras(self.camera_to_world[frames], self.lens[frames])

    def to(self, device: torch.device) -> TokenCameras:
        """Return the cameras on another device."""
        return TokenCameras(self.camera_to_world.to(device), self.lens.to(device))

    def features(self, rows: int, columns: int) -> torch.Tensor:
        """Return the description ``[T' rows columns, FEATURES]`` of the tokens of a grid of ``rows x columns``."""
        y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
        place = torch.stack([x / columns, y / rows], -1).reshape(1, -1, 2).to(self.lens)
        across = (place - self.lens[:, None, 2:]) / self.lens[:, None, :2]
        ahead = torch.cat([across, torch.ones_like(across[..., :1])], -1)
        direction = nn.functional.normalize(ahead @ self.camera_to_world[:, :3, :3].transpose(1, 2), dim=-1)
        position = self.camera_to_world[:, None, :3, 3].expand_as(direction)
        ray = torch.cat([direction, torch.linalg.cross(position, direction)], -1)
        waves = torch.cat([ray * math.pi * 2**octave for octave in range(OCTAVES)], -1)
        camera = torch.cat([self.camera_to_world[:, :3].flatten(1), self.lens[:, :2].log()], 1)
        camera = camera[:, None].expand(-1, rows * columns, -1)
        return torch.cat([camera, ray, waves.sin(), waves.cos()], -1).flatten(0, 1)


def source_and_target(source: SourceCameras, path: CameraPath, last_frames: list[int]) -> tuple[TokenCameras, TokenCameras]:
    """Return the cameras of source and target at the last frame of each latent frame."""
    poses, intrinsics = path.resolve(source)
    cameras = (source.camera_to_world, source.intrinsics), (poses, intrinsics)
    first, second = (TokenCameras.of(c[last_frames], k[last_frames], source.size, source.pivot_depth) for c, k in cameras)
    return first, second


def _mlp(features: int, hidden: int, out: int) -> nn.Sequential:
    """Return three linear layers, the last one at zero."""
    last = nn.Linear(hidden, out)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last)


class PoseControl(nn.Module):
    """The two MLPs, from descriptions ``[..., N, FEATURES]`` of tokens to vectors ``[layers, ..., N, dim]``.

    The source's MLP has one more input: 1 for tokens of scene states, 0 for those of the source clip. The last layer starts
    at zero, so that an untrained control changes nothing.
    """

    def __init__(self, layers: int, dim: int, hidden: int = 192):
        super().__init__()
        self.layers, self.dim = layers, dim
        self.source, self.target = (_mlp(features, hidden, layers * dim) for features in (FEATURES + 1, FEATURES))

    def of_target(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the vectors of the target's tokens."""
        return self._by_block(self.target(tokens))

    def of_source(self, tokens: torch.Tensor, of_states: bool) -> torch.Tensor:
        """Return the vectors of tokens of the source clip, or of scene states."""
        kind = torch.full_like(tokens[..., :1], float(of_states))
        return self._by_block(self.source(torch.cat([tokens, kind], -1)))

    def _by_block(self, vectors: torch.Tensor) -> torch.Tensor:
        return vectors.unflatten(-1, (self.layers, self.dim)).movedim(-2, 0)
