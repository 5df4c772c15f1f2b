"""The scene that the editor of a camera path shows: a file in the host's temporary folder, and what the page is sent of it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import folder_paths
import torch

from ...inversecrafter_core.camera import Geometry
from ...inversecrafter_core.preview.scene import scene_file

PATTERN = "inversecrafter_scene_*.bin"
KEPT = 8
"""Scenes that stay in the temporary folder, which the host empties only when it starts; the oldest go."""
SAMPLE = 16
"""Every so many pixels of a clip tell it from another one."""


class PathRun(TypedDict):
    """The message of a run to the page.

    Attributes:
        frames: of the path.
        requested: the widget ``frames`` that the length was made of; None where the clip sets it.
        scene: the scene's file, None without one.
    """

    frames: int
    requested: int | None
    scene: str | None


def path_run(frames: int, requested: int | None, geometry: Geometry | None, video: torch.Tensor | None) -> PathRun:
    """Return what the page is sent, with the scene written where there is a geometry to show."""
    return {"frames": frames, "requested": requested, "scene": None if geometry is None else write_scene(geometry, video)}


def write_scene(geometry: Geometry, video: torch.Tensor | None) -> str:
    """Write a scene's file, unless it is there, and return its name in the host's temporary folder.

    Of other scenes the :data:`KEPT` - 1 that were used last stay.
    """
    folder = Path(folder_paths.get_temp_directory())
    path = folder / PATTERN.replace("*", _digest(geometry, video))
    if path.is_file():
        path.touch()
    else:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        try:
            unfinished.write_bytes(scene_file(geometry, video))
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)  # where the disk is full
        for old in sorted(folder.glob(PATTERN), key=lambda file: file.stat().st_mtime_ns)[:-KEPT]:
            with suppress(OSError):  # Windows does not delete what the page is reading
                old.unlink(missing_ok=True)
    return path.name


def _digest(geometry: Geometry, video: torch.Tensor | None) -> str:
    """Return a short name of a clip and its geometry, from a sample of their pixels."""
    parts = [geometry.depth[:, ::SAMPLE, ::SAMPLE], geometry.valid[:, ::SAMPLE, ::SAMPLE]]
    parts += [geometry.intrinsics, geometry.camera_to_world] + ([] if video is None else [video[:, ::SAMPLE, ::SAMPLE]])
    digest = hashlib.blake2b(repr([tuple(part.shape) for part in (geometry.depth, *parts)]).encode(), digest_size=12)
    for part in parts:
        digest.update(part.detach().float().cpu().contiguous().numpy().tobytes())  # NumPy has no bfloat16
    return digest.hexdigest()
