"""The protocol of depth estimators, from a clip to raw values of a stated kind.

Video is ``[F, H, W, 3]`` in 0...1; raw values are ``[F, H, W]`` float32 at the video's size, *not yet* depth:

* ``metric_depth``: planar z in metres
* ``relative_depth``: planar z up to one unknown factor for the clip
* ``disparity``: ``a / z + b`` with unknown ``a > 0`` and ``b`` (MiDaS and its descendants): larger is nearer

``stabilise.stabilise`` removes their flicker, then ``convert.to_depth`` makes depth of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import torch

from ..errors import InputError, require_video
from ..progress import Progress

Kind = Literal["metric_depth", "relative_depth", "disparity"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class RawDepth:
    """The values of an estimator, before conversion.

    Attributes:
        values: ``[F, H, W]`` float32 on the CPU, of ``kind``.
        kind: meaning of the values.
        fov: horizontal field of view in radians, the clip's median, or None if the model does not estimate it.
        source: the estimator's name, for reports.
    """

    values: torch.Tensor
    kind: Kind
    fov: float | None = None
    source: str = "depth"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError("depth kind", f"'{self.kind}'", f"Choose one of {', '.join(KINDS)}.")
        if self.values.ndim != 3:
            raise InputError(self.source, f"values of shape {tuple(self.values.shape)}", "An estimator gives [F, H, W].")
        nans = int(self.values.isnan().sum())
        if nans:
            raise InputError(
                self.source,
                f"{nans} NaN of {self.values.numel()} depth values",
                "Run the model in float32; half precision overflows in some models.",
            )
        if self.fov is not None and not 0 < self.fov < math.pi:
            raise InputError(self.source, f"a field of view of {math.degrees(self.fov):.1f} degrees", "Give the fov yourself.")

    @property
    def usable(self) -> torch.Tensor:
        """``[F, H, W]`` bool: values that are finite and, for depth, positive."""
        finite = torch.isfinite(self.values)
        return finite if self.kind == "disparity" else finite & (self.values > 0)


class DepthEstimator(Protocol):
    """A depth model; ``kind`` is the meaning of its values."""

    name: str
    kind: Kind

    def estimate(self, video: torch.Tensor, batch_size: int = 4, progress: Progress | None = None) -> RawDepth:
        """Estimate every frame of ``video [F, H, W, 3]``.

        ``progress(done, total)`` is called per batch and may raise to cancel.
        """
        ...


def batches(video: torch.Tensor, batch_size: int, progress: Progress | None) -> Iterator[torch.Tensor]:
    """Yield ``video`` in slices of ``batch_size`` frames, reporting progress after each is used.

    Raises:
        InputError: the video is not ``[F, H, W, 3]`` and finite, or ``batch_size`` is below 1.
    """
    video = require_video("video", video)
    if batch_size < 1:
        raise InputError("batch_size", str(batch_size), "Give at least 1 frame a batch.")
    if len(video) == 0:
        raise InputError("video", "no frames", "Give at least one frame.")
    for start in range(0, len(video), batch_size):
        yield video[start : start + batch_size]
        if progress is not None:
            progress(min(start + batch_size, len(video)), len(video))
