"""Photographs that come installed with packages, and the one reader of picture files."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

FOLDERS = {"skimage": "data", "matplotlib": "mpl-data/sample_data"}


def read_picture(path: Path) -> np.ndarray:
    """Read ``[h, w, 3]`` uint8 RGB; FileNotFoundError where there is no picture."""
    stored = cv2.imread(str(path))
    if stored is None:
        raise FileNotFoundError(f"no picture {path}")
    return np.ascontiguousarray(stored[..., ::-1])


@functools.cache
def installed_pictures(package: str, names: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Return those pictures ``names`` that an installed package of :data:`FOLDERS` has; none without it."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return ()
    place = Path(found.origin).parent / FOLDERS[package]
    return tuple(read_picture(place / name) for name in names if (place / name).is_file())
