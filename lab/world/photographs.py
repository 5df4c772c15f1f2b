"""Photographs that come installed with Python and Debian packages, and the one reader of picture files."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

FOLDERS = {"skimage": "data", "matplotlib": "mpl-data/sample_data"}
DEBIAN_FOLDERS = {"opencv-doc": Path("/usr/share/doc/opencv-doc/examples/data")}


def read_picture(path: Path) -> np.ndarray:
    """Read ``[h, w, 3]`` uint8 RGB; FileNotFoundError where there is no picture."""
    stored = cv2.imread(str(path))
    if stored is None:
        raise FileNotFoundError(f"no picture {path}")
    return np.ascontiguousarray(stored[..., ::-1])


@functools.cache
def installed_pictures(package: str, names: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Return those pictures ``names`` that an installed package, of Python or of Debian, has; none without it."""
    place = _folder(package)
    if place is None:
        return ()
    return tuple(read_picture(place / name) for name in names if (place / name).is_file())


def _folder(package: str) -> Path | None:
    """Return the folder of a package's pictures; None where a Python package is not installed."""
    if package in DEBIAN_FOLDERS:
        return DEBIAN_FOLDERS[package]
    found = importlib.util.find_spec(package)
    return None if found is None or found.origin is None else Path(found.origin).parent / FOLDERS[package]
