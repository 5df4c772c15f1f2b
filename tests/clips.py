"""Small clips for tests: written and read with PyAV, which the host itself uses."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def moving_pattern(frames: int = 17, height: int = 128, width: int = 192, seed: int = 0) -> np.ndarray:
    """Smooth coloured blobs that drift two pixels a frame, over a gradient: ``[F, H, W, 3]`` uint8."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = np.stack([rows / height, columns / width, 1 - rows / height], -1) * 120 + 40
    blobs = [(rng.uniform(0, height), rng.uniform(0, width), rng.uniform(8, 24), rng.uniform(-90, 90, 3)) for _ in range(9)]
    clip = []
    for frame in range(frames):
        image = picture.copy()
        for row, column, radius, colour in blobs:
            distance = (rows - row) ** 2 + (columns - (column + 2 * frame) % width) ** 2
            image += np.exp(-distance / (2 * radius**2))[..., None] * colour
        clip.append(image.clip(0, 255).astype(np.uint8))
    return np.stack(clip)


def write_clip(path: Path, frames: np.ndarray, rate: int = 16) -> Path:
    """Write ``[F, H, W, 3]`` uint8 as an H.264 file."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "12"})
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def read_clip(path: Path) -> np.ndarray:
    """Every frame of a video file, ``[F, H, W, 3]`` uint8."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
