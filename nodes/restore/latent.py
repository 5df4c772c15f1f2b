"""Restoration of hidden pixels in latent space: a measurement, the exact sampler, and the known pixels put back at the end."""

from __future__ import annotations

import torch

from ...inversecrafter_core.errors import require_finite
from ...inversecrafter_core.inverse import encode_measurement, fit_clip
from ...inversecrafter_core.inverse.operators import Degradation
from ...inversecrafter_core.sampling import Guidance
from ..guide.ksampler import GuidedRun
from ..guide.patch import require_fitting
from ..host.vae import VideoVae
from .priors import Models, Run


def restored_in_latents(models: Models, degradation: Degradation, y: torch.Tensor, run: Run) -> torch.Tensor:
    """Return the clip ``[F, H, W, 3]`` whose hidden pixels are sampled from noise under a latent mask, as in recapture.

    Args:
        models: a video model and its VAE.
        degradation: a mask of pixels.
        y: the clip with its hidden pixels at 0.
        run: ``seed``, ``steps`` and ``cfg`` are used, and the conjugate-gradient steps of the last fit.
    """
    visible = degradation.visible
    assert visible is not None
    vae, shape = VideoVae.of(models.vae), degradation.size
    measurement = encode_measurement(vae, degradation.operator.estimate(y), visible.expand(shape))
    guidance = Guidance(measurement)
    require_fitting(models.model, guidance)
    sampling = GuidedRun(models.positive, models.negative, run.seed, run.steps, run.cfg)
    parts = [(models.model, sampling.sigmas(models.model))]
    samples = sampling.sample(guidance, parts, {"samples": torch.zeros_like(measurement.w)})
    decoded = require_finite("vae", models.vae.decode(samples))
    return fit_clip(degradation.operator, y, decoded.reshape(-1, *decoded.shape[-3:]).to(y), run.loop.fit_steps).clamp(0, 1)
