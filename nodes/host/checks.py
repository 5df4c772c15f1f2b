"""Checks of pictures, masks and choices at the nodes, and the conversion of holes (sockets) to visible (core)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TypeVar

import torch
from comfy.samplers import CFGGuider

from ...inversecrafter_core.errors import (
    InputError,
    require_finite,
    require_same_frames,
    require_same_size,
    require_video,
)
from ...inversecrafter_core.latent_grid import LatentGrid, require_any_grid

logger = logging.getLogger(__name__)
T = TypeVar("T")


def visible_from_holes(holes: torch.Tensor, video: torch.Tensor, name: str = "video") -> torch.Tensor:
    """Return ``visible [F, H, W]`` float32 (1 = known) of ``holes`` (1 = hole), checked against ``video [F, H, W, 3]``.

    It is on the video's device: under --gpu-only a loaded mask is not. A single mask is used for all frames. Holes everywhere
    are refused, since nothing is known then; no holes at all are allowed, with a warning in the log.

    Raises:
        InputError: wrong shape, count, size or range, NaN, or nothing visible.
    """
    if holes.ndim == 2:
        holes = holes.unsqueeze(0)
    if holes.ndim != 3:
        raise InputError(
            "holes", f"a tensor of shape {tuple(holes.shape)}", "Give a MASK, one a frame: [frames, height, width]."
        )
    holes = require_finite("holes", holes.float())
    advice = "Use the mask that came with it, or resize both to one size."
    require_same_size("holes", holes.shape[1:], name, video.shape[1:3], advice)
    if holes.shape[0] == 1:
        holes = holes.expand(video.shape[0], -1, -1)
    require_same_frames(**{name: video.shape[0], "holes": holes.shape[0]})
    low, high = float(holes.min()), float(holes.max())
    if low < 0 or high > 1:
        raise InputError("holes", f"values from {low:.3g} to {high:.3g}", "A MASK lies within 0...1.")
    if low >= 1:
        raise InputError(
            "holes", "every pixel of every frame is a hole", "Nothing is known: use a smaller camera motion or invert the mask."
        )
    if high <= 0:
        logger.warning("InverseCrafter: holes is empty: every pixel of %s is known and nothing is left to generate.", name)
    return (1 - holes).to(video).float()


def require_clip(name: str, video: torch.Tensor, grid: LatentGrid | None = None, pair: bool = False) -> torch.Tensor:
    """Return ``video [F, H, W, 3]`` float32 if a VAE can take it, so that a run stops at the first node that sees the clip.

    Args:
        grid: of the VAE; None where no VAE is connected: some known VAE must take the clip.
        pair: also accept two pictures, the ends of a clip.

    Raises:
        InputError: not RGB, NaN, a length or sides that the VAE does not take.
    """
    video = require_video(name, video)
    frames, height, width = (1 if pair and len(video) == 2 else len(video)), *video.shape[1:3]
    if grid is None:
        require_any_grid(name, frames, height, width)
        return video
    if frames > 1:
        grid.require_frames(name, frames)
    grid.require_size(name, height, width)
    return video


def valid_length(frames: int, grid: LatentGrid, least: int = 1) -> tuple[int, str]:
    """Return the length next to ``frames`` that a VAE takes, of at least so many latent frames, and a sentence about it."""
    found = max(grid.snap(frames), grid.least(least))
    if found == frames:
        return found, f"{frames} frames."
    return found, f"{found} frames in place of {frames}: the VAE of {grid.family} takes {grid.rule}."


def choose(name: str, value: str, options: Mapping[str, T]) -> T:
    """Return the option named ``value``, or raise :class:`InputError` naming all options."""
    if value not in options:
        raise InputError(name, f"'{value}'", f"Choose one of: {', '.join(options)}.")
    return options[value]


def require_like(name: str, video: torch.Tensor, reference_name: str, reference: torch.Tensor) -> torch.Tensor:
    """Return ``video`` if it has the frames and size of ``reference``, or raise :class:`InputError` naming both."""
    require_same_frames(**{reference_name: reference.shape[0], name: video.shape[0]})
    require_same_size(name, video.shape[1:3], reference_name, reference.shape[1:3])
    return video


def require_image_tokens(guider: CFGGuider) -> None:
    """Raise :class:`InputError` if a guider's model attends to an image and its conditioning has none.

    Wan 2.1 I2V and Fun-InP checkpoints (``img_emb``) cross-attend to CLIP-vision tokens; without them the host silently passes
    the text tokens to that attention.
    """
    network = guider.model_patcher.model.diffusion_model
    if getattr(network, "img_emb", None) is None:
        return
    without = [name for name, conds in guider.conds.items() if any("clip_vision_output" not in cond for cond in conds)]
    if without:
        raise InputError(
            "clip_vision_output",
            f"none in the {' and the '.join(without)} conditioning of an image-to-video checkpoint",
            "Load clip_vision_h with 'Load CLIP Vision', encode the first frame with 'CLIP Vision Encode', and connect that to "
            "'Add Inpaint Conditioning'.",
        )
