"""Sampling of pictures and fields at arbitrary places.

Places are ``[h, w, 2]``, (x, y) in pixel *indices*: the centre of the top left pixel is (0, 0). Flow is a difference of places.
"""

from __future__ import annotations

import cv2
import numpy as np

CHANNELS = 4
"""Largest number of channels that OpenCV remaps at once."""


def pixel_grid(height: int, width: int) -> np.ndarray:
    """Return the place of every pixel, ``[H, W, 2]`` float32."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)


def sample(
    values: np.ndarray, places: np.ndarray, interpolation: int = cv2.INTER_LINEAR, outside: float | None = None
) -> np.ndarray:
    """Sample ``values [H, W, ...]`` at ``places [h, w, 2]``; beyond the border the border's value, or ``outside``."""
    if values.ndim == 3 and values.shape[2] > CHANNELS:
        groups = np.split(values, range(CHANNELS, values.shape[2], CHANNELS), axis=2)
        read = [sample(group, places, interpolation, outside) for group in groups]
        return np.concatenate([part.reshape(*places.shape[:2], -1) for part in read], 2)
    x, y = (np.ascontiguousarray(part, np.float32) for part in np.moveaxis(places, -1, 0))
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    values = np.ascontiguousarray(values)
    return cv2.remap(values, x, y, interpolation, borderMode=border, borderValue=(outside or 0,) * 4)


def follow(values: np.ndarray, flow: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Sample ``values [h, w, ...]`` of the other picture at the places that ``flow [h, w, 2]`` points to."""
    return sample(values, pixel_grid(*flow.shape[:2]) + flow, interpolation)


def inside(places: np.ndarray) -> np.ndarray:
    """Return ``[h, w]`` bool: places within the outermost pixel centres of a picture of that size."""
    height, width = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def resize_flow(flow: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a flow ``[h, w, 2]`` at another size, ``[*size, 2]``, its vectors in pixels of the new size."""
    height, width = flow.shape[:2]
    scale = np.array([size[1] / width, size[0] / height], np.float32)
    return cv2.resize(flow, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) * scale
