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
