"""Many masks under many priors at once: each guides the embedded video model, and all of a scene go through it as one batch.

Every run of a scene has the same noise, prompt, schedule, measurement and first frame. Until the window opens the mask does not
matter, so that part runs once a strength of the prior; then there is a run for every strength and mask. Latents are
normalised, ``[1, C, T', H', W']``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from inversecrafter_core.inverse import ProximalSettings, prepare
from inversecrafter_core.masks import hold_first_frame
from inversecrafter_core.sampling import BoundGuidance, Window, even_schedule, sample_guided_euler, sigma_of_percent
from lab.benchmarks.priors import Denoise, stronger_prior
from lab.models import video as dit
from lab.models.shipped import WanModel

STEPS = 8
TOGETHER = 16
"""Clips in a batch of the model."""


class Evidence(NamedTuple):
    """What a run is given: ``E(x)``, which only judges and makes priors, ``E(y)``, and what the scene shows, in words."""

    truth: torch.Tensor
    w: torch.Tensor
    prompt: str


def denoiser(model: WanModel, evidence: Evidence) -> Denoise:
    """``(x [B, ...], sigma [B]) -> z0``, the first frame given clean at token-time 0."""
    tokens, first = dit.prompt_tokens([evidence.prompt]), evidence.w[:, :, :1]
    frames, rows, columns = (size // by for size, by in zip(evidence.w.shape[2:], (1, dit.PATCH, dit.PATCH), strict=True))
    noised = torch.ones(frames, rows, columns)
    noised[0] = 0

    def part(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        given = first.expand(len(x), -1, -1, -1, -1)
        x = torch.cat([given, x[:, :, 1:]], 2)
        times = sigma[:, None] * 1000 * noised.reshape(1, -1)
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            velocity = model(x, times, tokens.expand(len(x), -1, -1)).float()
        z0 = x - sigma.view(-1, 1, 1, 1, 1) * velocity
        return torch.cat([given, z0[:, :, 1:]], 2)

    def denoise(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        pairs = zip(x.split(TOGETHER), sigma.split(TOGETHER), strict=True)
        return torch.cat([part(*pair) for pair in pairs])

    return denoise


def guided(
    model: WanModel,
    evidence: Evidence,
    masks: Sequence[torch.Tensor],
    strengths: Sequence[float],
    noise: torch.Tensor,
    steps: int = STEPS,
    window: Window | None = None,
) -> torch.Tensor:
    """Sample with every one of ``masks`` under every prior: latents ``[strengths, masks, C, T', H', W']``.

    Closed form, default gamma; frame 0 is the source's own and fully known under every mask.
    """
    sigmas = torch.tensor(even_schedule(steps, dit.SHIFT))
    active = (window or Window()).resolve(sigma_of_percent(dit.SHIFT))
    opens = next((index for index, sigma in enumerate(sigmas[:-1].tolist()) if sigma in active), steps)
    usual, prior = denoiser(model, evidence), torch.tensor(strengths)

    def run(x: torch.Tensor, part: torch.Tensor, strength: torch.Tensor, guide: BoundGuidance) -> torch.Tensor:
        mixed = stronger_prior(usual, evidence.truth, strength.view(-1, 1, 1, 1, 1))
        return sample_guided_euler(mixed, x, part, correct=guide)

    before = run(noise.repeat(len(prior), 1, 1, 1, 1), sigmas[: opens + 1], prior, BoundGuidance(active, torch.clone))
    h = hold_first_frame(torch.cat(list(masks))).repeat(len(prior), 1, 1, 1, 1)
    step = prepare(h, evidence.w.expand(h.shape), ProximalSettings("closed_form"))
    after = run(
        before.repeat_interleave(len(masks), 0),
        sigmas[opens:],
        prior.repeat_interleave(len(masks)),
        BoundGuidance(active, step),
    )
    return after.unflatten(0, (len(prior), len(masks)))
