"""Reading of numbers, matrices and objects from text, with errors that name the file and the place in it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ....errors import InputError
from ...keyframes import is_number

LARGEST = 256 * 2**20
"""Bytes of the largest file that is read."""
Json = dict[str, "Json"] | list["Json"] | str | float | bool | None


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: no file, a file too large, or one that is not UTF-8 text.
    """
    if not path.is_file():
        raise InputError(path.name, "no such file", f"Put it at {path.parent.name}/{path.name}, or choose another.")
    if path.stat().st_size > LARGEST:
        raise InputError(path.name, f"{path.stat().st_size / 2**20:.0f} MB", f"At most {LARGEST // 2**20} MB are read.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            path.name, "bytes that are not text", "Export the file as text (COLMAP: model_converter --output_type TXT)."
        ) from error


def read_json(path: Path) -> Json:
    """Return the content of a JSON file; see :func:`read_text` for the errors, and InputError for text that is not JSON."""
    try:
        content: Json = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        found = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise InputError(path.name, found, "The file is not JSON, or was cut off: export it again.") from error
    except RecursionError as error:
        raise InputError(path.name, "objects nested too deeply", "Give a camera file.") from error
    return content


def entry(holder: Json, key: str, where: str) -> Json:
    """Return ``holder[key]``, or raise :class:`InputError` with the keys there are."""
    if not isinstance(holder, dict):
        raise InputError(where, f"{brief(holder)} in place of an object", f"Give an object with '{key}'.")
    if key not in holder:
        listed = ", ".join(list(holder)[:8]) or "nothing"
        raise InputError(where, f"no '{key}' (there is {listed})", f"Add '{key}', or choose the file's own format.")
    return holder[key]


def items(value: Json, where: str) -> list[Json]:
    """Return a list that is not empty, or raise :class:`InputError`."""
    if not isinstance(value, list) or not value:
        raise InputError(where, f"{brief(value)} in place of a list", "Give a list with one entry a camera.")
    return value


def number(value: Json, where: str) -> float:
    """Return a finite number, or raise :class:`InputError`."""
    if not is_number(value):
        raise InputError(where, brief(value), "Give a finite number.")
    return float(value)  # type: ignore[arg-type]


def matrix(value: Json, where: str) -> np.ndarray:
    """Return the pose ``[4, 4]`` of a 3x4 or 4x4 nested list, or raise :class:`InputError`."""
    rows = items(value, where)
    if len(rows) not in (3, 4) or any(not isinstance(row, list) or len(row) != 4 for row in rows):
        raise InputError(where, "a matrix of another shape", "Give 3 or 4 rows of 4 numbers.")
    found = np.eye(4)
    for index, row in enumerate(rows):
        found[index] = [number(item, f"{where}[{index}]") for item in row]  # type: ignore[union-attr]
    if not np.allclose(found[3], [0, 0, 0, 1], atol=1e-6):
        raise InputError(where, f"the last row {found[3].tolist()}", "It must be 0 0 0 1: the matrix may be transposed.")
    return found


def numbers(words: Sequence[str], where: str) -> list[float]:
    """Return the finite numbers that ``words`` spell, or raise :class:`InputError`."""
    found = []
    for index, word in enumerate(words):
        try:
            found.append(float(word))
        except ValueError as error:
            raise InputError(where, f"'{word[:40]}' as value {index + 1}", "Give a number there.") from error
        if not is_number(found[-1]):
            raise InputError(where, f"'{word}' as value {index + 1}", "Give a finite number there.")
    return found


def rotation(quaternion: Sequence[float], where: str) -> np.ndarray:
    """Return the rotation ``[3, 3]`` of a quaternion ``w, x, y, z`` of any length above 0 (Hamilton's convention)."""
    w, x, y, z = quaternion
    if math.hypot(w, x, y, z) < 1e-6:
        raise InputError(where, "a quaternion of length zero", "Give w, x, y, z; no rotation is 1 0 0 0.")
    return Rotation.from_quat([x, y, z, w]).as_matrix()


def quaternion(matrices: np.ndarray) -> np.ndarray:
    """Return the quaternions ``[N, 4]`` as ``w, x, y, z`` with ``w >= 0`` of the rotations in ``[N, 3..4, 3..4]``."""
    return np.roll(Rotation.from_matrix(matrices[:, :3, :3]).as_quat(canonical=True), 1, axis=1)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a sort key by which ``frame_2`` comes before ``frame_10``."""
    parts: list[str] = []
    for letter in name:
        if parts and parts[-1][-1].isdecimal() == letter.isdecimal():
            parts[-1] += letter
        else:
            parts.append(letter)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def brief(value: Json) -> str:
    """Return ``value`` as JSON, cut to 60 characters."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
