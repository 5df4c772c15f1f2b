"""The one reader of video files: chosen pictures of a file, whole or cut to the middle and brought to one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch


def measure(path: Path) -> tuple[int, float]:
    """Return the pictures of a file, counted by reading it, and pictures a second; 0 and 0 where it is no video."""
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.grab():
        count += 1
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    return count, rate


def pictures(path: Path, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield those of the numbers ``wanted`` that the file has, with their pictures ``[H, W, 3]`` uint8 RGB, in order."""
    numbers = set(wanted)
    capture = cv2.VideoCapture(str(path))
    for number in range(max(numbers, default=-1) + 1):
        if not capture.grab():
            break
        if number in numbers:
            yield number, capture.retrieve()[1][..., ::-1].copy()
    capture.release()


def read_frames(path: Path, wanted: Iterable[int], size: tuple[int, int]) -> dict[int, torch.Tensor]:
    """Return those pictures ``[height, width, 3]`` in 0...1 of the numbers ``wanted`` that the file has; ``size`` is (H, W)."""
    return {number: torch.from_numpy(fit(picture, *size)).float() / 255 for number, picture in pictures(path, wanted)}


def fit(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut the middle of the wanted shape out and bring it to size."""
    scale = min(picture.shape[0] / height, picture.shape[1] / width)
    tall, wide = round(height * scale), round(width * scale)
    top, left = (picture.shape[0] - tall) // 2, (picture.shape[1] - wide) // 2
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    return cv2.resize(picture[top : top + tall, left : left + wide], (width, height), interpolation=interpolation)
