"""The small video model completing a partly known clip, as the shipped workflows do it.

Clips are ``[F, H, W, 3]`` in 0...1, ``visible [F, H, W]`` is 1 where the clip is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch

from inversecrafter_core.inverse import ProximalSettings, encode_measurement
from inversecrafter_core.masks import DEFAULT_MASK, MaskSettings
from inversecrafter_core.sampling import NEVER, Guidance, Window, sigma_of_percent
from inversecrafter_core.sampling.stochastic import Release, TokenTimes, known_cells, sample_stochastic
from lab.models.guided import Denoise, SmallWan, noise_of, schedule
from lab.models.video import SHIFT


@dataclass(frozen=True)
class Completion:
    """The widgets of Stochastic Conditioning, the number of steps and the prompt.

    ``guidance`` is classifier-free, 1 = the prompt alone; ``mask`` is that of Encode Measurement.
    """

    steps: int
    release: Release = field(default_factory=lambda: Release(at=0.0))
    window: Window = NEVER
    mask: MaskSettings = DEFAULT_MASK
    proximal: ProximalSettings = field(default_factory=ProximalSettings)
    prompt: str = ""
    guidance: float = 1.0


def complete(
    wan: SmallWan,
    video: torch.Tensor,
    visible: torch.Tensor,
    completion: Completion,
    seed: int,
    source: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the completed clip, decoded; ``source`` is for the masks that need it. Where all stays known, as given."""
    measurement = encode_measurement(wan.coder, video, visible, completion.mask, source=source)
    if completion.release.at == 0 and bool(known_cells(measurement.h, completion.release.threshold).all()):
        return wan.coder.decode(measurement.w)
    guidance = Guidance(measurement, completion.proximal, completion.window)
    predictor = partial(wan.predictor, completion.prompt, guidance=completion.guidance)
    noise = noise_of(measurement.w.shape, seed)
    return wan.coder.decode(sampled(predictor, noise, schedule(completion.steps), guidance, completion.release))


def sampled(
    predictor: Callable[..., Denoise], noise: torch.Tensor, sigmas: torch.Tensor, guidance: Guidance, release: Release
) -> torch.Tensor:
    """Sample latents with the measurement as clean tokens until their release, and as guidance within its window.

    Args:
        predictor: makes the model's prediction, given the tokens that stand clean where there are any.
    """
    context = release.bind(guidance, noise, torch.clone, TokenTimes.PER_TOKEN, predictor)
    correct = guidance.bind(noise, sigma_of_percent(SHIFT), torch.clone)
    return sample_stochastic(predictor(), noise, sigmas, context=context, correct=correct)
