"""The core's progress callback, tied to the host's bar and its cancel button."""

from __future__ import annotations

from collections.abc import Callable

import comfy.model_management
import comfy.utils


def host_progress() -> Callable[[int, int], None]:
    """A ``(done, total)`` callback that moves the bar of the running node and raises when the user has cancelled."""
    bar = comfy.utils.ProgressBar(1)

    def advance(done: int, total: int) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(done, total)

    return advance
