"""Training pairs out of a folder of somebody's own videos, for a real Wan VAE; the same files as :mod:`.pairs` makes.

Every file that OpenCV can open gives clips evenly over its length, cut to the middle and brought to one size. Depth comes from
a depth estimator of the pack, and the source camera is taken to stand still. A file that cannot be read is named in the log
and left out.
"""

from __future__ import annotations

import hashlib
import logging
import random
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from inversecrafter_core.depth import (
    DepthEstimator,
    OnnxDepth,
    SmallDepth,
    Stabilisation,
    VerticalGradientPrior,
    build_geometry,
    load_transformers_depth,
)
from inversecrafter_core.errors import InputError
from lab.data.pool import keep
from lab.data.reprojections import random_path, reproject
from lab.data.videos import measure, read_frames

from .pairs import Window, cut, write

logger = logging.getLogger(__name__)
SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".gif"}
DEPTH_HELP = (
    "'prior' (no model), an .onnx file, a .safetensors file of the pack's own kind, or a transformers model's name or folder"
)


class Cut(NamedTuple):
    """The clips to take of a file: their frames (4k+1) and ``(height, width)``, and at most how many a file."""

    frames: int
    size: tuple[int, int]
    per_video: int


def estimator(choice: str) -> DepthEstimator:
    """Return a depth estimator by ``--depth``."""
    if choice == "prior":
        return VerticalGradientPrior()
    if choice.endswith(".onnx"):
        return OnnxDepth(choice)
    return SmallDepth.load(choice) if choice.endswith(".safetensors") else load_transformers_depth(choice)


def videos_in(folder: Path) -> list[Path]:
    """Video files below ``folder``, sorted. Raises :class:`InputError` when there are none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise InputError("--videos", f"no video below {folder}", f"Give a folder with {', '.join(sorted(SUFFIXES))} files.")
    return found


def read_clips(path: Path, taken: Cut) -> list[torch.Tensor]:
    """Return up to ``taken.per_video`` clips ``[F, H, W, 3]`` in 0...1 of consecutive pictures, evenly over the file."""
    total, _ = measure(path)
    count = min(taken.per_video, total // taken.frames)
    starts = [round(index * (total - taken.frames) / max(1, count - 1)) if count > 1 else 0 for index in range(count)]
    clips = [range(start, start + taken.frames) for start in starts]
    found = read_frames(path, {number for clip in clips for number in clip}, taken.size)
    return [torch.stack([found[number] for number in clip]) for clip in clips]


def store_videos(folder: Path, videos: list[Path], taken: Cut, window: Window, depth: DepthEstimator) -> list[Path]:
    """Return the pair files of ``videos`` in ``folder``; a video that was done before is not opened twice."""
    files: list[Path] = []
    for number, path in enumerate(videos, 1):
        name = hashlib.sha256(f"{path.name} {path.stat().st_size}".encode()).hexdigest()[:16]
        done = folder / f"{name}.done"
        if not done.exists():
            count = _store_one(folder, name, path, taken, window, depth)
            done.write_text(str(count))
            print(f"pairs: video {number} of {len(videos)}, {path.name} gave {count}", flush=True)
        files += [folder / f"{name}_{index}.npz" for index in range(int(done.read_text()))]
    return files


def _store_one(folder: Path, name: str, path: Path, taken: Cut, window: Window, depth: DepthEstimator) -> int:
    clips = read_clips(path, taken)
    if not clips:
        logger.warning("%s is left out: it is no video of %d frames", path.name, taken.frames)
    folder.mkdir(parents=True, exist_ok=True)
    for index, clip in enumerate(clips):
        rng = random.Random(f"{name} {index}")
        geometry = build_geometry(depth.estimate(clip), None, Stabilisation.OFF).geometry
        pair = reproject(clip, geometry, random_path(taken.frames, rng))
        keep(folder / f"{name}_{index}.npz", partial(write, cut(pair, window, rng)))
    return len(clips)
