"""What the jobs' benchmarks share: the small video model completing a partly known clip, as the shipped workflows do it.

Clips are ``[F, H, W, 3]`` in 0...1, ``visible [F, H, W]`` is 1 where the clip is known. The prompt is empty unless asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from inversecrafter_core.editing import composite
from inversecrafter_core.inverse import ProximalSettings, encode_measurement
from inversecrafter_core.masks import DEFAULT_MASK, MaskSettings
from inversecrafter_core.sampling import NEVER, Guidance, Window, even_schedule, sigma_of_percent
from inversecrafter_core.sampling.stochastic import Release, known_cells, sample_stochastic, token_times
from lab.models import video as dit
from lab.models.shipped import ShippedCoder, WanModel, WanVAE, decode, encode, load_dit, load_vae

Denoise = Callable[..., torch.Tensor]


@dataclass(frozen=True)
class Completion:
    """How a partly known clip is completed: the widgets of Stochastic Conditioning, the number of steps, and what is asked for.

    ``guidance`` is classifier-free, 1 = the prompt alone; ``mask`` is that of Encode Measurement.
    """

    steps: int
    release: Release = field(default_factory=lambda: Release(at=0.0))
    window: Window = NEVER
    mask: MaskSettings = DEFAULT_MASK
    proximal: ProximalSettings = field(default_factory=ProximalSettings)
    prompt: str = ""
    guidance: float = 1.0


@dataclass(frozen=True)
class Studio:
    """The embedded models."""

    model: WanModel
    coder: WanVAE

    @classmethod
    def load(cls) -> Studio:
        return cls(load_dit(), load_vae())

    def through_vae(self, video: torch.Tensor) -> torch.Tensor:
        """A clip as the VAE gives it back."""
        return decode(self.coder, encode(self.coder, video))

    def denoiser(self, prompt: str = "", guidance: float = 1.0) -> tuple[Denoise, Callable[[torch.Tensor], Denoise]]:
        """``model(x, sigma [1]) -> z0``, and cells to the same with them at token-time 0."""
        tokens, empty = dit.prompt_tokens([prompt]), dit.prompt_tokens([""])

        def predict(x: torch.Tensor, sigma: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                velocity = self.model(x, times, tokens).float()
                if guidance != 1:
                    velocity = torch.lerp(self.model(x, times, empty).float(), velocity, guidance)
            return x - sigma * velocity

        def with_clean(clean: torch.Tensor) -> Denoise:
            return lambda x, sigma: predict(x, sigma, token_times(sigma * 1000, clean))

        return (lambda x, sigma: predict(x, sigma, sigma * 1000)), with_clean

    def complete(
        self, video: torch.Tensor, visible: torch.Tensor, how: Completion, seed: int, source: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The completed clip, decoded; ``source`` is for the masks that need it. Where all stays known, as given."""
        measurement = encode_measurement(ShippedCoder(self.coder), video, visible, how.mask, source=source)
        if how.release.at == 0 and bool(known_cells(measurement.h, how.release.threshold).all()):
            return decode(self.coder, measurement.w)
        guidance = Guidance(measurement, how.proximal, how.window)
        noise = torch.randn(measurement.w.shape, generator=torch.Generator().manual_seed(seed))
        sigmas = torch.tensor(even_schedule(how.steps, dit.SHIFT))
        context = how.release.bind(guidance, noise, torch.clone, "per_token")
        correct = guidance.bind(noise, sigma_of_percent(dit.SHIFT), torch.clone)
        denoise, with_clean = self.denoiser(how.prompt, how.guidance)
        return decode(
            self.coder, sample_stochastic(denoise, noise, sigmas, context=context, correct=correct, with_clean=with_clean)
        )


def put_together(generated: torch.Tensor, known: torch.Tensor, visible: torch.Tensor, seam: int = 2) -> torch.Tensor:
    """The generated clip with what was known laid over it in pixels, with a soft seam of so many pixels."""
    return composite(generated, known, visible, seam)
