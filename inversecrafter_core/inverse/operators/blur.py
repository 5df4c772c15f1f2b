"""Blur by any kernel, with a true adjoint at every border."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from kornia.filters import get_gaussian_kernel1d

from ...errors import InputError, require_choice, require_finite
from .border import Border, continued
from .protocol import VideoSize

REACH = 4
"""Deviations on each side of a smoothing kernel."""


def exact_convolutions() -> AbstractContextManager[None]:
    """Return a context without TF32, in which GPUs round an operator and its adjoint apart."""
    return torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled, allow_tf32=False)


@dataclass(frozen=True)
class Blur:
    """Correlation of every frame with a kernel.

    Attributes:
        kernel: ``[height, width]``, both odd.
        border: continuation of the picture.

    Raises:
        InputError: an even side, another shape, values that are not finite, or an unknown border.
    """

    kernel: torch.Tensor
    border: Border = Border.REFLECT
    by_frame = True

    def __post_init__(self) -> None:
        require_choice("border", self.border, Border)
        if self.kernel.ndim != 2 or any(side % 2 == 0 for side in self.kernel.shape):
            found = "x".join(str(side) for side in reversed(self.kernel.shape))
            raise InputError(
                "kernel", f"a kernel of {found}", "Give a picture of odd width and height, so that it has a centre."
            )
        require_finite("kernel", self.kernel)

    def A(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = self._places(x)
        padded = x.movedim(-1, 1).index_select(2, rows).index_select(3, columns)
        with exact_convolutions():
            blurred = F.conv2d(padded.flatten(0, 1)[:, None], self.kernel.to(x)[None, None])
        return blurred.view(*padded.shape[:2], *x.shape[1:3]).movedim(1, -1)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        rows, columns = self._places(y)
        frames, height, width, channels = y.shape
        with exact_convolutions():
            spread = F.conv_transpose2d(y.movedim(-1, 1).flatten(0, 1)[:, None], self.kernel.to(y)[None, None])[:, 0]
        kept = spread.new_zeros(len(spread), height, spread.shape[2]).index_add_(1, rows, spread)
        folded = spread.new_zeros(len(spread), height, width).index_add_(2, columns, kept)
        return folded.view(frames, channels, height, width).movedim(1, -1)

    def part(self, frames: slice) -> Blur:
        return self

    def measured(self, size: VideoSize) -> VideoSize:
        height, width = self.kernel.shape
        if height > size[1] or width > size[2]:
            raise InputError(
                "kernel", f"{width}x{height} pixels for a picture of {size[2]}x{size[1]}", "Give a kernel within the picture."
            )
        return size

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        return y

    def _places(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the row and the column that each row and column of the continued frame is taken from."""
        sides = zip(self.kernel.shape, x.shape[1:3], strict=True)
        rows, columns = (continued(size, side // 2, side // 2, self.border).to(x.device) for side, size in sides)
        return rows, columns


@dataclass(frozen=True)
class SeparableBlur:
    """Correlation of every frame with a row of taps along each axis, as a product with a matrix a side; borders are in those.

    Attributes:
        vertical, horizontal: taps, odd in number.
        border: continuation of the picture.

    Raises:
        InputError: an even number of taps, values that are not finite, or an unknown border.
    """

    vertical: torch.Tensor
    horizontal: torch.Tensor
    border: Border = Border.REFLECT
    by_frame = True

    def __post_init__(self) -> None:
        self._as_kernel()

    def A(self, x: torch.Tensor) -> torch.Tensor:
        rows, columns = self._matrices(x)
        return torch.einsum("ih,fhwc,jw->fijc", rows, x, columns)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        rows, columns = self._matrices(y)
        return torch.einsum("hi,fhwc,wj->fijc", rows, y, columns)

    def part(self, frames: slice) -> SeparableBlur:
        return self

    def measured(self, size: VideoSize) -> VideoSize:
        return self._as_kernel().measured(size)

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        return y

    def _as_kernel(self) -> Blur:
        return Blur(self.vertical[:, None] * self.horizontal[None], self.border)

    def _matrices(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        sides = zip((self.vertical, self.horizontal), x.shape[1:3], strict=True)
        rows, columns = (_matrix(taps.to(x), size, self.border) for taps, size in sides)
        return rows, columns


def _matrix(taps: torch.Tensor, size: int, border: Border) -> torch.Tensor:
    """Return the ``[size, size]`` matrix that correlates a line of so many pixels with ``taps``."""
    radius = len(taps) // 2
    sources = continued(size, radius, radius, border).to(taps.device).unfold(0, len(taps), 1)
    return taps.new_zeros(size, size).scatter_add_(1, sources, taps.expand(size, -1))


def smoothing(deviation: float) -> SeparableBlur:
    """Return the blur by a Gaussian of ``deviation`` pixels, with as many taps as matter, for pictures of any size."""
    return gaussian_blur(deviation, 2 * math.ceil(REACH * deviation) + 1)


def gaussian_blur(sigma: float, size: int = 61, border: Border = Border.REFLECT) -> SeparableBlur:
    """Return the blur by a Gaussian.

    Args:
        sigma: deviation in pixels, above 0.
        size: taps along an axis, odd.
        border: continuation of the picture.

    Raises:
        InputError: an even size, or a sigma that is not above 0.
    """
    if not 0 < sigma < float("inf"):
        raise InputError("sigma", f"{sigma}", "Give a deviation above 0, in pixels; 3 is usual.")
    if size % 2 == 0 or size < 1:
        raise InputError("kernel_size", f"{size}", f"Give an odd number of taps, as {size + 1}.")
    taps = get_gaussian_kernel1d(size, sigma, dtype=torch.float64)[0]
    return SeparableBlur(taps, taps, border)


def blur_of_image(image: torch.Tensor, border: Border = Border.REFLECT) -> Blur:
    """Return the blur by a kernel that is drawn as a small picture ``[1, H, W, C]``: its brightness, normalised to sum 1.

    Raises:
        InputError: more than one picture, a black one, negative values, or an even side.
    """
    if image.ndim != 4 or len(image) != 1:
        raise InputError("kernel", f"a tensor of shape {tuple(image.shape)}", "Give one small IMAGE of the kernel.")
    kernel = require_finite("kernel", image)[0].mean(-1, dtype=torch.float64)
    if float(kernel.min()) < 0 or float(kernel.sum()) <= 0:
        raise InputError("kernel", "a black picture, or one with negative values", "Draw the kernel bright on black.")
    return Blur(kernel / kernel.sum(), border)
