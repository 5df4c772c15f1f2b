"""The formats of camera files: a reader and a writer each, one line a format in :data:`FORMATS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from ....errors import InputError, require_choice
from ...path import RelativeTo
from . import colmap, nerfstudio, orbit_keys, own, realestate10k, recammaster
from .fields import read_json
from .trajectory import Optics, Trajectory, World


class FileFormat(StrEnum):
    """Formats of camera files."""

    INVERSECRAFTER = "inversecrafter"
    KEYFRAMES = "keyframes"
    CAMERA_PATH = "comfyui_camera_path"
    REALESTATE10K = "realestate10k"
    RECAMMASTER = "recammaster"
    COLMAP = "colmap"
    NERFSTUDIO = "nerfstudio"


class Format(NamedTuple):
    """A format.

    Attributes:
        read: takes a file (COLMAP: or a folder) and the name of a camera in it, where the format has several.
        write: takes cameras and optics, and returns texts by their endings, which begin with a slash for files of one folder.
        rho: the poses are written relative to the source camera, in multiples of rho, not in the world of a scene.
        several: a file has several cameras, each with a path.
    """

    read: Callable[[Path, str], Trajectory]
    write: Callable[[Trajectory, Optics], dict[str, str]]
    rho: bool = False
    several: bool = False


FORMATS: dict[FileFormat, Format] = {
    FileFormat.INVERSECRAFTER: Format(own.read, own.write, rho=True),
    FileFormat.KEYFRAMES: Format(own.read_keyframes, own.write_keyframes, rho=True),
    FileFormat.CAMERA_PATH: Format(orbit_keys.read, orbit_keys.write, rho=True),
    FileFormat.REALESTATE10K: Format(realestate10k.read, realestate10k.write),
    FileFormat.RECAMMASTER: Format(recammaster.read, recammaster.write, several=True),
    FileFormat.COLMAP: Format(colmap.read, colmap.write),
    FileFormat.NERFSTUDIO: Format(nerfstudio.read, nerfstudio.write),
}
AUTO = "auto"


def detect(path: Path) -> FileFormat:
    """Return the format of a file, from its name and content.

    Raises:
        InputError: none is recognised; the message lists them.
    """
    if path.is_dir() or path.name in ("images.txt", "cameras.txt"):
        return FileFormat.COLMAP
    if path.suffix.lower() != ".json":
        return FileFormat.REALESTATE10K
    content = read_json(path)
    keys: set[str] = set(content) if isinstance(content, dict) else set()
    first = set(content[0]) if isinstance(content, list) and content and isinstance(content[0], dict) else set()
    signs = {
        FileFormat.INVERSECRAFTER: "format" in keys,
        FileFormat.CAMERA_PATH: "camera" in keys or bool(first & {*orbit_keys.AXES, "pivot"}),
        FileFormat.KEYFRAMES: "keyframes" in keys or bool(first),
        FileFormat.NERFSTUDIO: "frames" in keys,
        FileFormat.RECAMMASTER: any(key.startswith("frame") for key in keys),
    }
    for known, matches in signs.items():
        if matches:
            return known
    found = f"JSON of no known format ({json.dumps(sorted(keys)[:6])})"
    raise InputError(path.name, found, f"Choose its format: {', '.join(FORMATS)}.")


def read_trajectory(path: Path, file_format: str = AUTO, camera: str = "") -> tuple[Trajectory, FileFormat]:
    """Return the cameras of a file and its format, which ``"auto"`` recognises.

    A file with a world of its own has cameras that stand in it wherever a source camera goes: they are relative to the world.

    Raises:
        InputError: a file that is missing or bad; the message names the file and the place in it.
    """
    known = detect(path) if file_format == AUTO else require_choice("format", file_format, FileFormat)
    if camera and not FORMATS[known].several:
        raise InputError("camera", f"'{camera}' for a file of one camera ({known})", "Leave it empty.")
    found = FORMATS[known].read(path, camera)
    return (replace(found, relative_to=RelativeTo.WORLD) if found.world == World.OWN else found), known
