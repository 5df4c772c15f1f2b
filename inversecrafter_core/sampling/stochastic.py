"""Stochastic conditioning: known tokens are clean until a release time, and then denoised with all others.

Multi-View Masked Diffusion: above the release time ``t*`` the model sees known tokens clean, at time 0, among the noisy ones.
At the first ``t <= t*`` of the schedule they become ``(1 - t) z + t e``, and from then on all tokens have one time, so that the
model repairs errors of the warp. Latents are ``[B, C, T', H', W']`` in *model space*, time is the flow's sigma (1 = noise), a
token is a square of cells of one latent frame (the grid's patch), masks are bool and True = known.

| ``times`` | tokens that are clean at time 0 before the release | tokens that are ``(1 - t) z + t e`` instead |
|---|---|---|
| ``per_token`` | every known token | none |
| ``per_frame`` | those of wholly known frames | the known tokens of other frames |
| ``one_time`` | none | every known token: the emulation for models that accept one time |

The context acts in ``[1, t*]``. With ``t* = 0`` known tokens are never released and the result contains them unchanged. A run
that starts at or below ``t*``, as every run does for ``t* = 1``, is not conditioned: it is the plain sampler's. On request the
first latent frame, a picture and not a warp, stays conditioned to the end, and so does what an earlier pass over a long clip
has made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F

from ..errors import InputError, require_choice
from ..inverse import Measurement
from ..latent_grid import WAN
from .guidance import Guidance
from .guided_euler import Correct, Renew
from .streams import Streams
from .window import SLACK

Model = Callable[..., torch.Tensor]


class TokenTimes(StrEnum):
    """Times that a model accepts: one a token, one a latent frame, or one for the clip."""

    PER_TOKEN = "per_token"
    PER_FRAME = "per_frame"
    ONE_TIME = "one_time"


def known_cells(h: torch.Tensor, threshold: float, patch: int = WAN.patch) -> torch.Tensor:
    """Return the cells of known tokens, bool ``[B, 1, T', H', W']``, of a latent mask ``h [B, C, T', H', W']``.

    A token is known if the mean of ``h`` over channels is at least ``threshold`` in *every* cell of its patch.

    Raises:
        InputError: sides that do not divide into patches.
    """
    height, width = h.shape[-2:]
    if height % patch or width % patch:
        raise InputError(
            "measurement",
            f"a latent of {width}x{height} cells",
            f"Both sides must be multiples of {patch}, the patch of the model: resize the clip to multiples of a token.",
        )
    least = -F.max_pool3d(-h.float().mean(1, keepdim=True), (1, patch, patch))
    return (least >= threshold).repeat_interleave(patch, -2).repeat_interleave(patch, -1)


def first_frames(measurement: Measurement) -> slice:
    """Return the latent frames that a clip begins with: one, or all that the pass before has made."""
    return slice(measurement.reference_frames, measurement.reference_frames + max(1, measurement.given))


def token_times(time: torch.Tensor, clean: torch.Tensor, per_frame: bool = False, patch: int = WAN.patch) -> torch.Tensor:
    """Return one time a token: 0 for ``clean`` tokens, the run's time for the others.

    Args:
        time: ``[N]`` or ``[N, parts]``, in the model's units; a host may already have times of frames or of tokens.
        clean: bool ``[b, 1, T', H', W']``, cells of whole tokens; ``N`` is a multiple of ``b``, since a guided batch holds all
            clips once for every prompt.
        per_frame: return one time a frame, 0 for frames that are wholly clean, unless ``time`` has one a token.
        patch: cells along one side of a token.

    Returns:
        ``[N, T' H'/patch W'/patch]`` in the order of the model's tokens, or ``[N, T']``.
    """
    tokens = clean[:, 0, :, ::patch, ::patch].flatten(2)
    noisy = ~(tokens.all(2) if per_frame else tokens.flatten(1)).repeat(len(time) // len(tokens), 1)
    time = time.flatten(1) if time.ndim > 1 else time[:, None]
    parts = max(time.shape[1], noisy.shape[1])
    return time.repeat_interleave(parts // time.shape[1], 1) * noisy.repeat_interleave(parts // noisy.shape[1], 1)


def seeded_noise(shape: Sequence[int], seed: int) -> torch.Tensor:
    """Return noise ``[B, ...]`` drawn on the CPU, clip ``i`` from ``seed + i``: the same in any batch and on any device."""
    clips = [torch.Generator().manual_seed((seed + i) % 2**64) for i in range(shape[0])]
    return torch.stack([torch.randn(tuple(shape[1:]), generator=generator) for generator in clips])


@dataclass(frozen=True)
class Context:
    """The context of one run, on its device and in model space.

    Attributes:
        z: ``[b, C, T', H', W']``, the known clip; ``b`` is 1 or the run's batch.
        noise: ``[B, C, T', H', W']``, to noise the known clip with.
        known: bool cells ``[b, 1, T', H', W']``.
        clean: the part of ``known`` that is clean at time 0 before the release.
        kept: the part of ``known`` that is never released.
        release: ``t*``.
        with_clean: returns the model with given cells at time 0; None: the run's own model.
    """

    z: torch.Tensor
    noise: torch.Tensor
    known: torch.Tensor
    clean: torch.Tensor
    kept: torch.Tensor
    release: float
    with_clean: Callable[[torch.Tensor], Model] | None = None

    def fixed(self, sigma: float) -> torch.Tensor:
        """Return the cells that are conditioned on at ``sigma``, bool ``[b, 1, T', H', W']``."""
        return self.known if sigma > self.release + SLACK else self.kept

    def renoised(self, x: torch.Tensor, sigma: float, cells: torch.Tensor) -> torch.Tensor:
        """Return ``x`` with ``(1 - sigma) z + sigma e`` in ``cells``."""
        return torch.where(cells, ((1 - sigma) * self.z + sigma * self.noise).to(x.dtype), x)

    def model_input(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        """Return ``x`` with the context of ``sigma`` in it, as the model receives it."""
        cells = self.fixed(sigma)
        return self.cleaned(self.renoised(x, sigma, cells), cells & self.clean)

    def cleaned(self, x: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """Return ``x`` with ``z`` in ``cells``."""
        return torch.where(cells, self.z.to(x.dtype), x)


@dataclass(frozen=True)
class Release:
    """Release time of a measurement, and the choice of the tokens that it makes known.

    Attributes:
        at: ``t*`` in 0...1 of flow time; the optimum around 0.7 is flat.
        seed: seed of the noise added at the release.
        threshold: see :func:`known_cells`; at 0.9 masks agree best with tokens all of whose pixels are visible.
        keep_first: never release the first latent frame, which must be wholly known; in a pass over a long clip all frames that
            the pass before has made.

    Raises:
        InputError: a release time or threshold outside 0...1.
    """

    at: float = 0.7
    seed: int = 0
    threshold: float = 0.9
    keep_first: bool = False

    def __post_init__(self) -> None:
        for name, value in (("release", self.at), ("known_threshold", self.threshold)):
            if not 0 <= value <= 1:
                raise InputError(name, f"{value}", "Keep it within 0...1.")

    def known(self, measurement: Measurement) -> torch.Tensor:
        """Return the :func:`known_cells` of a measurement's latent mask.

        Raises:
            InputError: no token is known; all are, and none is released; or a first frame to keep that is not wholly known.
        """
        h, first = measurement.h, first_frames(measurement)
        known = known_cells(h, self.threshold, measurement.grid.patch)
        for clip in known.flatten(1):
            if not bool(clip.any()):
                best = float(h.mean(1).max())
                raise InputError(
                    "measurement",
                    f"no token is known at a threshold of {self.threshold:g} (the highest cell has {best:.2f})",
                    "Lower known_threshold, or use a smaller camera motion.",
                )
            if self.at == 0 and bool(clip.all()):  # with a release there would be tokens to denoise
                raise InputError(
                    "measurement",
                    f"every token is known at a threshold of {self.threshold:g}, so nothing is left to generate",
                    "Raise release or known_threshold, or check the holes.",
                )
        if self.keep_first and not bool(known[:, :, first].all()):
            raise InputError(
                "keep_first_frame",
                f"the first frame is known to {float(known[:, :, first].float().mean()):.0%} only",
                "Turn it off, or let the path start at the source camera with first_frame_known.",
            )
        return known

    def share(self, measurement: Measurement) -> float:
        """Return the share of the clip that is context, 0...1: without a time before the release what is never released."""
        known = self.known(measurement)
        if self.at >= 1:
            known[:, :, first_frames(measurement).stop if self.keep_first else 0 :] = False
        return float(known.float().mean())

    def bind(
        self,
        guidance: Guidance,
        like: torch.Tensor,
        to_model_space: Callable[[torch.Tensor], torch.Tensor],
        times: TokenTimes,
        with_clean: Callable[[torch.Tensor], Model] | None = None,
        streams: Streams | None = None,
        free: torch.Tensor | None = None,
    ) -> Context:
        """Return the context of one run.

        Args:
            guidance: guidance by the measurement, whose shape is checked against ``like``.
            like: the run's latents, which give shape and device.
            to_model_space: the model's function from VAE space to model space, on float32.
            times: the times that the model accepts.
            with_clean: see :class:`Context`.
            streams: of ``like``; None: it is the video alone.
            free: 0 where the host gives the result, so that nothing is held there; broadcasts against ``like``.

        Raises:
            InputError: unknown ``times``, or see :meth:`known`.
        """
        times = require_choice("context_time", times, TokenTimes)
        streams = streams or Streams.of(like)
        z, _ = guidance.evidence(like, to_model_space, streams)
        first = first_frames(guidance.measurement)
        known = self.known(guidance.measurement).to(z.device)
        whole = known.flatten(3).all(3)[..., None, None].expand_as(known)
        clean = {TokenTimes.PER_TOKEN: known, TokenTimes.PER_FRAME: whole, TokenTimes.ONE_TIME: torch.zeros_like(known)}[times]
        kept = torch.zeros_like(known)
        kept[:, :, first] = self.keep_first
        noise = seeded_noise(like.shape, self.seed).to(z)
        z, known, clean, kept = map(streams.place, (z, known, clean, kept))
        if free is not None:
            known, kept = known & (free > 0), kept & (free > 0)
        return Context(z, noise, known, clean, kept, self.at, with_clean)


@torch.no_grad()
def sample_stochastic(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], None] | None = None,
    *,
    context: Context,
    correct: Correct,
    renew: Renew | None = None,
) -> torch.Tensor:
    """Take the Euler steps of ``sample_guided_euler`` with a context that is released at ``t*``.

    In each step the context is applied after data consistency, so that its cells are exact. A run that ends above ``t*``
    returns its known cells at its last noise level, so that another run can continue it.

    Args:
        model: ``model(x, sigma [B], **extra_args)`` returns ``z0``.
        x: noise at ``sigmas[0]``, ``[B, C, T', H', W']``.
        sigmas: ``N + 1`` decreasing flow times.
        extra_args: passed to the model.
        callback: called in each step with ``x, i, sigma, sigma_hat, denoised``; may raise to stop.
        context: known tokens and their release time.
        correct: ``(z0, sigma) -> z*``, data consistency within its own window.
        renew: as in :func:`.guided_euler.sample_guided_euler`.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    steps = list(pairwise(sigmas.tolist()))
    x = context.model_input(x, steps[0][0]) if steps else x
    for i, (sigma, sigma_next) in enumerate(steps):
        fixed = context.fixed(sigma)
        clean = fixed & context.clean
        predict = context.with_clean(clean) if context.with_clean is not None and bool(clean.any()) else model
        denoised = predict(x, sigmas[i] * s_in, **extra_args)
        noise = (x - (1 - sigma) * denoised) / sigma
        noise = noise if renew is None else renew(noise)
        denoised = context.cleaned(correct(denoised, sigma), fixed)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = context.renoised((1 - sigma_next) * denoised + sigma_next * noise, sigma_next, fixed)
        if i + 1 < len(steps):
            x = context.cleaned(x, context.fixed(sigma_next) & context.clean)
    return x
