"""Every way to hold the small video model to a warp, as a function from a case to latents: ours, its settings, the relatives'.

All share model, prompt, noise, schedule and measurement of a case. The base model is given the first frame, clean at
token-time 0, as the paper's base model is; ``text alone`` ways are not. Latents are normalised, ``[1, 16, 5, 16, 24]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks.model_dit import uncovered
from inversecrafter_core.inverse import ProximalSettings, Step, prepare, prepare_pixels
from inversecrafter_core.masks import MaskInputs, hold_first_frame, latent_mask
from inversecrafter_core.sampling import (
    BoundGuidance,
    SigmaRange,
    Window,
    sample_dps,
    sample_guided_euler,
    sample_hard_paste,
    sample_zero4d,
)
from inversecrafter_core.synthetic import caption, random_scene
from training import dit
from training.shipped import WanModel, WanVAE, decode, encode

Denoise = Callable[..., torch.Tensor]
LEAST_HOLES = 0.02
MASKS = ("training_free", "binary", "area")
NEVER = Window(alpha=0.0)
ALWAYS = Window(alpha=1.0)


@dataclass(frozen=True)
class Case:
    """One unseen scene from a new camera.

    Attributes:
        truth, warp: ``[F, H, W, 3]``: the rendered view, and the exact warp, filled by Telea's method.
        reachable: the rendered view through the VAE: nothing made of latents comes nearer, in expectation.
        visible: ``[F, H, W]``.
        w: ``E(warp)``.
        masks: latent masks by mode, the first frame fully known.
        prompt: what the scene shows.
        noise: what every way starts from.
    """

    truth: torch.Tensor
    warp: torch.Tensor
    reachable: torch.Tensor
    visible: torch.Tensor
    w: torch.Tensor
    masks: dict[str, torch.Tensor]
    prompt: str
    noise: torch.Tensor


def make_case(seed: int, clip: dict[str, torch.Tensor], coder: WanVAE) -> Case:
    w = encode(coder, clip["telea"])
    given = MaskInputs(clip["visible"], clip["telea"], w, lambda video: encode(coder, video))
    masks = {mode: hold_first_frame(latent_mask(mode, given)) for mode in MASKS}
    noise = torch.randn(w.shape, generator=torch.Generator().manual_seed(seed))
    scene = caption(random_scene(seed))
    reachable = decode(coder, encode(coder, clip["truth"]))
    return Case(clip["truth"], clip["telea"], reachable, clip["visible"], w, masks, scene, noise)


def cases(seeds: list[int], count: int, coder: WanVAE) -> Iterator[Case]:
    """The first ``count`` scenes with holes worth judging."""
    for seed in seeds:
        clip = uncovered(seed)
        if count and float((clip["visible"] == 0).float().mean()) >= LEAST_HOLES:
            count -= 1
            yield make_case(seed, clip, coder)


@dataclass(frozen=True)
class Lab:
    """The models and the schedule that all ways share."""

    model: WanModel
    coder: WanVAE
    sigmas: torch.Tensor

    @classmethod
    def of(cls, model: WanModel, coder: WanVAE, steps: int) -> Lab:
        even = torch.linspace(1, 0, steps + 1)
        return cls(model, coder, dit.SHIFT * even / (1 + (dit.SHIFT - 1) * even))

    def denoiser(self, case: Case, first_frame: bool = True) -> Denoise:
        """``(x, sigma [1]) -> z0``; with ``first_frame`` that of the warp is given, whatever ``x`` says there."""
        tokens = dit.prompt_tokens([case.prompt])
        frames, rows, columns = case.w.shape[2], case.w.shape[3] // dit.PATCH, case.w.shape[4] // dit.PATCH
        noised = torch.ones(frames, rows, columns)
        noised[0] = 0

        def denoise(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
            time = sigma * 1000
            if first_frame:
                x, time = torch.cat([case.w[:, :, :1], x[:, :, 1:]], 2), (time * noised).reshape(1, -1)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                velocity = self.model(x, time, tokens).float()
            z0 = x - sigma * velocity
            return torch.cat([case.w[:, :, :1], z0[:, :, 1:]], 2) if first_frame else z0

        return denoise

    def active(self, window: Window) -> SigmaRange:
        return window.resolve(self.sigmas.tolist(), lambda percent: 1 - percent)


Way = Callable[[Lab, Case], torch.Tensor]
"""A run as a function; latents out."""


def _run(lab: Lab, case: Case, step: Step, window: Window, first_frame: bool = True, rederive: bool = False) -> torch.Tensor:
    """The exact sampler; with ``rederive`` Euler on corrected predictions, as the MODEL patch does under a stock sampler."""
    denoise, bound = lab.denoiser(case, first_frame), BoundGuidance(lab.active(window), step)
    if not rederive:
        return sample_guided_euler(denoise, case.noise, lab.sigmas, correct=bound)
    corrected: Denoise = lambda x, sigma: bound(denoise(x, sigma), float(sigma))  # noqa: E731
    return sample_guided_euler(corrected, case.noise, lab.sigmas, correct=lambda z0, sigma: z0)


def filled_warp(lab: Lab, case: Case) -> torch.Tensor:
    """No model at all: the warp with Telea's filling, through the VAE."""
    return case.w


def true_view(lab: Lab, case: Case) -> torch.Tensor:
    """What the VAE allows at best."""
    return encode(lab.coder, case.truth)


def bare(first_frame: bool) -> Way:
    return lambda lab, case: _run(lab, case, torch.clone, NEVER, first_frame)


def dds(
    window: Window | None = None,
    mask: str = "training_free",
    first_frame: bool = True,
    rederive: bool = False,
    solver: str = "closed_form",
    **options: Any,
) -> Way:
    """Ours, by default exactly solved; ``options`` are more of :class:`ProximalSettings`."""
    settings = ProximalSettings(solver, **options)

    def way(lab: Lab, case: Case) -> torch.Tensor:
        return _run(lab, case, prepare(case.masks[mask], case.w, settings), window or Window(), first_frame, rederive)

    return way


def pixel_dds(lab: Lab, case: Case) -> torch.Tensor:
    to_video: Step = lambda z0: decode(lab.coder, z0)  # noqa: E731
    to_latent: Step = lambda video: encode(lab.coder, video)  # noqa: E731
    return _run(lab, case, prepare_pixels(case.warp, case.visible, to_video, to_latent, ProximalSettings()), Window())


def hard_paste(window: Window) -> Way:
    """The relatives' binary mask."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        return sample_hard_paste(
            lab.denoiser(case),
            case.noise,
            lab.sigmas,
            w=case.w,
            known=case.masks["binary"] > 0,
            noise=case.noise,
            active=lab.active(window),
        )

    return way


def zero4d(window: Window) -> Way:
    """Average-pooled mask, early steps repeated."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        active, generator = lab.active(window), torch.Generator().manual_seed(1)
        return sample_zero4d(
            lab.denoiser(case), case.noise, lab.sigmas, w=case.w, m=case.masks["area"], active=active, generator=generator
        )

    return way


def dps(window: Window, zeta: float = 0.6) -> Way:
    """Average-pooled mask."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        active, h = lab.active(window), case.masks["area"]
        return sample_dps(lab.denoiser(case), case.noise, lab.sigmas, w=case.w, h=h, active=active, zeta=zeta)

    return way


EXACT, CG5 = "DDS, closed form", "DDS, CG K=5"
BARE, TEXT_ALONE = "bare, first frame given", "bare, text alone"
PASTE, PIXELS, DPS = "hard paste", "pixel-space DDS", "DPS"

LIMITS: dict[str, Way] = {"VAE of the true view": true_view, "VAE of the filled warp": filled_warp}
"""No sampling: what can be reached, and what the measurement alone gives."""

METHODS: dict[str, Way] = {
    TEXT_ALONE: bare(first_frame=False),
    BARE: bare(first_frame=True),
    PASTE: hard_paste(Window()),
    "hard paste, every step": hard_paste(ALWAYS),
    "Zero4D": zero4d(Window()),
    "Zero4D, every step": zero4d(ALWAYS),
    DPS: dps(Window()),
    "DPS, every step": dps(ALWAYS),
    PIXELS: pixel_dds,
    CG5: dds(solver="conjugate_gradients", steps=5),
    EXACT: dds(),
    "DDS, text alone": dds(first_frame=False),
    "DDS, binary mask": dds(mask="binary"),
    "DDS as a MODEL patch": dds(rederive=True),
}
"""Judged by every metric."""

ABLATIONS: dict[str, Way] = {
    **{f"K = {k}": dds(solver="conjugate_gradients", steps=k) for k in (1, 2, 10)},
    "w = E(y), literal": dds(form="literal"),
    **{f"gamma {gamma:g}": dds(gamma=gamma) for gamma in (1.0, 2.0, 4.0, 20.0, 100.0)},
    **{f"alpha_steps {alpha}": dds(Window("alpha_steps", alpha)) for alpha in (0.2, 0.4, 0.8, 1.0)},
    **{f"alpha_sigma {alpha}": dds(Window("alpha_sigma", alpha)) for alpha in (0.6, 0.8, 0.9)},
}
"""One setting changed against the closed form at its defaults; judged by a few metrics."""
