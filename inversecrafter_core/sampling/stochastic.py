"""Stochastic conditioning: known tokens enter clean, and from a release time on they are denoised like everything else.

Multi-View Masked Diffusion: above the release time ``t*`` what is known stands beside the noise as clean tokens at token-time
0; at the first ``t <= t*`` of the schedule it becomes ``(1 - t) z + t e``, and from there on there is one time for all. What a
bad warp gets wrong is so repaired by the model instead of inherited. Latents are ``[B, C, T', H', W']`` in *model space*, time
is the flow's sigma (1 = noise), a token is a square of cells of one latent frame (the grid's patch), masks are bool and True =
known.

| ``times`` | what stands clean at token-time 0 before the release | what is held as ``(1 - t) z + t e`` instead |
|---|---|---|
| ``per_token`` | every known token | nothing |
| ``per_frame`` | frames known as a whole | the known tokens of other frames |
| ``one_time`` | nothing | every known token: the emulation for models that take one time |

The window is ``[1, t*]``: with ``t* = 0`` what is known never lets go and comes out as given. A run that starts at or below
``t*``, as every run does with ``t* = 1``, is never conditioned, and is the plain sampler's. On request the first latent frame,
which is no warp but the picture that all began with, is kept to the end while the rest is released.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F

from ..errors import InputError
from ..latent_grid import WAN
from .guidance import Guidance
from .guided_euler import Correct, Renew
from .window import SLACK

Model = Callable[..., torch.Tensor]


class TokenTimes(StrEnum):
    """The times that a model takes: one for every token, for every latent frame, or for the whole clip."""

    PER_TOKEN = "per_token"
    PER_FRAME = "per_frame"
    ONE_TIME = "one_time"


def known_cells(h: torch.Tensor, threshold: float, patch: int = WAN.patch) -> torch.Tensor:
    """Return the tokens that a latent mask makes known, as cells: ``h [B, C, T', H', W']`` to bool ``[B, 1, T', H', W']``.

    A token is known when the mean of ``h`` over channels is at least ``threshold`` in *every* cell of its patch: a token with a
    hole in it is no clean token.

    Raises:
        InputError: sides that do not divide into patches.
    """
    height, width = h.shape[-2:]
    if height % patch or width % patch:
        raise InputError(
            "measurement",
            f"a latent of {width}x{height} cells",
            f"Both sides must divide by {patch}, the patch of the model: resize the clip to multiples of a token.",
        )
    least = -F.max_pool3d(-h.float().mean(1, keepdim=True), (1, patch, patch))
    return (least >= threshold).repeat_interleave(patch, -2).repeat_interleave(patch, -1)


def token_times(time: torch.Tensor, clean: torch.Tensor, per_frame: bool = False, patch: int = WAN.patch) -> torch.Tensor:
    """A time for every token: 0 where it is ``clean``, the run's elsewhere.

    Args:
        time: ``[N]``, in the model's own units.
        clean: ``[b, 1, T', H', W']`` cells, whole tokens; ``N`` is a multiple of ``b`` (prompts of a guided batch come one
            after the other, each for all clips).
        per_frame: one time a frame, which is 0 when all of the frame is clean.
        patch: cells along one side of a token.

    Returns:
        ``[N, T' H'/patch W'/patch]`` in the order of the model's tokens, or ``[N, T']``.
    """
    tokens = clean[:, 0, :, ::patch, ::patch].flatten(2)
    tokens = tokens.all(2) if per_frame else tokens.flatten(1)
    return time.view(-1, 1) * ~tokens.repeat(len(time) // len(tokens), 1)


def seeded_noise(shape: Sequence[int], seed: int) -> torch.Tensor:
    """Noise ``[B, ...]`` drawn on the CPU, clip ``i`` from ``seed + i`` alone: the same in any batch and on any device."""
    clips = [torch.Generator().manual_seed((seed + i) % 2**64) for i in range(shape[0])]
    return torch.stack([torch.randn(tuple(shape[1:]), generator=generator) for generator in clips])


@dataclass(frozen=True)
class Context:
    """The context of one run, on its device and in model space.

    Attributes:
        z: ``[b, C, T', H', W']``, the known clip; ``b`` is 1 or the run's batch.
        noise: what it is re-noised with, ``[B, C, T', H', W']``.
        known: bool cells ``[b, 1, T', H', W']``.
        clean: the part of ``known`` that stands clean at token-time 0 while it is held.
        kept: the part of ``known`` that is never released.
        release: ``t*``.
        with_clean: cells to the model that has them at token-time 0, used while there are such; None: the run's own model.
    """

    z: torch.Tensor
    noise: torch.Tensor
    known: torch.Tensor
    clean: torch.Tensor
    kept: torch.Tensor
    release: float
    with_clean: Callable[[torch.Tensor], Model] | None = None

    def fixed(self, sigma: float) -> torch.Tensor:
        """Return the cells that are conditioned on at ``sigma``."""
        return self.known if sigma > self.release + SLACK else self.kept

    def renoised(self, x: torch.Tensor, sigma: float, cells: torch.Tensor) -> torch.Tensor:
        """``x`` whose ``cells`` are ``(1 - sigma) z + sigma e``."""
        return torch.where(cells, ((1 - sigma) * self.z + sigma * self.noise).to(x.dtype), x)

    def entered(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        """``x`` as the model sees it at ``sigma``."""
        cells = self.fixed(sigma)
        return self.given(self.renoised(x, sigma, cells), cells & self.clean)

    def given(self, x: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
        """``x`` whose ``cells`` are ``z``."""
        return torch.where(cells, self.z.to(x.dtype), x)


@dataclass(frozen=True)
class Release:
    """The release of a measurement, and the part of it that is held until then.

    Attributes:
        at: ``t*`` in 0...1 of flow time; the optimum around 0.7 is flat.
        seed: of the re-noising.
        threshold: see :func:`known_cells`; at 0.9 masks agree best with tokens all of whose pixels are seen.
        keep_first: the first latent frame, known as a whole, is never released.
    """

    at: float = 0.7
    seed: int = 0
    threshold: float = 0.9
    keep_first: bool = False

    def __post_init__(self) -> None:
        for name, value in (("release", self.at), ("known_threshold", self.threshold)):
            if not 0 <= value <= 1:
                raise InputError(name, f"{value}", "Keep it within 0...1.")

    def known(self, h: torch.Tensor, first: int = 0, patch: int = WAN.patch) -> torch.Tensor:
        """:func:`known_cells` of a clip that begins at latent frame ``first``.

        Raises:
            InputError: nothing is known, or everything and it is never released; a first frame to keep that is not known whole.
        """
        known = known_cells(h, self.threshold, patch)
        for clip in known.flatten(1):
            if not bool(clip.any()):
                best = float(h.mean(1).max())
                raise InputError(
                    "measurement",
                    f"no token is known at a threshold of {self.threshold:g} (the surest cell has {best:.2f})",
                    "Lower known_threshold, or use a smaller camera motion.",
                )
            if self.at == 0 and bool(clip.all()):  # released tokens are denoised, so then there is something to do
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

    def bind(
        self,
        guidance: Guidance,
        like: torch.Tensor,
        to_model_space: Callable[[torch.Tensor], torch.Tensor],
        times: TokenTimes,
        with_clean: Callable[[torch.Tensor], Model] | None = None,
    ) -> Context:
        """Prepare one run.

        Args:
            guidance: whose measurement is held; its shape is checked against ``like``.
            like: the run's latents.
            to_model_space: VAE space to model space, on float32.
            times: the times that the model takes.
            with_clean: see :class:`Context`.
        """
        z, h = guidance.evidence(like, to_model_space)
        first = guidance.measurement.reference_frames
        known = self.known(h, first, guidance.measurement.grid.patch)
        whole = known.flatten(3).all(3)[..., None, None].expand_as(known)
        clean = {TokenTimes.PER_TOKEN: known, TokenTimes.PER_FRAME: whole, TokenTimes.ONE_TIME: torch.zeros_like(known)}[times]
        kept = torch.zeros_like(known)
        kept[:, :, first] = self.keep_first
        return Context(z, seeded_noise(like.shape, self.seed).to(z), known, clean, kept, self.at, with_clean)


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
    """Take Euler steps that keep the old noise (``sample_guided_euler``), with a context that is released on the way.

    In each step data consistency corrects the prediction first and the context has the last word, so that what is held is held
    exactly. A run that ends above ``t*`` hands its known cells on at its own noise level, so that the next run can go on.

    Args:
        model: ``model(x, sigma [B], **extra_args)`` returns ``z0``.
        x: noise at ``sigmas[0]``, ``[B, C, T', H', W']``.
        sigmas: ``N + 1`` falling flow times.
        extra_args: passed to the model.
        callback: called in each step with ``x, i, sigma, sigma_hat, denoised``; may raise to stop.
        context: what is held, and until when.
        correct: ``(z0, sigma) -> z*``, data consistency within its own window.
        renew: as in :func:`.guided_euler.sample_guided_euler`.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    steps = list(pairwise(sigmas.tolist()))
    x = context.entered(x, steps[0][0]) if steps else x
    for i, (sigma, sigma_next) in enumerate(steps):
        held = context.fixed(sigma)
        clean = held & context.clean
        predict = context.with_clean(clean) if context.with_clean is not None and bool(clean.any()) else model
        denoised = predict(x, sigmas[i] * s_in, **extra_args)
        noise = (x - (1 - sigma) * denoised) / sigma
        noise = noise if renew is None else renew(noise)
        denoised = context.given(correct(denoised, sigma), held)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = context.renoised((1 - sigma_next) * denoised + sigma_next * noise, sigma_next, held)
        if i + 1 < len(steps):
            x = context.given(x, context.fixed(sigma_next) & context.clean)
    return x
