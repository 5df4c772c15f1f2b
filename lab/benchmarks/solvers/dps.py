"""Diffusion posterior sampling: a gradient step through the model, its backward pass included, after each Euler step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F

from inversecrafter_core.errors import InputError
from inversecrafter_core.sampling.baselines import Callback, Evidence, Model


def sample_dps(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callback | None = None,
    *,
    evidence: Evidence,
    zeta: float = 0.3,
) -> torch.Tensor:
    """Sample by diffusion posterior sampling (Chung et al., arXiv 2209.14687) on the masked latent residual, as NVS-Solver does
    (arXiv 2405.15364): after each Euler step, ``x' -= zeta |r| g / |g|`` with ``r = h (w - z0(x))`` and ``g`` its norm's
    gradient at ``x``, through the model.

    Args:
        evidence: its mask is ``h``, in 0...1.
        zeta: length of the step, in lengths of the residual.

    Raises:
        InputError: called in inference mode, where no gradient can be taken.
    """
    if torch.is_inference_mode_enabled():
        raise InputError("DPS", "inference mode, in which no gradients exist", "Call it outside torch.inference_mode().")
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        with torch.set_grad_enabled(sigma in evidence.active):
            x = x.detach().requires_grad_(sigma in evidence.active)
            denoised = model(x, sigmas[i] * s_in, **extra_args)
            r = (evidence.mask * (evidence.w - denoised)).flatten(1).norm(dim=1)
        pull: torch.Tensor | float = 0.0
        if sigma in evidence.active:
            unit = F.normalize(torch.autograd.grad(r.sum(), x)[0].flatten(1), dim=1)
            pull = zeta * (r.detach()[:, None] * unit).view_as(x)
        x, denoised = x.detach(), denoised.detach()
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised) - pull
    return x
