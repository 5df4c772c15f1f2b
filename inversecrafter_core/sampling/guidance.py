"""Guidance of a sampling run by a measurement.

:class:`Guidance` holds settings, and tensors in VAE space. :meth:`Guidance.bind` brings them to a run's device and to model
space, resolves the window on the model's schedule, and precomputes the constant parts of the proximal step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from ..errors import InputError, require_choice
from ..inverse import Measurement, ProximalSettings, Step, prepare
from ..latent_grid import with_family
from .guided_euler import Signal, flow_signal
from .settings import NoiseRule
from .streams import Streams
from .window import SigmaRange, Window


@dataclass(frozen=True)
class BoundGuidance:
    """The function ``(z0, sigma) -> z*`` of one run: the proximal step for a sigma in ``active``, else the identity.

    ``signal`` is the model's function from sigma to the factor of ``z0``.
    """

    active: SigmaRange
    step: Step
    signal: Signal = flow_signal

    def __call__(self, denoised: torch.Tensor, sigma: float) -> torch.Tensor:
        if sigma not in self.active:
            return denoised
        return self.step(denoised, sigma / (self.signal(sigma) + sigma)).to(denoised.dtype)


@dataclass(frozen=True)
class Guidance:
    """A measurement with the settings of its proximal step, its window and its noise rule.

    Raises:
        InputError: an unknown noise rule.
    """

    measurement: Measurement
    proximal: ProximalSettings = field(default_factory=ProximalSettings)
    window: Window = field(default_factory=Window)
    noise: NoiseRule = NoiseRule.KEEP

    def __post_init__(self) -> None:
        require_choice("noise", self.noise, NoiseRule)

    def check_shape(self, shape: Sequence[int]) -> None:
        """Raise :class:`InputError` unless the measurement fits latents of ``shape``; one may serve a whole batch."""
        own = tuple(self.measurement.w.shape)
        frames, height, width = self.measurement.video_size
        if len(shape) != 5:
            raise InputError(
                "latent", f"a latent of shape {tuple(shape)}, no video", "Give the empty video latent of the model's own node."
            )
        if shape[1] != own[1]:
            raise InputError(
                "measurement and latent",
                f"a measurement of {own[1]} channels and latents of shape {tuple(shape)}",
                f"The measurement is of the VAE of {self.measurement.grid.family}: use that VAE and a model of its own family.",
            )
        more = shape[2] - own[2]
        if more > 0 and tuple(shape[3:]) == own[3:]:
            raise InputError(
                "measurement and latent",
                f"a latent of {shape[2]} latent frames, {more} more than the measurement's {own[2]}",
                f"If the model's own node puts frames before the clip (VACE, Animate), raise reference_frames of Encode "
                f"Measurement by {more}, if behind it (LTXV guides), guide_frames; else make the latent for "
                f"{width}x{height} and {frames} frames.",
            )
        if tuple(shape[2:]) != own[2:]:
            raise InputError(
                "measurement and latent",
                f"a measurement of {own[2:]} (frames, height, width in latent cells) and a latent of {tuple(shape[2:])}",
                f"Make the latent for {width}x{height} and {frames} frames, the size the measurement was made from.",
            )
        if own[0] not in (1, shape[0]):
            raise InputError(
                "measurement and latent",
                f"{own[0]} measurements for a batch of {shape[0]}",
                "Give one measurement, or as many as the batch has clips.",
            )

    def check_format(self, latent_format: str) -> None:
        """Raise :class:`InputError` if the measurement's latent format is known and is not the model's."""
        own = self.measurement.grid.latent_format
        if own and own != latent_format:
            raise InputError(
                "model and measurement",
                f"a model of latent format {with_family(latent_format)} and a measurement of {with_family(own)}",
                "Encode the measurement with the VAE that belongs to the model.",
            )

    def evidence(
        self, like: torch.Tensor, to_model_space: Callable[[torch.Tensor], torch.Tensor], streams: Streams | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``w`` in model space and ``h``, float32, of the video in the run's latents ``like``, after a shape check.

        Args:
            like: the run's latents, which give the device.
            to_model_space: the model's function from VAE space to model space, on float32.
            streams: of ``like``; None: it is the video alone.
        """
        self.check_shape((streams or Streams.of(like)).video)
        w = to_model_space(self.measurement.w.to(like.device, torch.float32))
        return w, self.measurement.h.to(like.device, torch.float32)

    def bind(
        self,
        like: torch.Tensor,
        percent_to_sigma: Callable[[float], float],
        to_model_space: Callable[[torch.Tensor], torch.Tensor],
        streams: Streams | None = None,
        free: torch.Tensor | None = None,
        signal: Signal = flow_signal,
    ) -> BoundGuidance:
        """Return the guidance of one run.

        Args:
            like: the run's latents ``[B, C, T', H', W']``, or a pack of them, which give shape and device.
            percent_to_sigma: the model's function from percent to sigma.
            to_model_space: the model's function from VAE space to model space, on float32.
            streams: of ``like``; None: it is the video alone.
            free: 0...1, broadcasts against ``like``; 0 where the host gives the result, so that nothing is guided there.
            signal: the model's function from sigma to the factor of the clean latent.
        """
        streams = streams or Streams.of(like)
        w, h = map(streams.place, self.evidence(like, to_model_space, streams))
        h = h if free is None else h * free
        return BoundGuidance(self.window.resolve(percent_to_sigma), prepare(h, w, self.proximal), signal)
