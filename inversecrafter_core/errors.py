"""The error of bad input, and the checks that several rooms share."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

import torch

Choice = TypeVar("Choice", bound=StrEnum)


class InputError(ValueError):
    """Error of a bad input, in the user's terms: the input, what was found, and what to do.

    Args:
        name: the input as the user sees it, e.g. ``"video"``.
        found: what was found there, e.g. ``"18 frames"``.
        fix: what to do, as an imperative sentence.
    """

    def __init__(self, name: str, found: str, fix: str):
        self.name, self.found, self.fix = name, found, fix
        super().__init__(f"{name}: {found}. {fix}")


def require_finite(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return ``tensor`` unchanged, or raise :class:`InputError` with the number of NaN or infinite values."""
    # A finite sum means that every value is finite. It costs a tenth of isfinite, which also copies the whole clip.
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
    """Check that ``video`` is ``[F, H, W, 3]`` and finite, and return it in float32; an alpha channel is refused."""
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
    """Check that all named frame counts are equal and return the count, e.g. ``require_same_frames(video=17, depth=17)``."""
    if len(set(counts.values())) != 1:
        listed = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise InputError(" and ".join(counts), f"different frame counts ({listed})", "Trim or re-time them to one count.")
    return next(iter(counts.values()))


def require_same_size(
    name: str, size: Sequence[int], reference_name: str, reference: Sequence[int], fix: str = "Resize both to one size."
) -> None:
    """Raise :class:`InputError` unless ``size``, ``(height, width)``, equals that of the reference.

    Args:
        name: the input, as the user sees it.
        size: its height and width in pixels.
        reference_name: what it must match, as the user sees it.
        reference: height and width of that.
        fix: what to do.
    """
    if tuple(size) != tuple(reference):
        found = f"size {size[1]}x{size[0]}, but {reference_name} has {reference[1]}x{reference[0]}"
        raise InputError(name, found, fix)


def require_multiple(name: str, height: int, width: int, multiple: int) -> None:
    """Raise :class:`InputError` with the nearest smaller size unless both sides are multiples of ``multiple``."""
    if height % multiple or width % multiple:
        fit = f"{max(1, width // multiple) * multiple}x{max(1, height // multiple) * multiple}"
        raise InputError(
            name, f"size {width}x{height}", f"Both sides must be multiples of {multiple}: resize or crop to {fit}."
        )


def require_choice(name: str, value: str, choices: type[Choice]) -> Choice:
    """Return the member of the enumeration ``choices`` that ``value`` names, or raise :class:`InputError` naming them all."""
    try:
        return choices(value)
    except ValueError as error:
        raise InputError(name, f"'{value}'", f"Choose one of: {', '.join(choices)}.") from error
