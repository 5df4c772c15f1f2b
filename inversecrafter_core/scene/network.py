"""A small recurrent reconstruction network: a clip, frame by frame, into scene states, depth, world points and cameras.

Of the kind of CUT3R (Wang et al., "Continuous 3D Perception Model with Persistent State", 2025), written from its description
and small. A frame becomes picture tokens, one a patch, and a pose token. A cost volume tells the tokens how far their patch
moved since the frame before, which a network of this size would not learn to see by itself. A fixed set of state tokens is
carried from frame to frame. Two interlocked decoders run side by side, each layer of which reads what the other had one layer
before: the picture attends to the states, which know the scene, and the states to the picture, which is how they learn of it.
The states that come out are the scene after this frame. Heads on the picture's side give the depth of each cell of ``CELL``
pixels, its place in the world (the camera of frame 0), a confidence of both, the focal length, and the camera's motion since
the frame before. Its pose is the product of these motions.

Lengths come out in a unit of the network's own, one for the whole clip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from ..camera.rotation import turn_about
from .layers import DecoderLayer, EncoderLayer, Places
from .motion import CHANNELS, motion

PATCH, CELL = 16, 4
"""Pixels along a side of a picture token, and of a cell of the outputs."""
FOCAL = 172.8
"""Focal length in pixels of the network's own picture that stands for 1."""
OUTPUTS = 6
"""Log depth, three of the world's offset, and two log confidences."""
MOTIONS = (3, 4)
"""Parts of a picture, down and across, whose mean motion the camera is found from, besides the tokens."""
CONFIDENCE = 4.0
"""Largest absolute value of a log confidence."""


@dataclass(frozen=True)
class SceneNetworkSpec:
    """Sizes of a scene network.

    Attributes:
        width: of a token.
        heads: of every attention.
        encoder, decoder: layers of the picture encoder, and of each decoder.
        rows, columns: the state tokens as a grid; ``rows * columns`` is their number.
        detail: channels of the fine picture features.
    """

    width: int = 192
    heads: int = 6
    encoder: int = 2
    decoder: int = 3
    rows: int = 8
    columns: int = 12
    detail: int = 32


@dataclass(frozen=True)
class Prediction:
    """Outputs of the network for clips ``[B, T]``. Those of a cell are ``[B, T, h, w, ...]`` with ``h = height / CELL``.

    Attributes:
        log_depth: ``[B, T, h, w]``, logarithm of planar z.
        offset: ``[B, T, h, w, 3]``; a cell's place in the world minus that in its own camera, in multiples of its depth.
        depth_confidence, world_confidence: ``[B, T, h, w]`` logarithms.
        rotation: ``[B, T, 3, 3]`` and ``position [B, T, 3]`` of ``camera_to_world``.
        focal: ``[B, T]`` in pixels of the network's picture.
        states: ``[B, T, s, d]`` after each frame.
    """

    log_depth: torch.Tensor
    offset: torch.Tensor
    depth_confidence: torch.Tensor
    world_confidence: torch.Tensor
    rotation: torch.Tensor
    position: torch.Tensor
    focal: torch.Tensor
    states: torch.Tensor

    def own_points(self) -> torch.Tensor:
        """Return the cells' centres ``[B, T, h, w, 3]`` in their own camera."""
        return cell_rays(self.focal, *self.log_depth.shape[-2:]) * self.log_depth.exp()[..., None]

    def world_points(self) -> torch.Tensor:
        """Return the cells' centres ``[B, T, h, w, 3]`` in the world."""
        return self.own_points() + self.offset * self.log_depth.exp()[..., None]


def cell_rays(focal: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return ``[..., height, width, 3]`` through the centres of the cells, z = 1, of cameras with ``focal [...]`` pixels."""
    y, x = torch.meshgrid(
        CELL * (torch.arange(height, device=focal.device) - (height - 1) / 2),
        CELL * (torch.arange(width, device=focal.device) - (width - 1) / 2),
        indexing="ij",
    )
    across = torch.stack([x, y], -1) / focal[..., None, None, None]
    return torch.cat([across, torch.ones_like(across[..., :1])], -1)


class Memory(NamedTuple):
    """Memory of the frames so far.

    Attributes:
        states: ``[B, s, d]``.
        fine: features ``[B, c, H / CELL, W / CELL]`` of the last frame, or None before the first.
        rotation, position: ``[B, 3, 3]`` and ``[B, 3]``, camera to world, of the last frame.
    """

    states: torch.Tensor
    fine: torch.Tensor | None
    rotation: torch.Tensor
    position: torch.Tensor


class SceneNetwork(nn.Module):
    """The network of the module docstring, and its name, which its states carry."""

    def __init__(self, spec: SceneNetworkSpec | None = None, name: str = "untrained"):
        super().__init__()
        self.spec, self.name = spec or SceneNetworkSpec(), name
        spec = self.spec
        width, detail, tokens = spec.width, spec.detail, spec.rows * spec.columns
        self.fine = nn.Conv2d(3, detail, CELL, CELL)
        self.mix = nn.Conv2d(detail, detail, 3, padding=1)
        self.coarse = nn.Conv2d(detail + CHANNELS, width, PATCH // CELL, PATCH // CELL)
        self.encoder = nn.ModuleList(EncoderLayer(width, spec.heads, 3) for _ in range(spec.encoder))
        self.encoded = nn.LayerNorm(width)
        # Three axes each, which the optimiser takes as tables of vectors, not as matrices.
        self.pose_token = nn.Parameter(torch.randn(1, 1, width))
        self.pose_place = nn.Parameter(torch.randn(1, 1, width))
        self.state_tokens = nn.Parameter(0.1 * torch.randn(1, tokens, width))
        self.state_places = nn.Parameter(Places.grid(spec.rows, spec.columns, width).embedding[None])
        self.picture_side = nn.ModuleList(DecoderLayer(width, spec.heads, 2) for _ in range(spec.decoder))
        self.state_side = nn.ModuleList(DecoderLayer(width, spec.heads, 2, copies=not i) for i in range(spec.decoder))
        self.decoded, self.carried = nn.LayerNorm(width), nn.LayerNorm(width)
        self.spread = nn.Linear(2 * width, detail * (PATCH // CELL) ** 2)
        self.blend = nn.Conv2d(2 * detail, 2 * detail, 3, padding=1)
        self.cells = nn.Conv2d(2 * detail, OUTPUTS, 3, padding=1)
        camera = nn.Linear(width, 7)
        self.camera = nn.Sequential(nn.Linear(4 * width + CHANNELS * math.prod(MOTIONS), width), nn.GELU(), camera)
        for value in (*self.cells.parameters(), *camera.parameters()):
            nn.init.zeros_(value)

    def forward(self, frames: torch.Tensor) -> Prediction:
        """Return the prediction for clips ``[B, T, 3, H, W]`` in 0...1, with sides in multiples of :data:`PATCH`."""
        return self.advance(frames, self.initial(len(frames)))[0]

    def advance(self, frames: torch.Tensor, memory: Memory) -> tuple[Prediction, Memory]:
        """Return the prediction for the next ``frames [B, T, 3, H, W]`` of clips, and the memory after them."""
        batch = frames.shape[:2]
        fine = self.fine_features(frames.flatten(0, 1)).unflatten(0, batch)
        before = torch.cat([fine[:, :1] if memory.fine is None else memory.fine[:, None], fine[:, :-1]], 1)
        with torch.autocast(frames.device.type, enabled=False):  # features need not learn to match: they do so from the start
            moved = motion(*(part.detach().float().flatten(0, 1) for part in (fine, before)))
        pictures, places = self.pictures(fine.flatten(0, 1), moved)
        pictures, states, outputs = pictures.unflatten(0, batch), memory.states, []
        for time in range(batch[1]):
            tokens, states = self.step(pictures[:, time], places, states)
            outputs.append((tokens, states))
        decoded, after = (torch.stack(part, 1) for part in zip(*outputs, strict=True))
        cells = self.cell_values(fine, torch.cat([decoded[:, :, 1:], pictures], -1))
        overall = F.adaptive_avg_pool2d(moved, MOTIONS).flatten(1).unflatten(0, batch)
        summary = [decoded[:, :, 0], decoded.mean(2), pictures.mean(2), after.mean(2), overall]
        camera = self.camera(torch.cat(summary, -1)).float()
        with torch.autocast(frames.device.type, enabled=False):
            rotation, position = chained(memory.rotation, memory.position, turn_about(camera[..., :3]), camera[..., 3:6])
        confidence = CONFIDENCE * torch.tanh(cells[..., 4:] / CONFIDENCE)
        found = Prediction(
            log_depth=cells[..., 0],
            offset=cells[..., 1:4],
            depth_confidence=confidence[..., 0],
            world_confidence=confidence[..., 1],
            rotation=rotation,
            position=position,
            focal=FOCAL * camera[..., 6].exp(),
            states=after.float(),
        )
        return found, Memory(states, fine[:, -1], rotation[:, -1], position[:, -1])

    def initial(self, batch: int) -> Memory:
        """Return the memory before the first frame."""
        states = self.carried(self.state_tokens).expand(batch, -1, -1)
        rotation = torch.eye(3, device=states.device).expand(batch, 3, 3)
        return Memory(states, None, rotation, torch.zeros(batch, 3, device=states.device))

    def fine_features(self, frames: torch.Tensor) -> torch.Tensor:
        """Return ``[N, c, H / CELL, W / CELL]`` of ``frames [N, 3, H, W]`` in 0...1."""
        fine = self.fine(frames * 4 - 2)
        return fine + F.gelu(self.mix(fine))

    def pictures(self, fine: torch.Tensor, moved: torch.Tensor) -> tuple[torch.Tensor, Places]:
        """Return tokens ``[N, n, d]`` and their places, of features ``[N, c, h, w]`` of frames and their :func:`motion`."""
        coarse = self.coarse(torch.cat([fine, moved.to(fine.dtype)], 1))
        places = Places.grid(coarse.shape[2], coarse.shape[3], self.spec.width, fine.device)
        tokens = coarse.flatten(2).transpose(1, 2) + places.embedding
        for layer in self.encoder:
            tokens = layer(tokens, places)
        return self.encoded(tokens), places

    def step(self, picture: torch.Tensor, places: Places, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the decoded pose token and picture tokens ``[B, 1 + n, d]``, and the states ``[B, s, d]`` after a frame."""
        tokens = torch.cat([self.pose_token.expand(len(picture), -1, -1).to(picture.dtype), picture], 1)
        centre, grid = (
            places.at.new_zeros(1, 2),
            Places.grid(self.spec.rows, self.spec.columns, self.spec.width, picture.device),
        )
        places = Places(torch.cat([self.pose_place[0], places.embedding]), torch.cat([centre, places.at]))
        state_places = Places(self.state_places[0], grid.at)
        for of_picture, of_states in zip(self.picture_side, self.state_side, strict=True):
            tokens, states = of_picture(tokens, places, states, state_places), of_states(states, state_places, tokens, places)
        return self.decoded(tokens), self.carried(states)

    def cell_values(self, fine: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return ``[B, T, h, w, OUTPUTS]`` float32 of ``fine [B, T, c, h, w]`` and ``tokens [B, T, n, 2d]``."""
        batch, (height, width), ratio = tokens.shape[:2], fine.shape[-2:], PATCH // CELL
        coarse = self.spread(tokens.flatten(0, 1)).transpose(1, 2).unflatten(2, (height // ratio, width // ratio))
        both = torch.cat([F.pixel_shuffle(coarse, ratio), fine.flatten(0, 1)], 1)
        return self.cells(both + F.gelu(self.blend(both))).float().movedim(1, -1).unflatten(0, batch)


def chained(
    rotation: torch.Tensor, position: torch.Tensor, turns: torch.Tensor, steps: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``rotation [B, T, 3, 3]`` and ``position [B, T, 3]`` of cameras that move by ``turns`` and ``steps``, each in the
    camera before, from a first ``rotation [B, 3, 3]`` and ``position [B, 3]``.
    """
    rotations, positions = [], []
    for turn, step in zip(turns.unbind(1), steps.unbind(1), strict=True):
        position = position + (rotation @ step[..., None])[..., 0]
        rotation = rotation @ turn
        rotations.append(rotation)
        positions.append(position)
    return torch.stack(rotations, 1), torch.stack(positions, 1)
