"""The callback for progress, ``progress(done, total)``, which may raise to cancel."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
