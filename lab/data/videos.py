"""The one reader of video files: chosen pictures of a file, cut to the middle and brought to one size."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import torch


def count_frames(path: Path) -> int:
    """Count the pictures of a file by reading it; 0 where it is no video."""
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.grab():
        count += 1
    capture.release()
    return count


def read_frames(path: Path, wanted: Iterable[int], size: tuple[int, int]) -> dict[int, torch.Tensor]:
    """Return those pictures ``[height, width, 3]`` in 0...1 of the numbers ``wanted`` that the file has; ``size`` is (H, W)."""
    numbers, found = set(wanted), {}
    capture = cv2.VideoCapture(str(path))
    for number in range(max(numbers, default=-1) + 1):
        if not capture.grab():
            break
        if number in numbers:
            picture = fit(capture.retrieve()[1], *size)[..., ::-1].copy()
            found[number] = torch.from_numpy(picture).float() / 255
    capture.release()
    return found


def fit(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut the middle of the wanted shape out and bring it to size."""
    scale = min(picture.shape[0] / height, picture.shape[1] / width)
    tall, wide = round(height * scale), round(width * scale)
    top, left = (picture.shape[0] - tall) // 2, (picture.shape[1] - wide) // 2
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    return cv2.resize(picture[top : top + tall, left : left + wide], (width, height), interpolation=interpolation)
