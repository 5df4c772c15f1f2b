"""Restoration of hidden pixels in latent space: a measurement, the exact sampler, and the known pixels put back at the end."""

from __future__ import annotations

import comfy.sample
import comfy.samplers
import latent_preview
import torch

from ...inversecrafter_core.inverse import encode_measurement, fit_clip
from ...inversecrafter_core.inverse.operators import Degradation
from ...inversecrafter_core.sampling import Guidance
from ..guide.patch import require_fitting
from ..guide.samplers import flow_sampler
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
    empty = torch.zeros_like(measurement.w)
    plan = comfy.samplers.KSampler(
        models.model, run.steps, models.model.load_device, "euler", "simple", 1.0, models.model.model_options
    )
    samples = comfy.sample.sample_custom(
        models.model,
        comfy.sample.prepare_noise(empty, run.seed),
        run.cfg,
        flow_sampler(guidance),
        plan.sigmas,
        models.positive,
        models.negative,
        empty,
        callback=latent_preview.prepare_callback(models.model, run.steps),
        disable_pbar=True,
        seed=run.seed,
    )
    decoded = models.vae.decode(samples)
    return fit_clip(degradation.operator, y, decoded.reshape(-1, *decoded.shape[-3:]).to(y), run.loop.fit_steps).clamp(0, 1)
