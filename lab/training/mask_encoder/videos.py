"""Training pairs out of a folder of somebody's own videos, for a real Wan VAE. Same files as ``mask_pairs``.

Every file that PyAV can open gives clips evenly over its length, cut to the middle and brought to one size; depth comes from a
depth estimator of the pack, and the source camera is taken to stand still. What could not be read is named in the log and
left out.
"""

from __future__ import annotations

import hashlib
import logging
import random
from functools import partial
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import torch

from inversecrafter_core.depth import (
    DepthEstimator,
    OnnxDepth,
    SmallDepth,
    VerticalGradientPrior,
    build_geometry,
    load_transformers_depth,
)
from inversecrafter_core.errors import InputError
from lab.data.pool import keep
from lab.data.reprojections import random_path, reproject

from .pairs import Window, cut, write

logger = logging.getLogger(__name__)
SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".gif"}
DEPTH_HELP = (
    "'prior' (no model), an .onnx file, a .safetensors file of the pack's own kind, or a transformers model's name or folder"
)


class Cut(NamedTuple):
    """How clips are taken: their frames (4k+1) and ``(height, width)``, and at most how many a file."""

    frames: int
    size: tuple[int, int]
    per_video: int


def estimator(choice: str) -> DepthEstimator:
    """A depth estimator by ``--depth``."""
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
    """Up to ``taken.per_video`` clips ``[F, H, W, 3]`` in 0...1 of consecutive pictures, evenly over the file."""
    with av.open(str(path)) as container:
        total = sum(packet.pts is not None for packet in container.demux(video=0))
    count = min(taken.per_video, total // taken.frames)
    starts = [round(index * (total - taken.frames) / max(1, count - 1)) if count > 1 else 0 for index in range(count)]
    kept: dict[int, np.ndarray] = {}
    wanted = {start + step for start in starts for step in range(taken.frames)}
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                kept[index] = _fit(frame.to_ndarray(format="rgb24"), taken.size)
            if index >= max(wanted, default=0):
                break
    whole = [start for start in starts if start + taken.frames - 1 in kept]
    clips = [np.stack([kept[start + step] for step in range(taken.frames)]) for start in whole]
    return [torch.from_numpy(clip).float() / 255 for clip in clips]


def _fit(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    scale = max(size[0] / picture.shape[0], size[1] / picture.shape[1])
    resized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    resized = cv2.copyMakeBorder(
        resized, 0, max(0, size[0] - len(resized)), 0, max(0, size[1] - resized.shape[1]), cv2.BORDER_REPLICATE
    )
    top, left = (resized.shape[0] - size[0]) // 2, (resized.shape[1] - size[1]) // 2
    return resized[top : top + size[0], left : left + size[1]]


def store_videos(folder: Path, videos: list[Path], taken: Cut, window: Window, depth: DepthEstimator) -> list[Path]:
    """The pair files of ``videos`` in ``folder``; a video that was done before is not opened again."""
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
    try:
        clips = read_clips(path, taken)
    except (av.FFmpegError, IndexError) as problem:
        logger.warning("%s is left out: %s", path.name, problem)
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    for index, clip in enumerate(clips):
        rng = random.Random(f"{name} {index}")
        geometry = build_geometry(depth.estimate(clip), None, "off").geometry
        pair = reproject(clip, geometry, random_path(taken.frames, rng))
        keep(folder / f"{name}_{index}.npz", partial(write, cut(pair, window, rng)))
    return len(clips)
