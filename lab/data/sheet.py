"""Contact sheets: labelled rows of frames, a row a clip. Clips here are ``[F, H, W, 3]`` uint8 RGB.

A causal video VAE gives back the last frame of each group of four best, and those are the frames whose number is a multiple of
four. So a sheet shows others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from PIL import Image

LABEL, PAD, GROUP, CARD = 26, 4, 4, 480
CARD_SHAPE = 7 / 12
"""Height over width of the pictures on a card."""
MAGENTA = (255, 0, 255)


def as_bytes(video: torch.Tensor) -> np.ndarray:
    """Return ``[F, H, W, 3]`` in 0...1 as uint8."""
    return (video.clamp(0, 1) * 255).round().byte().numpy()


def read_frames(paths: list[Path]) -> np.ndarray:
    """Read images of one size as a clip."""
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write ``[H, W, 3]`` uint8 RGB in the format of the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])


def pick(frames: int, columns: int) -> list[int]:
    """Return frame numbers spread over a clip, none of them a multiple of four where the clip is long enough."""
    if frames < GROUP:
        return [round(i * (frames - 1) / max(1, columns - 1)) for i in range(columns)]
    even = (round(1 + i * (frames - 3) / max(1, columns - 1)) for i in range(columns))
    return [number if number % GROUP else number + (2 if number + 2 < frames else -2) for number in even]


def contact_sheet(rows: Mapping[str, np.ndarray], moments: int | Sequence[int] = 5, width: int = 256) -> np.ndarray:
    """Return ``{label: clip}`` as one RGB picture; each row shows the same moments of its clip.

    Args:
        moments: how many, by :func:`pick`, or which frames.
        width: of one frame, in pixels.
    """
    columns, bands = moments if isinstance(moments, int) else len(moments), []
    for label, video in rows.items():
        height = round(video.shape[1] * width / video.shape[2])
        band = _titled(label, LABEL + height + PAD, columns * (width + PAD))
        for column, index in enumerate(pick(len(video), moments) if isinstance(moments, int) else moments):
            picture = cv2.resize(video[index], (width, height), interpolation=cv2.INTER_AREA)
            left = column * (width + PAD)
            band[LABEL : LABEL + height, left : left + width] = picture
        bands.append(band)
    return np.concatenate(bands)


def _titled(label: str, height: int, width: int) -> np.ndarray:
    """Return a dark picture with a label in its upper edge."""
    band = np.full((height, width, 3), 24, np.uint8)
    return cv2.putText(band, label, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (235, 235, 235), 1, cv2.LINE_AA)


def paint_holes(video: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """Return a clip with ``holes [F, H, W, ...]`` uint8 in magenta, which no picture is taken for."""
    return np.where(holes.reshape(*video.shape[:3], -1)[..., :1] > 127, np.array(MAGENTA, np.uint8), video)


def card(path: Path, words: tuple[str, str], above: Mapping[str, np.ndarray], below: tuple[str, np.ndarray]) -> None:
    """Write the picture of a workflow for the template browser, nearly square: title and sentence, small pictures, a large one.

    The browser of 0.3.75 shows no more words than the name of the file. Pictures are ``[H, W, 3]`` uint8.
    """
    head = np.full((70, CARD, 3), 24, np.uint8)
    for text, line, scale, weight in ((words[0], 30, 0.8, 2), (words[1], 56, 0.47, 1)):
        cv2.putText(head, text, (8, line), cv2.FONT_HERSHEY_SIMPLEX, scale, (240, 240, 240), weight, cv2.LINE_AA)
    small = [labelled(name, _cut(one), CARD // len(above)) for name, one in above.items()]
    name, large = below
    write_picture(path, np.concatenate([head, np.concatenate(small, axis=1), labelled(name, _cut(large), CARD)]))


def moment(video: np.ndarray) -> np.ndarray:
    """Return a frame from late in a clip, not the last of a group of four."""
    return video[pick(len(video), 5)[3]]


def labelled(label: str, picture: np.ndarray, width: int) -> np.ndarray:
    """Return ``[H, W, 3]`` uint8 at a width, under its label."""
    height = round(width * picture.shape[0] / picture.shape[1])
    tile = np.full((LABEL + height, width, 3), 24, np.uint8)
    cv2.putText(tile, label, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (235, 235, 235), 1, cv2.LINE_AA)
    tile[LABEL:] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return tile


def _cut(picture: np.ndarray) -> np.ndarray:
    """Return the middle of a picture in the shape that all cards have."""
    rows = min(picture.shape[0], round(picture.shape[1] * CARD_SHAPE))
    top = (picture.shape[0] - rows) // 2
    return picture[top : top + rows]


def write_video(path: Path, video: np.ndarray, fps: float) -> None:
    """Write H.264 in an mp4 that any player opens."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = video.shape[1:3]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "12"}
        for frame in video:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())


def animation(path: Path, columns: dict[str, np.ndarray], fps: float = 12) -> None:
    """Write ``{label: [F, H, W, 3] uint8}`` side by side as a moving WebP that plays forth and back for ever."""
    pictures = []
    for moment in zip(*columns.values(), strict=True):
        tiles = [_titled(label, LABEL + len(one), one.shape[1] + PAD) for label, one in zip(columns, moment, strict=True)]
        for tile, picture in zip(tiles, moment, strict=True):
            tile[LABEL:, : picture.shape[1]] = picture
        pictures.append(Image.fromarray(np.concatenate(tiles, axis=1)[:, :-PAD]))
    first, *others = pictures + pictures[-2:0:-1]
    first.save(path, save_all=True, append_images=others, duration=round(1000 / fps), loop=0, quality=82, method=6)
