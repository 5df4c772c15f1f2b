"""A scene adapter with random weights for a small Wan, and the inputs that fit it; shared by tests of core, nodes and lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

NETWORK, STATE_WIDTH, TOKENS = "test network", 24, 5


def adapter_file(scene: Any, signature: torch.Tensor, layers: int = 2, dim: int = 128, channels: int = 16) -> Any:
    """Return a random adapter, none of whose layers is zero; ``scene`` is the core's room as the caller has loaded it."""
    spec = scene.AdapterSpec(NETWORK, 4, STATE_WIDTH, channels, layers, dim, width=32, depth=1, hidden=16)
    generator = torch.Generator().manual_seed(0)
    model = scene.SceneAdapter(spec).requires_grad_(False)
    for value in model.parameters():
        if value.ndim > 1:
            value.copy_(0.3 * torch.randn(value.shape, generator=generator) / value.shape[1] ** 0.5)
    changes = {
        f"diffusion_model.blocks.{block}.self_attn.{name}.diff": 0.02 * torch.randn(dim, dim, generator=generator)
        for block in range(layers)
        for name in ("q", "k", "v", "o")
    }
    return scene.AdapterFile(model, changes, signature)


def write_adapter(scene: Any, path: Path, signature: torch.Tensor, **sizes: int) -> Path:
    """Write :func:`adapter_file` in full precision."""
    scene.save_scene_adapter(path, adapter_file(scene, signature, **sizes), kind=torch.float32)
    return path


def moving_cameras(frames: int) -> torch.Tensor:
    """Return ``camera_to_world [F, 4, 4]`` of a camera that moves to the right and forward."""
    poses = torch.eye(4).repeat(frames, 1, 1)
    poses[:, 0, 3] = torch.linspace(0, 0.3, frames)
    poses[:, 2, 3] = torch.linspace(0, 0.1, frames)
    return poses


def states(scene: Any, frames: int, size: tuple[int, int], width: int = STATE_WIDTH, network: str = NETWORK) -> Any:
    """Return random states of a clip."""
    found = torch.randn(frames, TOKENS, width, generator=torch.Generator().manual_seed(1))
    lens = torch.tensor([[0.9 * size[1], 0, size[1] / 2], [0, 0.9 * size[1], size[0] / 2], [0, 0, 1]])
    return scene.SceneStates(found, moving_cameras(frames), lens.repeat(frames, 1, 1), size, 2.0, network)
