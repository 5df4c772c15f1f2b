"""The core's samplers as the host's SAMPLERs: the exact guided update, and related methods for comparison."""

from __future__ import annotations

from collections.abc import Callable

import torch
from comfy.model_base import BaseModel
from comfy.samplers import KSAMPLER, KSamplerX0Inpaint

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.sampling import (
    Evidence,
    Guidance,
    NoiseRule,
    sample_guided_euler,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
)
from ..host.checks import choose, require_image_tokens
from ..host.compat import format_name, require_constant_flow, require_flow, require_guidable, streams_of
from ..host.context_windows import with_concat_in_window
from ..host.noise_mask import require_whole_frames
from .patch import bind_to, percent_to_sigma

ExtraArgs = dict[str, object]
Callback = Callable[[dict[str, object]], None]
Renew = Callable[[torch.Tensor], torch.Tensor]
CLOCKS = (0.04, 0.1)
"""Time-to-Move's weak and strong clock for a moving camera, in percent of the schedule, 0...1."""


def evidence_for(
    guidance: Guidance, model: KSamplerX0Inpaint, x: torch.Tensor, extra_args: ExtraArgs | None, soft: bool = False
) -> Evidence:
    """Return the measurement bound to a run that starts at ``x``; its mask is ``h`` if ``soft``, else ``h >= 0.5``.

    It is 0 where the run's noise mask is, since the host gives the result there.
    """
    base = _base(model)
    require_guidable(base)
    guidance.check_format(format_name(base.latent_format))
    streams = streams_of(base, x)
    w, h = map(streams.place, guidance.evidence(x, base.process_latent_in, streams))
    free = denoise_mask(extra_args)
    h = h if free is None else h * free
    active = guidance.window.resolve(percent_to_sigma(base.model_sampling))
    return Evidence(w, h if soft else h >= 0.5, active, model.noise, _generator(extra_args))


def noise_renewal(guidance: Guidance, sigmas: torch.Tensor, extra_args: ExtraArgs | None) -> Renew | None:
    """Return the function that replaces each step's noise estimate under ``NoiseRule.FRESH``, else None.

    The noise depends on the run's seed and the schedule's first sigma, so that two slices of one run draw different noise.
    """
    if guidance.noise == NoiseRule.KEEP:
        return None
    generator = _generator(extra_args, 1 + round(1e6 * (1 - float(sigmas[0]))))
    return lambda noise: torch.randn(noise.shape, generator=generator).to(noise)


def denoise_mask(extra_args: ExtraArgs | None) -> torch.Tensor | None:
    """Return the noise mask of a run as the host prepared it, if it has one."""
    mask = (extra_args or {}).get("denoise_mask")
    return mask if isinstance(mask, torch.Tensor) else None


def _generator(extra_args: ExtraArgs | None, offset: int = 1) -> torch.Generator:
    """Return a CPU generator seeded off the run's seed, which itself would draw the run's initial noise a second time."""
    seed = (extra_args or {}).get("seed")
    return torch.Generator().manual_seed(((seed if isinstance(seed, int) else 0) + offset) % 2**64)


def _base(model: KSamplerX0Inpaint) -> BaseModel:
    """Return the host's base model inside the callable that it passes to a sampler function."""
    return model.inner_model.inner_model


Arguments = Callable[[Guidance, KSamplerX0Inpaint, torch.Tensor, torch.Tensor, ExtraArgs | None], dict[str, object]]
"""Function from guidance, model, starting latent, sigmas and extra arguments to the keywords of a sampler function."""


def _exact(
    guidance: Guidance, model: KSamplerX0Inpaint, x: torch.Tensor, sigmas: torch.Tensor, extra_args: ExtraArgs | None
) -> dict[str, object]:
    base = _base(model)
    return {
        "correct": bind_to(guidance, base, x, denoise_mask(extra_args)),
        "renew": noise_renewal(guidance, sigmas, extra_args),
        "signal": require_flow(base.model_sampling),
    }


def _evidence(soft: bool = False, clocks: tuple[float, float] | None = None) -> Arguments:
    """Return the :data:`Arguments` of a related method: its evidence and, with ``clocks`` (percent), their sigmas."""

    def arguments(
        guidance: Guidance, model: KSamplerX0Inpaint, x: torch.Tensor, _: torch.Tensor, extra_args: ExtraArgs | None
    ) -> dict[str, object]:
        keywords: dict[str, object] = {"evidence": evidence_for(guidance, model, x, extra_args, soft)}
        if clocks is not None:
            keywords["clocks"] = tuple(map(percent_to_sigma(_base(model).model_sampling), clocks))
        return keywords

    return arguments


EXACT = "dds_euler"
BASELINES: dict[str, tuple[Callable[..., torch.Tensor], Arguments]] = {
    "hard_paste_euler": (sample_hard_paste, _evidence()),
    "zero4d_euler": (sample_zero4d, _evidence(soft=True)),
    "lanpaint_euler": (sample_lanpaint, _evidence()),
    "time_to_move_euler": (sample_time_to_move, _evidence(clocks=CLOCKS)),
}
OWN_SAMPLERS = {EXACT: (sample_guided_euler, _exact)} | BASELINES
"""This pack's sampler functions and their arguments, by their names in the KSampler."""


def flow_sampler(guidance: Guidance, name: str = EXACT) -> KSAMPLER:
    """Return one of :data:`OWN_SAMPLERS` as a SAMPLER of the host.

    Raises:
        InputError: an unknown name, or fresh noise with a related method, which has a noise rule of its own.
    """
    function, arguments = choose("sampler_name", name, OWN_SAMPLERS)
    if name != EXACT and guidance.noise != NoiseRule.KEEP:
        raise InputError("settings", f"noise '{guidance.noise.value}' with {name}", f"Set noise to 'keep', or choose {EXACT}.")

    def sample(
        model: KSamplerX0Inpaint,
        x: torch.Tensor,
        sigmas: torch.Tensor,
        extra_args: ExtraArgs | None = None,
        callback: Callback | None = None,
        disable: bool | None = None,
    ) -> torch.Tensor:
        base = _base(model)
        require_whole_frames(denoise_mask(extra_args), streams_of(base, x))
        require_image_tokens(model.inner_model)
        if name != EXACT:
            require_constant_flow(base.model_sampling, name)
        extra_args = with_concat_in_window(extra_args)
        return function(model, x, sigmas, extra_args, callback, **arguments(guidance, model, x, sigmas, extra_args))

    return KSAMPLER(sample)
