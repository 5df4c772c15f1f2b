"""Clips of the second world, by the program ``blender`` 3 or 4.

Each scene becomes ``<seed>.npz`` with ``colour [F, h, w, 3]`` uint8 and ``depth [F, h, w]`` float32, planar z in metres, the
sky at 60 km. What is there stays, so a stopped run goes on where it was.
"""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inversecrafter_core.errors import InputError
from lab.data.motion_clips import pictures
from lab.data.pool import keep

from .scenes import random_scene

SCRIPT = Path(__file__).with_name("in_blender.py")
SAMPLES = 16
SKY = 6e4
"""Depth of the sky in metres."""
AT_ONCE = 20
"""Scenes that one start of Blender renders."""
DARKEST, NOISE = 70.0, 4
"""Least mean brightness of a picture, and how much of its noise is taken for noise."""


def render_scenes(
    seeds: Sequence[int], target: Path, size: tuple[int, int, int], samples: int = SAMPLES, kind: str | None = None
) -> None:
    """Render the seeds whose file is missing in ``target``, with so many light paths a pixel.

    ``size`` is frames, height and width; the seed draws the ``kind`` of scene unless it is given.

    Raises:
        InputError: there is no Blender.
    """
    frames, height, width = size
    program = shutil.which("blender")
    if program is None:
        raise InputError("blender", "not installed", "Install Blender 3 or 4 (Debian: apt-get install blender), or go without.")
    missing = [seed for seed in seeds if not (target / f"{seed}.npz").exists()]
    with tempfile.TemporaryDirectory() as folder:
        images = _write_pictures(Path(folder))
        for first in range(0, len(missing), AT_ONCE):
            scenes = [random_scene(seed, frames, images, kind) for seed in missing[first : first + AT_ONCE]]
            jobs = Path(folder) / "jobs.json"
            wanted = {"height": height, "width": width, "samples": samples, "scenes": scenes}
            jobs.write_text(json.dumps(wanted), encoding="utf-8")
            command = [program, "-b", "--factory-startup", "--python-exit-code", "1", "--python", str(SCRIPT), "--"]
            subprocess.run([*command, str(jobs), folder], check=True, stdout=subprocess.DEVNULL)
            for scene in scenes:
                _gather(Path(folder), target / f"{scene['seed']}.npz", frames)


def _gather(folder: Path, target: Path, frames: int) -> None:
    """Make one file of a scene's frames."""
    names = [folder / f"{target.stem}_{index}" for index in range(frames)]
    colour = np.stack([_shown(name.with_suffix(".png")) for name in names])
    raw = np.stack([np.fromfile(name.with_suffix(".depth"), np.float32) for name in names])
    depth = raw.reshape(colour.shape[:3])[:, ::-1].clip(max=SKY)
    keep(target, lambda file: np.savez(file, colour=colour, depth=depth))


def _shown(path: Path) -> np.ndarray:
    """Read a rendered picture without most of its noise, not darker than :data:`DARKEST` on average."""
    picture = cv2.imread(str(path))
    assert picture is not None, "Blender wrote it just now"
    return brightened(cv2.fastNlMeansDenoisingColored(picture, None, NOISE, NOISE, 5, 13)[..., ::-1])


def brightened(picture: np.ndarray) -> np.ndarray:
    """Return a picture in 0...255 as uint8, by a gamma not darker than :data:`DARKEST` on average."""
    mean = max(1.0, float(picture.mean()))
    power = min(1.0, math.log(DARKEST / 255) / math.log(mean / 255)) if mean < DARKEST else 1.0
    return (255 * (picture / 255) ** power).round().astype(np.uint8)


def _write_pictures(folder: Path) -> list[str]:
    paths = [folder / f"picture{index}.png" for index in range(len(pictures()))]
    for path, picture in zip(paths, pictures(), strict=True):
        cv2.imwrite(str(path), picture[..., ::-1])
    return [str(path) for path in paths]
