"""The core's progress callback on the host's progress bar and cancel button."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import comfy.model_management
import comfy.utils
import latent_preview
import torch

PREVIEW_SIDE = 512
"""Longest side in pixels of a preview."""


def host_progress() -> Callable[[int, int], None]:
    """Return a ``(done, total)`` callback that moves the running node's bar and raises if the user has cancelled."""
    bar = comfy.utils.ProgressBar(1)

    def advance(done: int, total: int) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(done, total)

    return advance


def progress_with_preview(total: int) -> Callable[[torch.Tensor | None], None]:
    """Return a callback that moves the running node's bar by one, out of ``total``, and shows a frame ``[H, W, 3]`` if given.

    It raises if the user has cancelled.
    """
    bar = comfy.utils.ProgressBar(total)

    def advance(frame: torch.Tensor | None) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        picture = None if frame is None else latent_preview.preview_to_image(frame.clamp(0, 1), do_scale=False)
        preview = None if picture is None else ("JPEG", picture, PREVIEW_SIDE)
        bar.update_absolute(bar.current + 1, total, preview)

    return advance


@contextmanager
def progress_by_calls(module: torch.nn.Module, total: int) -> Iterator[None]:
    """Move the running node's bar with every call of ``module``, out of ``total`` expected ones; each call can be cancelled.

    A causal VAE calls its encoder or decoder once a latent frame.
    """
    advance, done = host_progress(), 0

    def count(*_: object) -> None:
        nonlocal done
        advance(min(done, total), total)
        done += 1

    handle = module.register_forward_pre_hook(count)
    try:
        yield
        advance(total, total)
    finally:
        handle.remove()
