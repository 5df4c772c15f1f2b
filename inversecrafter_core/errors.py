"""The one error for bad input, and the checks that raise it most often."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

import torch

Choice = TypeVar("Choice", bound=StrEnum)


class InputError(ValueError):
    """Bad input, in the user's words: the input, what was found there, and what to do.

    Args:
        name: the input as the user sees it, e.g. ``"video"``.
        found: what was found there, e.g. ``"18 frames"``.
        fix: what to do, as an imperative sentence.
    """

    def __init__(self, name: str, found: str, fix: str):
        self.name, self.found, self.fix = name, found, fix
        super().__init__(f"{name}: {found}. {fix}")


def require_finite(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return ``tensor`` unchanged, or raise :class:`InputError` naming how many values are NaN or infinite."""
    # A finite sum has no NaN and no infinity in it. It costs a tenth of isfinite, which copies a whole clip besides.
    if tensor.is_floating_point() and not torch.isfinite(tensor.sum()):
        bad = tensor.numel() - int(torch.isfinite(tensor).sum())
        if bad:
            raise InputError(
                name,
                f"{bad} of {tensor.numel()} values are NaN or infinite",
                "Check the node that made it; a NaN usually comes from a half-precision overflow upstream.",
            )
    return tensor


def require_video(name: str, video: torch.Tensor) -> torch.Tensor:
    """Check ``[F, H, W, 3]`` and finiteness; return float32. A fourth (alpha) channel is an error, not a guess."""
    if video.ndim != 4:
        raise InputError(name, f"a tensor of shape {tuple(video.shape)}", "Give a batch of images [frames, height, width, 3].")
    if video.shape[-1] == 4:
        raise InputError(
            name, "4 channels (an alpha channel)", "Split the alpha off first, e.g. with 'Split Image with Alpha'."
        )
    if video.shape[-1] != 3:
        raise InputError(name, f"{video.shape[-1]} channels", "Give RGB images with 3 channels.")
    return require_finite(name, video.float())


def require_same_frames(**counts: int) -> int:
    """Check that all named frame counts agree and return the count, e.g. ``require_same_frames(video=17, depth=17)``."""
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise InputError(" and ".join(counts), f"different frame counts ({listed})", "Trim or re-time them to one count.")
    return next(iter(counts.values()))


def require_wan_frames(name: str, frames: int) -> int:
    """Check the 4k+1 rule of causal video VAEs (first frame alone, then groups of four); return ``k + 1`` latent frames."""
    if frames < 1 or (frames - 1) % 4:
        below = max(1, (frames - 1) // 4 * 4 + 1)
        raise InputError(name, f"{frames} frames", f"Wan's VAE takes 4k+1 frames: trim to {below} or extend to {below + 4}.")
    return (frames - 1) // 4 + 1


def require_multiple(name: str, height: int, width: int, multiple: int) -> None:
    """Check that both sides are multiples of ``multiple`` and name the nearest size that is."""
    if height % multiple or width % multiple:
        fit = f"{max(1, width // multiple) * multiple}x{max(1, height // multiple) * multiple}"
        raise InputError(
            name, f"size {width}x{height}", f"Both sides must be multiples of {multiple}: resize or crop to {fit}."
        )


def require_choice(name: str, value: str, choices: type[Choice]) -> Choice:
    """Return the member of ``choices`` that ``value`` names."""
    try:
        return choices(value)
    except ValueError as error:
        raise InputError(name, f"'{value}'", f"Choose one of: {', '.join(choices)}.") from error
