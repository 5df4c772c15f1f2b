"""Long clips in passes of the model's own length, chained in latent space: the end of one pass is known to the next.

The long clip is encoded once and each pass is guided by a part of that measurement, so all passes lie on the long clip's
grid and their latents are joined, and decoded, as one clip: nothing is decoded and encoded on the way. The price is that a pass
after the first begins with a latent frame of a whole group of frames where the model was trained with a single one. That frame
is among those the pass before has made: it is given, not sampled.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from ..errors import InputError
from .measurement import Measurement

OVERLAP = 2
"""Latent frames of the pass before that the next one knows."""


def next_pass(
    measurement: Measurement, frames: int, overlap: int = OVERLAP, previous: torch.Tensor | None = None
) -> Measurement:
    """Return the measurement of the next pass over a long clip.

    Its first latent frames are the last of ``previous``, wholly known; the rest is the long measurement's. The last pass starts
    early enough to be as long as the others.

    Args:
        measurement: of the whole clip.
        frames: length of every pass, in frames, that the VAE takes.
        overlap: the least latent frames of ``previous`` that the pass knows.
        previous: ``[B, C, T', H', W']`` in VAE space, the latents of all passes so far, joined; None for the first pass.

    Raises:
        InputError: a pass longer than the clip, an overlap that leaves it nothing to sample, or latents of another clip.
    """
    grid, clip = measurement.grid, measurement.clip
    w, h = measurement.w[:, :, clip], measurement.h[:, :, clip]
    length, total = grid.require_frames("frames", frames), w.shape[2]
    if length >= total:
        raise InputError(
            "frames",
            f"passes of {frames} frames for a clip of {measurement.video_size[0]}",
            "Sample the clip in one pass, with its own measurement, or choose shorter passes.",
        )
    if not 1 <= overlap < length:
        raise InputError("overlap", f"{overlap} of the {length} latent frames of a pass", f"Choose 1 to {length - 1}.")
    start, given = (0 if previous is None else _start(w, previous, length, overlap, len(grid.cycle))), 0
    w, h = w[:, :, start : start + length], h[:, :, start : start + length]
    if previous is not None:
        known = previous[:, :, start:].to(w)
        w, h = (tensor.expand(len(known), *tensor.shape[1:]) for tensor in (w, h))
        given = known.shape[2]
        w, h = torch.cat([known, w[:, :, given:]], 2), torch.cat([torch.ones_like(known), h[:, :, given:]], 2)
    part = replace(
        measurement,
        w=w,
        h=h,
        video_size=(frames, *measurement.video_size[1:]),
        reference_frames=0,
        guide_frames=0,
        start=start,
        given=given,
    )
    return part.with_frames_around(measurement.reference_frames, measurement.guide_frames)


def _start(w: torch.Tensor, previous: torch.Tensor, length: int, overlap: int, cycle: int) -> int:
    """Return the latent frame of the clip ``w`` at which the pass after ``previous`` starts, a whole number of cycles."""
    fits = (
        previous.ndim == 5
        and (previous.shape[1], *previous.shape[3:]) == (w.shape[1], *w.shape[3:])
        and len(w) in (1, len(previous))
    )
    if not fits:
        raise InputError(
            "previous",
            f"latents of shape {tuple(previous.shape)} for a measurement of {tuple(w.shape)}",
            "Connect the joined passes of the same clip.",
        )
    made, total = previous.shape[2], w.shape[2]
    if made >= total:
        raise InputError("previous", f"{made} latent frames of a clip of {total}", "The clip is complete: remove this pass.")
    start = min(made - overlap, total - length) // cycle * cycle
    if start < 1 or start + length <= made:
        raise InputError(
            "previous",
            f"{made} latent frames, of which a pass of {length} that knows {overlap} would add none",
            "Connect all passes so far, joined, or choose a smaller overlap.",
        )
    return start


def join_pass(measurement: Measurement, latent: torch.Tensor, previous: torch.Tensor | None = None) -> torch.Tensor:
    """Return the latents of all passes so far, ``[B, C, T', H', W']``: those of ``previous``, then what a pass has added.

    Args:
        measurement: of the pass, from :func:`next_pass`.
        latent: the latents of the pass, with the frames around the clip that the model's own nodes have added, if any.
        previous: the latents of the passes before, joined; None for the first pass.

    Raises:
        InputError: latents that are not of this pass, or passes before that end before it starts.
    """
    if latent.ndim != 5 or latent.shape[1:] != measurement.w.shape[1:]:
        raise InputError(
            "latent",
            f"shape {tuple(latent.shape)} for a pass of {tuple(measurement.w.shape)}",
            "Connect the latent that was sampled with this measurement.",
        )
    clip = latent[:, :, measurement.clip]
    made, stop = 0 if previous is None else previous.shape[2], measurement.start + clip.shape[2]
    if not measurement.start <= made < stop or (made > 0 and measurement.start == 0):
        raise InputError(
            "previous",
            f"{made} latent frames before a pass over latent frames {measurement.start} to {stop - 1}",
            "Connect the passes before this one, joined; to the first pass none.",
        )
    return clip if previous is None else torch.cat([previous, clip[:, :, made - measurement.start :].to(previous)], 2)


def join_sound(measurement: Measurement, sound: torch.Tensor, previous: torch.Tensor | None, axis: int) -> torch.Tensor:
    """Return the latents of the sound of all passes so far: those of ``previous``, then the end of the pass's own.

    Args:
        measurement: of the pass, from :func:`next_pass`; its video is joined by :func:`join_pass`.
        sound: the latents of the sound of the pass, as long as its frames.
        previous: those of the passes before, joined; None for the first pass.
        axis: of time.

    Raises:
        InputError: sounds of two kinds.
    """
    if previous is None:
        return sound
    if previous.ndim != sound.ndim or previous.narrow(axis, 0, 1).shape != sound.narrow(axis, 0, 1).shape:
        found = f"sound of shape {tuple(previous.shape)} before a pass of {tuple(sound.shape)}"
        raise InputError("previous", found, "Connect the passes of the same clip.")
    length, stop = sound.shape[axis], measurement.start + measurement.w[:, :, measurement.clip].shape[2]
    whole = round(length * measurement.grid.frames(stop) / measurement.video_size[0])
    added = min(length, max(0, whole - previous.shape[axis]))
    return torch.cat([previous, sound.narrow(axis, length - added, added).to(previous)], axis)
