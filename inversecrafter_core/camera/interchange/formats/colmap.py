"""COLMAP's sparse model as text: ``cameras.txt`` and ``images.txt`` in one folder.

An image has two lines: ``IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME`` with the quaternion and translation from **world to
camera** in OpenCV axes, then its points, a line that may be empty. Images are in no order, so they are sorted by name. A
camera is ``CAMERA_ID MODEL WIDTH HEIGHT PARAMS``, in pixels, with the centre of the first pixel at (0.5, 0.5).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ....errors import InputError
from .fields import natural, numbers, quaternion, read_text, rotation
from .trajectory import Optics, Trajectory

MODELS = {
    "SIMPLE_PINHOLE": (1, 3),
    "SIMPLE_RADIAL": (1, 4),
    "RADIAL": (1, 5),
    "PINHOLE": (2, 4),
    "OPENCV": (2, 8),
    "FULL_OPENCV": (2, 12),
}
"""Numbers of focal lengths and of parameters of the camera models that are read. Distortion does not matter to a path."""
IMAGE_WORDS = 10


class Lens(NamedTuple):
    """Focal length over the width, and principal point over width and height."""

    focal: float
    centre: tuple[float, float]


def read(path: Path, camera: str = "") -> Trajectory:
    """Return the cameras of a folder, or of the folder in which ``images.txt`` or ``cameras.txt`` is."""
    folder = path if path.is_dir() else path.parent
    lenses = _lenses(folder / "cameras.txt")
    images = sorted(_images(folder / "images.txt", lenses), key=lambda image: natural(image[0]))
    label = f"{folder.name}/images.txt"
    if not images:
        raise InputError(label, "no image", "The reconstruction registered none: run it again, or give another model.")
    lens = [image[2] for image in images]
    world_to_camera = np.stack([image[1] for image in images])
    return Trajectory(
        np.linalg.inv(world_to_camera),
        np.arange(len(images), dtype=float),
        np.array([item.focal for item in lens]),
        np.array([item.centre for item in lens]),
        file=label,
    )


def _lenses(path: Path) -> dict[str, Lens]:
    """Return the lens of every camera by its id."""
    found = {}
    for index, line in enumerate(read_text(path).splitlines()):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        where = f"{path.name}, line {index + 1}"
        if len(words) < 5:
            raise InputError(where, f"{len(words)} values", "A line is: CAMERA_ID MODEL WIDTH HEIGHT PARAMS.")
        found[words[0]] = _lens(words[1], numbers(words[2:], where), where)
    return found


def _lens(model: str, values: list[float], where: str) -> Lens:
    if model not in MODELS:
        raise InputError(where, f"the camera model {model}", f"Undistort the images first, or use {', '.join(MODELS)}.")
    focals, count = MODELS[model]
    width, height, *parameters = values
    if len(parameters) != count:
        raise InputError(where, f"{len(parameters)} parameters of {model}", f"It has {count}.")
    if width <= 0 or height <= 0:
        raise InputError(where, f"a size of {width:g}x{height:g}", "Give the images' width and height in pixels.")
    x, y = parameters[focals : focals + 2]
    return Lens(parameters[0] / width, (x / width, y / height))


def _images(path: Path, lenses: dict[str, Lens]) -> list[tuple[str, np.ndarray, Lens]]:
    """Return name, ``world_to_camera [4, 4]`` and lens of every image."""
    found, points_next = [], False
    for index, line in enumerate(read_text(path).splitlines()):
        words = line.split()
        if line.startswith("#"):
            continue
        if points_next and _is_points(words):
            points_next = False
            continue
        if not words:
            continue
        found.append(_image(words, lenses, f"{path.name}, line {index + 1}"))
        points_next = True
    return found


def _is_points(words: list[str]) -> bool:
    """Return whether a line lists points, ``X Y POINT3D_ID`` each; some programs leave this line out."""
    return len(words) % 3 == 0 and all(word.lstrip("+-").replace(".", "", 1)[:1].isdecimal() for word in words)


def _image(words: list[str], lenses: dict[str, Lens], where: str) -> tuple[str, np.ndarray, Lens]:
    if len(words) < IMAGE_WORDS:
        advice = "A line is: IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME."
        raise InputError(where, f"{len(words)} values in place of {IMAGE_WORDS}", advice)
    if words[8] not in lenses:
        raise InputError(where, f"camera {words[8]}", f"cameras.txt has {', '.join(lenses) or 'none'}: use files of one model.")
    values = numbers(words[1:8], where)
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = rotation(values[:4], where)
    world_to_camera[:3, 3] = values[4:]
    return " ".join(words[9:]), world_to_camera, lenses[words[8]]


def write(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the texts of the three files of a model by name, with no points; one PINHOLE camera a lens."""
    base = optics.focal[0] / optics.width
    scales = trajectory.focal_over(base)
    lenses, ids = np.unique(scales.round(9), return_inverse=True)
    cameras = ["# Camera list with one line of data per camera:", "#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"]
    for index, scale in enumerate(lenses):
        values = (optics.focal[0] * scale, optics.focal[1] * scale, *optics.centre)
        listed = " ".join(f"{value:.9g}" for value in values)
        cameras.append(f"{index + 1} PINHOLE {optics.width} {optics.height} {listed}")
    poses = np.linalg.inv(trajectory.camera_to_world)
    images = ["# Image list with two lines of data per image:", "#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME"]
    for index, (turn, shift) in enumerate(zip(quaternion(poses), poses[:, :3, 3], strict=True)):
        listed = " ".join(f"{value:.12g}" for value in (*turn, *shift))
        images += [f"{index + 1} {listed} {int(ids[index]) + 1} frame_{index:05d}.png", ""]
    return {
        "/cameras.txt": "\n".join(cameras) + "\n",
        "/images.txt": "\n".join(images) + "\n",
        "/points3D.txt": "# 3D point list with one line of data per point:\n",
    }
