"""Every way to hold the small video model to a warp, as a function from a case to latents: ours, its settings, the relatives'.

All share model, prompt, noise, schedule and measurement of a case. The base model is given the first frame, clean at
token-time 0, as the paper's base model is; ``text alone`` ways are not. Latents are normalised, ``[1, 16, 5, 16, 24]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from benchmarks.model_dit import uncovered
from inversecrafter_core.inverse import ProximalSettings, Step, prepare, prepare_pixels, refilled
from inversecrafter_core.masks import USUAL, MaskInputs, held_infill, hold_first_frame, latent_mask
from inversecrafter_core.sampling import (
    ALWAYS,
    NEVER,
    BoundGuidance,
    RefillOnce,
    SigmaRange,
    Window,
    sample_dps,
    sample_guided_euler,
    sample_hard_paste,
    sample_zero4d,
    sigma_of_percent,
)
from inversecrafter_core.synthetic import caption, random_scene
from training import dit
from training.mask_model import load_predictor
from training.mask_options import FILE as MASK_ENCODER
from training.shipped import WanModel, WanVAE, decode, encode

Denoise = Callable[..., torch.Tensor]
LEAST_HOLES = 0.02
MASKS = {"usual": USUAL, "learned": "learned", "binary": "binary", "area": "area"}
Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
REFILL_AT = 0.71
"""The middle of the default window."""
DPS_ZETA = 0.3
"""On two scenes of seed 5, of 0.3, 0.6 and 1 with the binary and the average-pooled mask, the nearest to truth."""


@dataclass(frozen=True)
class Case:
    """One unseen scene from a new camera.

    Attributes:
        truth, warp: ``[F, H, W, 3]``: the rendered view, and the exact warp, filled by Telea's method.
        reachable: the rendered view through the VAE: nothing made of latents comes nearer, in expectation.
        visible: ``[F, H, W]``.
        w: ``E(warp)``.
        masks: latent masks by name, the first frame fully known.
        prompt: what the scene shows.
        noise: what every way starts from.
        held: ``E(warp)`` with what other times show of the holes instead, where they show it; None when nobody asks.
    """

    truth: torch.Tensor
    warp: torch.Tensor
    reachable: torch.Tensor
    visible: torch.Tensor
    w: torch.Tensor
    masks: dict[str, torch.Tensor]
    prompt: str
    noise: torch.Tensor
    held: torch.Tensor | None = None


def make_case(seed: int, clip: dict[str, torch.Tensor], coder: WanVAE, predict: Predict) -> Case:
    """``predict``: the mask encoder, ``(visible, warp)`` to ``h``."""
    w = encode(coder, clip["telea"])
    given = MaskInputs(clip["visible"], clip["telea"], w, lambda video: encode(coder, video), predict=predict)
    masks = {key: hold_first_frame(latent_mask(name, given)) for key, name in MASKS.items()}
    noise = torch.randn(w.shape, generator=torch.Generator().manual_seed(seed))
    held = encode(coder, held_infill(clip["telea"], clip["visible"]))
    reachable = decode(coder, encode(coder, clip["truth"]))
    return Case(clip["truth"], clip["telea"], reachable, clip["visible"], w, masks, caption(random_scene(seed)), noise, held)


def cases(seeds: list[int], count: int, coder: WanVAE) -> Iterator[Case]:
    """The first ``count`` scenes with holes worth judging."""
    encoder = load_predictor(MASK_ENCODER)
    for seed in seeds:
        if not count:
            return
        clip = uncovered(seed)
        if float((clip["visible"] == 0).float().mean()) >= LEAST_HOLES:
            count -= 1
            yield make_case(seed, clip, coder, lambda visible, warp: encoder.mask(visible[None], warp[None]))


@dataclass(frozen=True)
class Lab:
    """The models and the schedule that all ways share."""

    model: WanModel
    coder: WanVAE
    sigmas: torch.Tensor
    shift: float = dit.SHIFT

    @classmethod
    def of(cls, model: WanModel, coder: WanVAE, steps: int, shift: float = dit.SHIFT) -> Lab:
        return cls(model, coder, torch.tensor([sigma_of_percent(shift)(i / steps) for i in range(steps + 1)]), shift)

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
        return window.resolve(sigma_of_percent(self.shift))


KEPT, REDERIVED, FRESH = NOISES = ("kept", "re-derived", "fresh")
"""The noise estimate is kept beside the corrected prediction (the exact sampler), derived from it again (the patch under a
stock Euler), or drawn anew at every step (the patch under the stock ``lcm``).
"""
Way = Callable[[Lab, Case], torch.Tensor]
"""A run as a function; latents out."""


def same(z0: torch.Tensor, sigma: float) -> torch.Tensor:
    """No correction."""
    return z0


def _run(lab: Lab, case: Case, step: Step, window: Window, first_frame: bool = True, noise: str = KEPT) -> torch.Tensor:
    """One run; ``noise`` is one of :data:`NOISES`."""
    denoise, bound = lab.denoiser(case, first_frame), BoundGuidance(lab.active(window), step)
    if noise == REDERIVED:  # Euler on corrected predictions, as the MODEL patch does under a stock sampler
        corrected: Denoise = lambda x, sigma: bound(denoise(x, sigma), float(sigma))  # noqa: E731
        return sample_guided_euler(corrected, case.noise, lab.sigmas, correct=same)
    generator = torch.Generator().manual_seed(1)
    fresh: Callable[[torch.Tensor], torch.Tensor] = lambda old: torch.randn(old.shape, generator=generator)  # noqa: E731
    return sample_guided_euler(denoise, case.noise, lab.sigmas, correct=bound, renew=fresh if noise == FRESH else None)


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
    mask: str = "usual",
    first_frame: bool = True,
    noise: str = KEPT,
    solver: str = "closed_form",
    **options: Any,
) -> Way:
    """Ours, by default exactly solved; ``options`` are more of :class:`ProximalSettings`."""
    settings = ProximalSettings(solver, **options)

    def way(lab: Lab, case: Case) -> torch.Tensor:
        return _run(lab, case, prepare(case.masks[mask], case.w, settings), window or Window(), first_frame, noise)

    return way


def pixel_dds(lab: Lab, case: Case) -> torch.Tensor:
    to_video: Step = lambda z0: decode(lab.coder, z0)  # noqa: E731
    to_latent: Step = lambda video: encode(lab.coder, video)  # noqa: E731
    return _run(lab, case, prepare_pixels(case.warp, case.visible, to_video, to_latent, ProximalSettings()), Window())


def refilled_once(lab: Lab, case: Case, at: float = REFILL_AT) -> torch.Tensor:
    """Ours, its measurement encoded once more when the model has come to predict something for the holes."""
    h, settings = case.masks["usual"], ProximalSettings("closed_form")

    def renew(z: torch.Tensor) -> Step:
        w = refilled(z, case.warp, case.visible, lambda z0: decode(lab.coder, z0), lambda video: encode(lab.coder, video))
        return prepare(h, w, settings)

    guidance = RefillOnce(BoundGuidance(lab.active(Window()), prepare(h, case.w, settings)), at, renew)
    return sample_guided_euler(lab.denoiser(case), case.noise, lab.sigmas, correct=guidance)


def hard_paste(window: Window, mask: str = "binary", least: float = 1.0) -> Way:
    """Cells whose mask is at least ``least`` are known; by default the relatives' rule."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        known, active = case.masks[mask] >= least, lab.active(window)
        return sample_hard_paste(
            lab.denoiser(case), case.noise, lab.sigmas, w=case.w, known=known, noise=case.noise, active=active
        )

    return way


def zero4d(window: Window, repeats: int = 2) -> Way:
    """Average-pooled mask, early steps repeated."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        m, active, generator = case.masks["area"], lab.active(window), torch.Generator().manual_seed(1)
        return sample_zero4d(
            lab.denoiser(case),
            case.noise,
            lab.sigmas,
            w=case.w,
            m=m,
            active=active,
            repeats=repeats,
            generator=generator,
        )

    return way


def dps(window: Window, zeta: float = DPS_ZETA, mask: str = "binary") -> Way:
    def way(lab: Lab, case: Case) -> torch.Tensor:
        active, h = lab.active(window), case.masks[mask]
        return sample_dps(lab.denoiser(case), case.noise, lab.sigmas, w=case.w, h=h, active=active, zeta=zeta)

    return way


def from_other_times(way: Way) -> Way:
    """The same way on the same warp, its holes filled with what other times show."""

    def on_held(lab: Lab, case: Case) -> torch.Tensor:
        assert case.held is not None
        return way(lab, replace(case, w=case.held))

    return on_held


EXACT, CG5, REFILLED = "DDS, closed form", "DDS, CG K=5", "DDS, refilled once"
BARE, TEXT_ALONE = "bare, first frame given", "bare, text alone"
PASTE, PASTE_HALF, PIXELS, DPS = "hard paste", "hard paste, half a cell", "pixel-space DDS", "DPS"
HELD = ", holes from other times"
"""What names of ways on the other infill end in."""

LIMITS: dict[str, Way] = {
    "VAE of the true view": true_view,
    "VAE of the filled warp": filled_warp,
    f"VAE of the filled warp{HELD}": from_other_times(filled_warp),
}
"""No sampling: what can be reached, and what the measurement alone gives."""

METHODS: dict[str, Way] = {
    TEXT_ALONE: bare(first_frame=False),
    BARE: bare(first_frame=True),
    PASTE: hard_paste(Window()),
    PASTE_HALF: hard_paste(Window(), "area", 0.5),
    "Zero4D": zero4d(Window()),
    "Zero4D, no repeats": zero4d(Window(), repeats=1),
    DPS: dps(ALWAYS),
    PIXELS: pixel_dds,
    CG5: dds(solver="conjugate_gradients", steps=5),
    EXACT: dds(),
    REFILLED: refilled_once,
    "DDS, text alone": dds(first_frame=False),
    "DDS, binary mask": dds(mask="binary"),
    "DDS, area mask": dds(mask="area"),
    "DDS, learned mask": dds(mask="learned"),
    "DDS as a MODEL patch": dds(noise=REDERIVED),
    "DDS, fresh noise": dds(noise=FRESH),
    f"{PASTE_HALF}{HELD}": from_other_times(hard_paste(Window(), "area", 0.5)),
    f"Zero4D{HELD}": from_other_times(zero4d(Window())),
    f"{EXACT}{HELD}": from_other_times(dds()),
}
"""Judged by every metric. The relatives have the window, threshold, mask and step length that came nearest to truth of those
tried on scenes of seed 5, and where that is not what their papers say, both; DPS acts at every step, as NVS-Solver does.
"""

ABLATIONS: dict[str, Way] = {
    **{f"K = {k}": dds(solver="conjugate_gradients", steps=k) for k in (1, 2, 10)},
    **{f"gamma {gamma:g}": dds(gamma=gamma) for gamma in (1.0, 2.0, 4.0, 20.0, 100.0)},
    **{f"start_percent {start:g}": dds(Window(start)) for start in (0.0, 0.2, 0.6, 0.8)},
}
"""One setting changed against the closed form at its defaults; judged by a few metrics."""
