"""The diagram of a run's windows: context, neither, data consistency, over sigma from 1 (noise) to 0."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from ..sampling.window import SLACK, SigmaRange

WIDTH, HEIGHT = 480, 168
LEFT, RIGHT, ROW, FIRST_ROW = 128, 464, 30, 34
INK, FAINT, GROUND, RELEASE_COLOUR = (235, 235, 235), (110, 110, 110), 28, (240, 120, 90)
ROWS = {"context": (70, 130, 240), "free": (150, 150, 150), "data consistency": (110, 190, 120)}
WAN_SHIFT, WAN_STEPS = 8.0, 30
"""Shift and steps of ComfyUI's Wan workflow."""


def windows_picture(release: float, consistency: SigmaRange, sigmas: Sequence[float], title: str) -> torch.Tensor:
    """Return a diagram of the windows of a run, ``[168, 480, 3]`` float32 in 0...1.

    Args:
        release: ``t*``; the context acts above it.
        consistency: range in which data consistency acts.
        sigmas: the schedule; each step is a tick.
        title: line at the top.
    """
    canvas = np.full((HEIGHT, WIDTH, 3), GROUND, np.uint8)
    columns = np.arange(LEFT, RIGHT + 1)
    sigma = 1 - (columns - LEFT) / (RIGHT - LEFT)
    # A run that starts at or below the release time is not conditioned at all.
    context = (sigma > release + SLACK) & (sigmas[0] > release + SLACK)
    correct = (sigma >= consistency.low) & (sigma <= consistency.high)
    active = {"context": context, "free": ~context & ~correct, "data consistency": correct}
    for row, (name, colour) in enumerate(ROWS.items()):
        top = FIRST_ROW + row * ROW
        canvas[top : top + ROW - 8, columns[active[name]]] = colour
        _write(canvas, name, (8, top + 15))
    bottom = FIRST_ROW + len(ROWS) * ROW
    for tick in sigmas:
        _line(canvas, tick, bottom, bottom + 6, FAINT)
    _line(canvas, release, FIRST_ROW - 6, bottom + 8, RELEASE_COLOUR)
    cv2.line(canvas, (LEFT, bottom), (RIGHT, bottom), FAINT, 1)
    for value in (1, 0):
        _write(canvas, f"{value}", (_place(value) - 4, bottom + 22))
    if 0.06 < release < 0.94:
        _write(canvas, f"t* {release:g}", (_place(release) - 18, bottom + 22), RELEASE_COLOUR)
    _write(canvas, "sigma, ticks: steps", (8, bottom + 38), FAINT)
    _write(canvas, title, (8, 18))
    return torch.from_numpy(canvas).float() / 255


def _place(sigma: float) -> int:
    return round(LEFT + (1 - sigma) * (RIGHT - LEFT))


def _line(canvas: np.ndarray, sigma: float, top: int, bottom: int, colour: tuple[int, int, int]) -> None:
    cv2.line(canvas, (_place(sigma), top), (_place(sigma), bottom), colour, 1)


def _write(canvas: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int] = INK) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
