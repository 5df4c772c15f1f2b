"""The measurement: the known part of a new clip, in latent space."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from ..errors import InputError, require_finite
from ..latent_grid import WAN, LatentGrid


@dataclass(frozen=True)
class Measurement:
    """An encoded warp and its latent mask (InverseCrafter, eq. 7).

    Attributes:
        w: ``[B, C, T', H', W']`` float32, ``E(y)``: the infilled warp, encoded, in *VAE space* (as at a LATENT socket;
            guidance brings it to model space). Not yet multiplied by ``h``.
        h: same shape, float32 in 0...1, the latent mask, 1 = known.
        video_size: ``(frames, height, width)`` of the clip it was made from, in pixels.
        grid: of the VAE that encoded it.
        mask_mode: the method of ``h``, for reports.
        reference_frames, guide_frames: latent frames that the model's own node puts before the clip's (VACE, Animate) and
            behind them (LTXV guides); ``w`` and ``h`` are 0 in them. See :meth:`with_frames_around`.
        start: latent frame of a longer clip at which this part begins, see :mod:`.passes`; 0 for a whole clip.
        given: latent frames at the beginning of the clip that the pass before has made; 0 where there is none.

    Raises:
        InputError: shapes that differ, NaN or infinite values, or a mask outside 0...1.
    """

    w: torch.Tensor
    h: torch.Tensor
    video_size: tuple[int, int, int]
    grid: LatentGrid = WAN
    mask_mode: str = "custom"
    reference_frames: int = 0
    guide_frames: int = 0
    start: int = 0
    given: int = 0

    def __post_init__(self) -> None:
        if self.w.ndim != 5 or self.w.shape != self.h.shape:
            raise InputError(
                "measurement", f"w {tuple(self.w.shape)} and h {tuple(self.h.shape)}", "Both must be [B, C, T', H', W']."
            )
        require_finite("measurement", self.w)
        require_finite("latent mask", self.h)
        low, high = float(self.h.min()), float(self.h.max())
        if low < 0 or high > 1:
            raise InputError("latent mask", f"values from {low:.3g} to {high:.3g}", "Keep it within 0...1.")

    @property
    def channels(self) -> int:
        return self.w.shape[1]

    @property
    def clip(self) -> slice:
        """The latent frames of the clip itself."""
        return slice(self.reference_frames, self.w.shape[2] - self.guide_frames)

    def with_frames_around(self, reference_frames: int, guide_frames: int = 0) -> Measurement:
        """Return a copy with so many more latent frames before and behind, in which nothing is known.

        Raises:
            InputError: a negative number of frames.
        """
        for name, count in (("reference_frames", reference_frames), ("guide_frames", guide_frames)):
            if count < 0:
                raise InputError(name, f"{count}", "Give 0 or more; VACE adds 1 before, each guide of LTXV 1 behind.")
        w, h = (F.pad(tensor, (0, 0, 0, 0, reference_frames, guide_frames)) for tensor in (self.w, self.h))
        before, behind = self.reference_frames + reference_frames, self.guide_frames + guide_frames
        return replace(self, w=w, h=h, reference_frames=before, guide_frames=behind)
