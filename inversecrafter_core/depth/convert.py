"""Conversion of estimated values to depth, by one rule for the whole clip, so that the scale does not flicker.

Disparity is affine: ``d = a / z + b`` with unknown ``a``, ``b``. The rule of related methods (TrajectoryCrafter) takes min and
max over the *clip*, ``n = (d - min) / (max - min)``, and ``z = 10^4 / (3900 n)``, which puts the farthest pixel at infinity and
clips it. Here the rule has one more parameter, the far plane: with ``near = 10^4 / 3900`` and ``r = near / far``

    z = near / (r + (1 - r) n)          (r -> 0 is the original)

so the farthest pixel is on the far plane and nothing is clipped. Min and max are robust: the outermost thousandth of the
pixels at each end is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from ..errors import InputError
from .protocol import RawDepth

NEAR = 1e4 / 3900
FAR_RATIO = 20.0
OUTLIERS = 1e-3
FLAT = 1e-4
"""Relative variation of depth below which a clip counts as constant."""
SAMPLE = 2_000_000
"""Largest number of pixels from which quantiles are computed."""


@dataclass(frozen=True)
class Depth:
    """Converted depth.

    Attributes:
        depth: ``[F, H, W]`` float32, planar z, positive and finite everywhere.
        valid: ``[F, H, W]`` bool; where it is False, depth is filler (the frame's farthest valid depth).
        metric: depth is in metres.
        notes: remarks on the conversion, for the report.
    """

    depth: torch.Tensor
    valid: torch.Tensor
    metric: bool = False
    notes: list[str] = field(default_factory=list)


def to_depth(raw: RawDepth, far_ratio: float = FAR_RATIO, outliers: float = OUTLIERS) -> Depth:
    """Return the depth of a clip's raw values.

    Args:
        raw: values ``[F, H, W]``. Infinite values (and zero or negative *depth*) become invalid.
        far_ratio: disparity only: depth of the farthest over that of the nearest pixel, above 1; not known from the model.
        outliers: disparity only: share of the pixels ignored at each end, 0 = plain min and max.

    Raises:
        InputError: no valid pixel in some frame, or a constant disparity (it has no scale).
    """
    if raw.kind == "disparity":
        return _from_disparity(raw, far_ratio, outliers)
    valid = torch.isfinite(raw.values) & (raw.values > 0)
    require_valid_frames(raw.source, valid)
    notes = _missing(valid)
    depth = fill_invalid(raw.values.float(), valid)
    known = _sample(depth[valid])
    if float(known.max() / known.min()) < 1 + FLAT:
        notes.append(f"Depth is constant ({float(known[0]):.4g}): the clip is treated as one flat plane, without parallax.")
    return Depth(depth, valid, raw.kind == "metric_depth", notes)


def _from_disparity(raw: RawDepth, far_ratio: float, outliers: float) -> Depth:
    if far_ratio <= 1:
        raise InputError("far_ratio", f"{far_ratio}", "The far plane must be farther than the near one: give more than 1.")
    valid = torch.isfinite(raw.values)
    require_valid_frames(raw.source, valid)
    known = _sample(raw.values[valid].float())
    low, high = float(torch.quantile(known, outliers)), float(torch.quantile(known, 1 - outliers))
    if high - low <= FLAT * max(abs(low), abs(high), 1e-12):
        low, high = float(known.min()), float(known.max())
    if high - low <= FLAT * max(abs(low), abs(high), 1e-12):
        raise InputError(
            raw.source,
            f"a constant disparity ({low:.4g}) over the whole clip",
            "Check the depth video, or use another depth model.",
        )
    normalised = ((raw.values.float() - low) / (high - low)).clamp(0, 1)
    depth = NEAR / (1 / far_ratio + (1 - 1 / far_ratio) * normalised)
    return Depth(fill_invalid(depth, valid), valid, False, _missing(valid))


def require_valid_frames(name: str, valid: torch.Tensor) -> None:
    """Raise :class:`InputError` naming the frames of ``valid [F, H, W]`` that have no valid pixel."""
    empty = (~valid.flatten(1).any(1)).nonzero()[:, 0].tolist()
    if empty:
        listed = ", ".join(map(str, empty[:8])) + (" ..." if len(empty) > 8 else "")
        raise InputError(
            name,
            f"no valid depth in {len(empty)} of {len(valid)} frames ({listed}): all zero, negative or infinite",
            "Check the depth video, or trim these frames.",
        )


def fill_invalid(depth: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Return ``depth`` with each frame's farthest valid depth where ``valid`` is False, so that it lies behind everything."""
    if bool(valid.all()):
        return depth
    far = depth.masked_fill(~valid, 0).flatten(1).amax(1)
    return torch.where(valid, depth, far[:, None, None])


def _missing(valid: torch.Tensor) -> list[str]:
    missing = 1 - float(valid.float().mean())
    return [f"{100 * missing:.2f} % of the pixels have no depth and are marked invalid."] if missing > 0 else []


def _sample(values: torch.Tensor) -> torch.Tensor:
    return values[:: max(1, -(-values.numel() // SAMPLE))]
