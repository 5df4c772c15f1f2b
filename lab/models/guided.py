"""The embedded video model and guided runs of it: what the benchmarks of masks, solvers, depth errors and jobs share.

Latents are normalised, ``[B, 16, T', H', W']``. A *prior of strength s* simulates a better video model: the prediction is moved
towards the truth, ``(1 - s) z0 + s z_true``. The embedded model (0) is weaker than a simple infill, which rewards whatever
trusts the infill; a real Wan is stronger.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch

from inversecrafter_core.evaluation import masked_lpips, masked_psnr
from inversecrafter_core.inverse import MaskSchedule, ProximalSettings, Solver, Step, encode_measurement, prepare
from inversecrafter_core.masks import AREA_POWER, MaskMethod, MaskSettings
from inversecrafter_core.sampling import (
    NEVER,
    BoundGuidance,
    SigmaRange,
    Window,
    even_schedule,
    sample_guided_euler,
    sigma_of_percent,
)
from inversecrafter_core.sampling.stochastic import token_times
from lab.data.scenes.new_views import Warp
from lab.metrics.lpips import Lpips, load_lpips
from lab.models.coder import Coder
from lab.models.precision import autocast
from lab.models.shipped import WanModel, load_coder, load_dit
from lab.models.video import GRID, GUIDANCE, SHIFT, STEPS, prompt_tokens, upsample_tokens

Denoise = Callable[..., torch.Tensor]
TOGETHER = 16
"""Clips in a batch of the model."""
MASKS = {
    "default": MaskSettings(),
    "binary": MaskSettings(MaskMethod.BINARY),
    "share": MaskSettings(strength=1 / AREA_POWER),
}
"""Masks that encode nothing; *share* is the plain share of known pixels, as related methods pool it."""


def schedule(steps: int) -> torch.Tensor:
    """Return the ``steps + 1`` falling flow times of the embedded model."""
    return torch.tensor(even_schedule(steps, SHIFT))


def unguided(z0: torch.Tensor, _: float) -> torch.Tensor:
    """Return the prediction as it is."""
    return z0


def stronger_prior(denoise: Denoise, truth: torch.Tensor, strength: torch.Tensor) -> Denoise:
    """Return ``denoise`` with its prediction mixed with ``truth`` by ``strength [B]`` in 0...1, one a clip."""

    def mixed(x: torch.Tensor, sigma: torch.Tensor, **extra: Any) -> torch.Tensor:
        return torch.lerp(denoise(x, sigma, **extra), truth.to(x).expand_as(x), strength.view(-1, 1, 1, 1, 1))

    return mixed


@dataclass(frozen=True)
class SmallWan:
    """The embedded video model and the VAE of its latents, and the precision of the model's matrix products."""

    network: WanModel
    coder: Coder
    precision: torch.dtype = torch.bfloat16

    def predictor(
        self,
        prompt: str = "",
        clean: torch.Tensor | None = None,
        given: torch.Tensor | None = None,
        guidance: float = 1.0,
    ) -> Denoise:
        """Return ``(x [B, ...], sigma [B]) -> z0``.

        Args:
            clean: ``[1, 1, T', H', W']`` bool, cells of whole tokens that stand at token-time 0.
            given: ``[1, 16, T', H', W']``, which those cells show, whatever ``x`` says; None: they are in ``x``.
            guidance: classifier-free; 1 = the prompt alone, in one call.
        """
        tokens, empty = prompt_tokens([prompt]), prompt_tokens([""])

        def part(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
            x = x if clean is None or given is None else torch.where(clean, given, x)
            times = sigma * 1000 if clean is None else token_times(sigma * 1000, clean)
            with autocast(x.device, self.precision):
                velocity = self.network(x, times, tokens.expand(len(x), -1, -1)).float()
                if guidance != 1:
                    velocity = torch.lerp(self.network(x, times, empty.expand(len(x), -1, -1)).float(), velocity, guidance)
            z0 = x - sigma.view(-1, 1, 1, 1, 1) * velocity
            return z0 if clean is None or given is None else torch.where(clean, given, z0)

        def denoise(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
            return torch.cat([part(*some) for some in zip(x.split(TOGETHER), sigma.split(TOGETHER), strict=True)])

        return denoise

    @torch.no_grad()
    def sample(
        self,
        prompt: str,
        seed: int,
        latent: torch.Tensor | None = None,
        known: torch.Tensor | None = None,
        guidance: float = GUIDANCE,
        steps: int = STEPS,
    ) -> torch.Tensor:
        """Sample a normalised latent of a clip of the usual size from noise: from text alone, or completed.

        Args:
            latent: whose ``known`` tokens (``[5, 8, 12]`` bool) are given, clean at token-time 0 as in training.
        """
        x = noise_of(torch.Size((1, 16, *GRID)), seed)
        cells = None if latent is None or known is None or not bool(known.any()) else upsample_tokens(known)[None, None]
        start = x if cells is None or latent is None else torch.where(cells, latent, x)
        predict = self.predictor(prompt, cells, latent, guidance)
        return sample_guided_euler(predict, start, schedule(steps), correct=unguided)


@cache
def small_wan(precision: torch.dtype = torch.bfloat16) -> SmallWan:
    """Return the shipped files, loaded once a process; small clips are faster in float32 on a processor."""
    return SmallWan(load_dit(), replace(load_coder(), precision=precision), precision)


@cache
def lpips() -> Lpips | None:
    """Return the metric, or None where its network cannot be had."""
    return load_lpips()


def noise_of(shape: torch.Size, seed: int) -> torch.Tensor:
    """Return the noise that a run of that seed starts from."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class Case:
    """One partly known clip whose truth is known, in pixels and latents.

    Attributes:
        truth: ``[F, H, W, 3]``.
        warp: what is known of it, holes filled.
        prompt: the scene in words.
        w, z_true: the encoded warp and truth.
        masks: latent masks by name, the first frame fully known; *default* is always there.
        noise: what every run starts from.
    """

    truth: torch.Tensor
    warp: Warp
    prompt: str
    w: torch.Tensor
    z_true: torch.Tensor
    masks: dict[str, torch.Tensor]
    noise: torch.Tensor

    @classmethod
    def of(cls, coder: Coder, truth: torch.Tensor, warp: Warp, prompt: str, seed: int) -> Case:
        """Encode a warp and make its masks."""
        w = coder.encode(warp.video)
        masks = {
            name: encode_measurement(coder, warp.video, warp.visible, settings, first_frame_known=True, encoded=w).h
            for name, settings in MASKS.items()
        }
        return cls(truth, warp, prompt, w, coder.encode(truth), masks, noise_of(w.shape, seed))

    @property
    def first_frame(self) -> torch.Tensor:
        """The cells of the first latent frame, ``[1, 1, T', H', W']`` bool: given to every run, as the paper's model has it."""
        cells = torch.zeros(1, 1, *self.w.shape[2:], dtype=torch.bool)
        cells[:, :, 0] = True
        return cells


@dataclass(frozen=True)
class Setup:
    """A model, a schedule and strengths of its prior: a run is a batch with a clip a strength, all from the same noise."""

    wan: SmallWan
    sigmas: torch.Tensor
    strengths: tuple[float, ...] = (0.0,)
    shift: float = SHIFT

    @classmethod
    def of(cls, steps: int, strengths: tuple[float, ...] = (0.0,), wan: SmallWan | None = None) -> Setup:
        """Return the setup of so many steps, by default of the shipped files."""
        return cls(small_wan() if wan is None else wan, schedule(steps), strengths)

    def start(self, case: Case) -> torch.Tensor:
        """Return the noise of a run."""
        return case.noise.expand(len(self.strengths), *case.noise.shape[1:])

    def denoiser(self, case: Case, context: tuple[torch.Tensor, torch.Tensor] | None = None) -> Denoise:
        """Return the model under every strength of the prior; ``context``: clean cells and what they show, else frame 0."""
        clean, given = context or (case.first_frame, case.w)
        plain = self.wan.predictor(case.prompt, clean, given)
        return stronger_prior(plain, case.z_true, torch.tensor(self.strengths))

    def active(self, window: Window) -> SigmaRange:
        """Return a window in flow times."""
        return window.resolve(sigma_of_percent(self.shift))

    def run(self, case: Case, step: Step, window: Window, denoise: Denoise | None = None) -> torch.Tensor:
        """Sample with ``step`` applied to every prediction within ``window``: latents, a clip a strength."""
        bound = BoundGuidance(self.active(window), step)
        return sample_guided_euler(denoise or self.denoiser(case), self.start(case), self.sigmas, correct=bound)


Method = Callable[[Setup, Case], torch.Tensor]
"""A guided run as a function; latents out, a clip a strength."""


def bare(setup: Setup, case: Case) -> torch.Tensor:
    """Sample without guidance."""
    return setup.run(case, unguided, NEVER)


def recapture(setup: Setup, case: Case, schedule: MaskSchedule = MaskSchedule.FIXED) -> torch.Tensor:
    """Sample with ours: data consistency in closed form, by default at its defaults."""
    step = prepare(case.masks["default"], case.w, ProximalSettings(Solver.CLOSED_FORM, schedule=schedule))
    return setup.run(case, step, Window())


def against_truth(video: torch.Tensor, truth: torch.Tensor) -> dict[str, float]:
    """Return the figures of a whole clip ``[F, H, W, 3]``: PSNR, and LPIPS where its network can be had."""
    metric, found = lpips(), {"whole PSNR": masked_psnr(video, truth)}
    return found if metric is None else found | {"whole LPIPS": masked_lpips(video, truth, distance=metric.maps)}
