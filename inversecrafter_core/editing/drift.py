"""Drift of the pixels that an edit keeps, measured after decoding: its size, its colour, and the VAE's part in it.

Videos are ``[F, H, W, 3]`` float in 0...1; ``visible`` is ``[F, H, W]``, and only wholly known pixels (1) are kept.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch

from ..errors import InputError
from ..evaluation import masked_psnr
from ..evaluation.image import as_pair

LEVELS = 255.0
WHOLE = 0.999


@dataclass(frozen=True)
class Drift:
    """Drift of the kept pixels.

    Attributes:
        kept: their share of the clip.
        psnr_db: against the source.
        shift: mean signed change of red, green and blue, in levels of 255.
        worst_frame: the frame with the largest error.
        vae_psnr_db: the VAE's reconstruction against the source; None without a reconstruction.
        past_vae_psnr_db: against the VAE's reconstruction: the editing alone.
        past_vae_shift: the same for colour.
        composite: the figures belong to a composite with the source's own pixels, not to the decoded clip.
    """

    kept: float
    psnr_db: float
    shift: tuple[float, float, float]
    worst_frame: int
    vae_psnr_db: float | None = None
    past_vae_psnr_db: float | None = None
    past_vae_shift: tuple[float, float, float] | None = None
    composite: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the figures for JSON; the infinite decibels of identical pictures are None."""
        values = asdict(self)
        return {name: None if isinstance(value, float) and math.isinf(value) else value for name, value in values.items()}

    def report(self) -> str:
        """Return the figures in words, one line each."""
        used = (
            "Outside the mask: the source's own pixels (composite with a soft seam)."
            if self.composite
            else "Outside the mask: the decoded clip, no composite."
        )
        lines = [used, f"Kept pixels ({self.kept:.0%} of the clip), against the source: {_decibels(self.psnr_db)}, "]
        lines[-1] += f"colour shift {_signed(self.shift)} of 255, largest error in frame {self.worst_frame}."
        if self.past_vae_psnr_db is not None and self.past_vae_shift is not None and self.vae_psnr_db is not None:
            lines.append(f"The VAE alone, against the source: {_decibels(self.vae_psnr_db)}.")
            lines.append(
                f"Against the VAE's own reconstruction: {_decibels(self.past_vae_psnr_db)}, "
                f"colour shift {_signed(self.past_vae_shift)} of 255."
            )
        return "\n".join(lines)


def kept_pixels(visible: torch.Tensor) -> torch.Tensor:
    """Return ``[F, H, W]`` float, 1 where a pixel is wholly known.

    Raises:
        InputError: there is none.
    """
    kept = (visible >= WHOLE).float()
    if not bool(kept.any()):
        raise InputError("holes", "no pixel of the clip is wholly known", "Nothing is kept: give the holes of the edit.")
    return kept


def drift(
    result: torch.Tensor,
    source: torch.Tensor,
    visible: torch.Tensor,
    reconstruction: torch.Tensor | None = None,
    composite: bool = False,
) -> Drift:
    """Measure the drift of kept pixels between ``source`` and ``result``.

    Args:
        result, source: ``[F, H, W, 3]`` in 0...1.
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        reconstruction: ``source`` encoded and decoded, to separate the VAE's part.
        composite: whether ``result`` is a composite with the source, for the report.

    Raises:
        InputError: clips of different sizes, or no kept pixel.
    """
    kept = kept_pixels(visible)
    result, source, kept = as_pair(result, source, kept)
    frames = zip(result, source, kept, strict=True)
    errors = [float(((frame - truth).square().mean(-1) * one).sum() / one.sum().clamp_min(1)) for frame, truth, one in frames]
    found = Drift(
        float(kept.mean()),
        masked_psnr(result, source, kept),
        colour_shift(result, source, kept),
        errors.index(max(errors)),
        composite=composite,
    )
    if reconstruction is None:
        return found
    reconstruction = reconstruction.to(result)
    return Drift(
        found.kept,
        found.psnr_db,
        found.shift,
        found.worst_frame,
        masked_psnr(reconstruction, source, kept),
        masked_psnr(result, reconstruction, kept),
        colour_shift(result, reconstruction, kept),
        composite,
    )


def colour_shift(result: torch.Tensor, reference: torch.Tensor, kept: torch.Tensor) -> tuple[float, float, float]:
    """Return the mean signed change of red, green and blue over ``kept`` pixels, in levels of 255."""
    total, weight = torch.zeros(3, dtype=torch.float64), 0.0
    for frame, truth, counted in zip(result, reference, kept.to(result), strict=True):  # so that memory does not grow
        total += ((frame - truth) * counted[..., None]).double().sum((0, 1)).cpu()
        weight += float(counted.double().sum())
    red, green, blue = (total / weight * LEVELS).tolist()
    return round(red, 3), round(green, 3), round(blue, 3)


def _decibels(value: float) -> str:
    return "identical" if math.isinf(value) else f"{value:.1f} dB"


def _signed(shift: tuple[float, float, float]) -> str:
    return ", ".join(f"{value:+.1f}" for value in shift)
