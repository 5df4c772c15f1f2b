"""Degradations, the clips they are tried on, and what is measured of a restored one.

Measurements are rounded to 8 bit, as a file has them: an average over time would be undone exactly without that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from inversecrafter_core.evaluation import flicker, masked_psnr, masked_ssim, temporal_change
from inversecrafter_core.inverse import fit_clip
from inversecrafter_core.inverse.operators import (
    AveragePool,
    Composition,
    Degradation,
    PixelMask,
    TemporalAverage,
    VideoOperator,
    VideoSize,
    gaussian_blur,
    random_visible,
    size_of,
)
from inversecrafter_core.sampling import RestorationSettings
from lab.benchmarks.samples import Figures
from lab.data.unseen import REAL_CLIPS, real_clip
from lab.metrics.timing import timed
from lab.models.guided import lpips
from lab.world import caption, frame_times, random_scene, render

SIZE = (9, 96, 144)
REAL_SIZE = (17, 128, 192)
"""Frames, height and width of rendered and of real clips."""
BOX = TemporalAverage(7)
SPATIAL: dict[str, Callable[[VideoSize], VideoOperator]] = {
    "inpainting 50 %": lambda size: PixelMask.of(random_visible(size, 0.5, 0)),
    "super-resolution 4": lambda size: AveragePool(4),
    "deblur 3": lambda size: gaussian_blur(3.0, 61),
}
AVERAGE = "average of 7"


def after_average(make: Callable[[VideoSize], VideoOperator]) -> Callable[[VideoSize], VideoOperator]:
    """Return an operator of a size, applied after the average over time."""
    return lambda size: Composition((BOX, make(size)))


TASKS: dict[str, Callable[[VideoSize], VideoOperator]] = {
    **SPATIAL,
    AVERAGE: lambda size: BOX,
    **{f"{AVERAGE}, {name}": after_average(make) for name, make in SPATIAL.items()},
}
PSNR, SSIM, LPIPS, FLICKER, RESIDUAL = "PSNR", "SSIM", "LPIPS", "flicker", "residual, of 255"
SHOWN = 2
"""Every so-manieth frame is compared by LPIPS."""


@dataclass(frozen=True)
class Trial:
    """A clip under a degradation.

    Attributes:
        truth: ``[F, H, W, 3]``.
        prompt: what it shows, in words; empty for a real clip.
        task: the name of the degradation in :data:`TASKS`.
        operator, y: the degradation, and its measurement in 8 bit.
    """

    truth: torch.Tensor
    prompt: str
    task: str
    operator: VideoOperator
    y: torch.Tensor

    @classmethod
    def of(cls, truth: torch.Tensor, prompt: str, task: str) -> Trial:
        """Degrade a clip."""
        operator = TASKS[task](size_of(truth))
        return cls(truth, prompt, task, operator, (255 * operator.A(truth)).round() / 255)

    @property
    def settings(self) -> RestorationSettings:
        """The settings that Restore Video takes for this operator."""
        return RestorationSettings(fit_spread=Degradation(self.operator, size_of(self.truth)).fit_spread)

    def fitted(self, clip: torch.Tensor) -> torch.Tensor:
        """Return a clip fitted to the measurement as restoration does it."""
        return fit_clip(self.operator, self.y, clip, spread=self.settings.fit_spread)

    def figures(self, clip: torch.Tensor) -> Figures:
        """Return the figures of a restored clip; flicker is in units of the truth's own change."""
        clip, metric, everywhere = clip.clamp(0, 1), lpips(), torch.ones(self.truth.shape[:3])
        found = {
            PSNR: masked_psnr(clip, self.truth, everywhere),
            SSIM: masked_ssim(clip, self.truth, everywhere),
            FLICKER: flicker(clip, self.truth) / temporal_change(self.truth),
            RESIDUAL: 255 * float((self.operator.A(clip) - self.y).square().mean().sqrt()),
        }
        if metric is not None:
            pair = (some[::SHOWN].movedim(-1, 1) for some in (clip, self.truth))
            found[LPIPS] = float(metric(*pair).mean())
        return found

    def timed(self, restore: Callable[[], torch.Tensor]) -> Figures:
        """Return the figures of a restoration, and its seconds a frame."""
        clip, took = timed(restore)
        return self.figures(clip) | {"time": took / len(self.truth)}


def scene_clip(seed: int) -> tuple[torch.Tensor, str]:
    """Return a rendered clip and its prompt."""
    scene = random_scene(seed)
    return render(scene, frame_times(SIZE[0]), *SIZE[1:]).colour, caption(scene)


def footage(number: int) -> tuple[torch.Tensor, str]:
    """Return a real clip, without a prompt."""
    return real_clip(REAL_CLIPS[number], *REAL_SIZE), ""
