"""Restoration by data consistency in pixels, around an image model, frame by frame, or around a video model.

VISION-XL (Kwon and Ye, arXiv 2412.00156) denoises each frame by itself with an image model; LVTINO (arXiv 2510.01339) fits the
predictions of a video model. Both decode the prediction, fit the clip to the measurement, encode it and go on, so one loop
serves both; see :mod:`.prior` for units, spaces and noise levels. Model, VAE, fit and filter go through the clip unit by unit
or frame by frame; clips rest where the measurement is, latents where ``encode`` leaves them.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import torch

from ..inverse import VideoOperator, fit_clip
from ..inverse.operators import smoothing, streamed
from .inversion import started
from .prior import Prior, RestorationSettings, Watch, noise_share

DEFAULT = RestorationSettings()


@torch.no_grad()
def sample_vision_xl(
    prior: Prior,
    operator: VideoOperator,
    y: torch.Tensor,
    sigmas: list[float],
    settings: RestorationSettings = DEFAULT,
    seed: int = 0,
    watch: Watch = lambda _: None,
) -> torch.Tensor:
    """Return the restored clip ``[F, H, W, 3]`` in 0...1 of a measurement ``y = A X`` (VISION-XL; LVTINO with a video model).

    Each step predicts the clean latents and decodes them, solves ``A^T A X = A^T y`` from there by a few conjugate gradients,
    smooths by a width that falls with the noise, encodes, and adds the estimated noise, of which a share ``eta`` is drawn anew,
    the same for all units. Beyond the papers, ``fit_spread`` lets a fit correct hidden pixels beside known ones, where the VAE
    and the model would else bound the result, and ``keep`` saves a prediction from losing a little to the VAE in every step.

    Args:
        prior: model and VAE.
        operator: A, on clips ``[F, H, W, 3]``.
        y: ``[F, h, w, 3]``.
        sigmas: ``N + 1`` falling noise levels, the last one 0; see :func:`.prior.noise_levels`.
        settings: of the loop.
        seed: of all noise.
        watch: see :data:`.prior.Watch`.
    """
    eta, signal, noise = settings.eta, prior.signal, torch.Generator().manual_seed(seed)
    fitted = partial(fit_clip, operator, y, steps=settings.fit_steps, device=prior.device, spread=settings.fit_spread)
    clip = fitted(streamed(operator, prior.device or y.device).estimate(y.float()))
    units = [slice(first, first + prior.frames) for first in range(0, len(clip), prior.frames)]
    z = []
    for frames in units:
        z.append(prior.encode(clip[frames]))
        watch(None)
    z = started(prior, z, sigmas, settings.start, noise, watch)
    for sigma, sigma_next in pairwise(sigmas):
        z0, e = [], []
        for latent in z:
            guided, free = prior.denoise(latent, sigma)
            z0.append(guided)
            e.append((latent - signal(sigma) * free) / sigma)
            watch(None)
        for frames, latent in zip(units, z0, strict=True):
            clip[frames] = prior.decode(latent).to(clip)
            watch(clip[frames][0])
        kept = _kept(prior, clip, units, z0, settings.keep, watch) if sigma_next > 0 else []
        if sigma_next > 0 or settings.fit_last:
            clip = fitted(clip)
        if sigma_next > 0:
            clip = low_passed(clip, settings.low_pass(noise_share(sigma, signal)), prior.device)
            shared = torch.randn(z[0].shape, generator=noise).to(z[0])
            for u, frames in enumerate(units):
                renewed = math.sqrt(1 - eta**2) * e[u] + eta * shared
                z[u] = signal(sigma_next) * (prior.encode(clip[frames]) + kept[u]) + sigma_next * renewed
                watch(None)
    return clip.clamp(0, 1)


def _kept(
    prior: Prior, decoded: torch.Tensor, units: list[slice], z0: list[torch.Tensor], share: float, watch: Watch
) -> list[torch.Tensor | float]:
    """Return a share of what each prediction lost by being decoded and encoded."""
    if share == 0:
        return [0.0] * len(units)
    lost: list[torch.Tensor | float] = []
    for frames, latent in zip(units, z0, strict=True):
        lost.append(share * (latent - prior.encode(decoded[frames])))
        watch(None)
    return lost


def low_passed(clip: torch.Tensor, width: float, device: torch.device | None = None) -> torch.Tensor:
    """Return a clip ``[F, H, W, 3]`` smoothed by a Gaussian of ``width`` pixels, frame by frame on ``device``."""
    return clip if width <= 0 else streamed(smoothing(width), device or clip.device).A(clip)
