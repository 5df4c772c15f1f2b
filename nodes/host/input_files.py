"""Files in the host's input folder: their list for a combo, and their place."""

from __future__ import annotations

from pathlib import Path

import folder_paths

from ...inversecrafter_core.errors import InputError

NONE = "none"
"""Option of a combo for which there is no file yet."""


def listed_files(*endings: str) -> list[Path]:
    """Return the files in the host's input folder with these endings, e.g. ``".json"``, relative to it and sorted."""
    root = Path(folder_paths.get_input_directory())
    found = (path for path in sorted(root.rglob("*")) if path.suffix.lower() in endings and path.is_file())
    return [path.relative_to(root) for path in found]


def input_file(file: str) -> Path:
    """Return the path of ``file`` in the host's input folder, or in another, as in ``a.json [output]``.

    Raises:
        InputError: a file outside of that folder.
    """
    name, base = folder_paths.annotated_filepath(file)
    root = Path(base or folder_paths.get_input_directory()).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise InputError("file", f"'{file}', outside of {root.name}", "Copy it into ComfyUI's input folder.")
    return path


def is_there(file: str | None) -> bool | str:
    """Return whether ``file`` is in the host's input folder, or why not, as ``validate_inputs`` wants it; True for None.

    Files that were added since the page was loaded count.
    """
    if file is None:
        return True
    try:
        if not input_file(file).exists():
            raise InputError("file", f"no '{file}' in ComfyUI's input folder", "Put it there and choose it.")
    except InputError as error:
        return str(error)
    return True


def last_change(file: str, inside: str = "") -> float:
    """Return the time of the last change of ``file``, or of a folder and what the glob ``inside`` finds in it; 0 without it."""
    path = input_file(file)
    parts = [path, *path.glob(inside)] if inside and path.is_dir() else [path]
    return max((part.stat().st_mtime for part in parts if part.exists()), default=0.0)
