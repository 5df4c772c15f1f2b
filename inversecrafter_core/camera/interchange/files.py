"""Camera paths from and into files. A file that exists is never overwritten."""

from __future__ import annotations

import math
from pathlib import Path

from ...errors import InputError, require_choice
from ..geometry import Geometry
from ..path import CameraPath
from .convert import notes, optics_of, path_of, scale_free, trajectory_of
from .formats.registry import AUTO, FORMATS, FileFormat, read_trajectory
from .formats.trajectory import Optics

MOST_NAMES = 100_000
WIDTH, HEIGHT, FOV = 832, 480, 60.0
"""Picture, in pixels, and horizontal field of view, in degrees, that are written where no geometry says them."""


def read_path(
    file: Path, frames: int | None = None, *, scale: float = 1.0, file_format: str = AUTO, camera: str = ""
) -> tuple[CameraPath, str]:
    """Return the path in a file and a report; see :func:`read_trajectory` and :func:`path_of`."""
    trajectory, known = read_trajectory(file, file_format, camera)
    path = path_of(trajectory, frames, scale, file.stem)
    return path, f"{file.name}: {known}, {notes(trajectory, scale)} {path.frames} frames."


def default_optics() -> Optics:
    """Return the lens that is written where no geometry says it."""
    focal = WIDTH / 2 / math.tan(math.radians(FOV) / 2)
    return Optics(WIDTH, HEIGHT, (focal, focal), (WIDTH / 2, HEIGHT / 2))


def write_path(
    path: CameraPath, stem: Path, file_format: str, geometry: Geometry | None = None, scale: float = 1.0
) -> list[Path]:
    """Write ``path`` and return the files.

    Args:
        path: the path.
        stem: folder and first part of the name, to which a counter of five digits is added.
        file_format: a :class:`FileFormat`.
        geometry: the scene: its lens, its unit and the motion of its cameras. Without it poses are relative to a source camera
            that stands still, with a field of view of 60 degrees.
        scale: units of one rho where there is no geometry.

    Raises:
        InputError: an unknown format, or a path that it cannot hold.
    """
    known = FORMATS[require_choice("format", file_format, FileFormat)]
    optics = default_optics() if geometry is None else optics_of(geometry)
    trajectory = scale_free(path) if known.rho else trajectory_of(path, optics, geometry, scale)
    return _write_new(stem, known.write(trajectory, optics))


def _write_new(stem: Path, texts: dict[str, str]) -> list[Path]:
    """Write ``texts`` by their endings under the first counter at which nothing exists, and return the files."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    for counter in range(1, MOST_NAMES):
        base = stem.with_name(f"{stem.name}_{counter:05d}")
        files = {base.parent / f"{base.name}{ending}": text for ending, text in texts.items()}
        try:
            if len(files) > 1:
                base.mkdir()
            for file, text in files.items():
                with file.open("x", encoding="utf-8") as stream:
                    stream.write(text)
        except FileExistsError:
            continue
        return list(files)
    raise InputError("filename_prefix", f"{MOST_NAMES - 1} files '{stem.name}_...'", "Choose another name.")
