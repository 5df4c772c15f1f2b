"""Frames with their times, and sound, from a VIDEO or an IMAGE of the host.

The host's Get Video Components hands out frames without their times and, on 0.3.75, lying where a phone was held upright.
Here the file is read with its timestamps, its rotation and its alpha, frame by frame, so that a long file takes little memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any, TypedDict, TypeVar

import av
import cv2
import numpy as np
import torch
import torch.nn.functional as F
from comfy_api.latest import Input, Types

from ...inversecrafter_core.errors import InputError

logger = logging.getLogger(__name__)
Stream = TypeVar("Stream", bound=av.stream.Stream)
Picture = Callable[[], np.ndarray]
"""Function that makes a frame ``[H, W, 3]``, or ``[H, W, 4]`` with alpha: of a long file few are wanted."""
QUARTER = 90
MOST_RATE = 240
"""Frames a second above which a header tells the ticks of the container's clock, not the rate of its frames."""
PROBED = 1000
"""Frames of which the rate is measured where the header does not tell it."""
HDR = {16: "PQ", 18: "HLG"}
"""Transfer curves of HDR footage, as files number them (ITU-T H.273)."""
LEAST_GAP = 0.1
"""Seconds without sound that are filled with silence; times of shorter ones are no more exact than the clocks of recorders."""
EXACT = 0x4 | 0x2000 | 0x40000
"""Flags of FFmpeg's conversion: bicubic, SWS_FULL_CHR_H_INT, SWS_ACCURATE_RND. Without them pictures are one level darker."""


class Audio(TypedDict):
    """An AUDIO of the host: ``waveform [1, channels, samples]`` float32."""

    waveform: torch.Tensor
    sample_rate: int


def _trim(video: Input.Video) -> tuple[float, float]:
    """Return start and end in seconds of the part that newer hosts' VIDEO is cut to."""
    window = getattr(video, "get_active_trim_window", None)
    if window is None:
        return 0.0, np.inf
    start, duration = window()
    return start, start + duration if duration else np.inf


def rate_of(video: Input.Video) -> float:
    """Return the average frames a second; of its beginning where a file's header does not tell, as of browsers' recordings.

    Raises:
        InputError: a file without a picture that can be decoded.
    """
    held = _in_memory(video)
    if held is not None:
        return float(held.frame_rate) or 1.0
    with _opened(video) as (container, stream):
        average = float(stream.average_rate or 0)
        return average if 0 < average <= MOST_RATE else _measured_rate(container, stream) or average or 1.0


def hdr_of(video: Input.Video) -> str:
    """Return the transfer curve of a file that says it is HDR, ``PQ`` or ``HLG``, else an empty text."""
    if _in_memory(video) is not None:
        return ""
    with _opened(video) as (_, stream):
        return HDR.get(int(stream.codec_context.color_trc), "")


def _measured_rate(container: av.container.InputContainer, stream: av.VideoStream) -> float:
    """Return the average frames a second of the first :data:`PROBED` frames by their times, 0 where those do not tell."""
    times: list[float] = []
    with suppress(av.error.FFmpegError):  # which whoever reads its frames names
        for packet in islice(container.demux(stream), PROBED):
            if packet.pts is not None:
                times.append(float(packet.pts * packet.time_base))
    times.sort()
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0


@contextmanager
def _opened(video: Input.Video) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """Give the opened file of a VIDEO and its stream of pictures. Raises InputError for one that has none."""
    try:
        container = av.open(video.get_stream_source(), mode="r")
    except (av.error.FFmpegError, OSError) as error:
        raise InputError("video", f"a file that cannot be read ({error})", "Convert it to mp4 (H.264) or webm.") from error
    with closing(container):
        if not container.streams.video:
            raise InputError("video", "a file without pictures", "Choose a video file.")
        stream = _decodable(container.streams.video)
        if stream is None:
            raise InputError("video", "a file of a coding that is not known here", "Convert it to mp4 (H.264) or webm.")
        yield container, stream


def pictures_of(video: Input.Video) -> Iterator[tuple[float, Picture]]:
    """Yield times in seconds and frames, upright; uint8, those in memory float32.

    Raises:
        InputError: a file without a picture that can be decoded.
    """
    held = _in_memory(video)
    if held is not None:
        yield from pictures_in(held.images, float(held.frame_rate))
        return
    first, last, number = *_trim(video), -1
    with _opened(video) as (container, stream):
        rate, shape = Fraction(stream.average_rate or 1), stream.sample_aspect_ratio
        try:
            for number, frame in enumerate(_decoded(container, stream)):
                time = float(number / rate) if frame.time is None else frame.time
                if first <= time < last:
                    yield time, partial(_upright, frame, shape)
        except av.error.FFmpegError as error:
            fix = "Copy it once more, convert it to mp4 (H.264) or webm, or take fewer frames."
            raise InputError("video", f"a file that is damaged after {number + 1} frames ({error})", fix) from error
    if number < 0:
        raise InputError("video", "no frame that can be decoded", "Convert it to mp4 (H.264) or webm.")


def _decodable(streams: Iterable[Stream]) -> Stream | None:
    """Return the first stream that FFmpeg has a decoder for; phones write some beside the usual ones."""
    return next((stream for stream in streams if stream.codec_context is not None), None)


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield the frames of a file but for damaged ones, as players do; damage at its end, which breaks off, is an error."""
    broken: av.error.InvalidDataError | None = None
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
            broken = None if packet.size else broken  # the last packet, of size 0, asks for what is left
        except av.error.InvalidDataError as error:
            frames, broken = [], error
            logger.warning("InverseCrafter, Prepare Footage: a damaged part of the file is left out (%s).", error)
        yield from frames
    if broken is not None:
        raise broken


def _upright(frame: av.VideoFrame, pixel_shape: Fraction | None = None) -> np.ndarray:
    """Return a frame as players show it: of square pixels, not of pixels so many times as wide as high, turned and mirrored."""
    alpha = frame.format.name == "pal8" or any(component.is_alpha for component in frame.format.components)
    picture: np.ndarray = frame.to_ndarray(format="rgba" if alpha else "rgb24", interpolation=EXACT)
    if pixel_shape and pixel_shape != 1:
        size = round(picture.shape[1] * pixel_shape), picture.shape[0]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is not None:  # x' = ax + cy, y' = bx + dy; it mirrors before it turns where its determinant is negative
        a, b, _, c, d = np.frombuffer(matrix, np.int32)[:5].astype(float)
        picture = picture[::-1] if a * d < b * c else picture
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / QUARTER)))


def pictures_in(images: torch.Tensor, rate: float) -> Iterator[tuple[float, Picture]]:
    """Yield times and frames, float32, of an IMAGE, which has a constant rate.

    Raises:
        InputError: a tensor of another shape.
    """
    if images.ndim != 4 or images.shape[-1] not in (3, 4) or not len(images):
        raise InputError("video", f"a tensor of shape {tuple(images.shape)}", "Connect a VIDEO or an IMAGE.")
    for number, image in enumerate(images):
        yield number / rate, image.detach().float().cpu().numpy


def _in_memory(video: Input.Video) -> Types.VideoComponents | None:
    """Return pictures, rate and sound of a VIDEO that no file holds, as of Create Video; the host would encode a file of it."""
    held = type(video).get_stream_source is Input.Video.get_stream_source
    return video.get_components() if held else None


def sound_of(video: Input.Video, start: float, seconds: float) -> Audio | None:
    """Return ``seconds`` of sound from ``start`` on, in the footage's own time, silent where it has none; None without any."""
    held = _in_memory(video)
    if held is not None:
        return held.audio and _part(held.audio["waveform"][0].float().cpu(), held.audio["sample_rate"], start, seconds)
    parts: list[np.ndarray] = []
    with closing(av.open(video.get_stream_source(), mode="r")) as container:
        stream = _decodable(container.streams.audio)
        if stream is None:
            return None
        resampler, sample_rate, count = av.AudioResampler(format="fltp"), 0, 0
        origin = end = 0.0
        try:
            for frame in container.decode(stream):
                begin, sample_rate = end if frame.time is None else frame.time, frame.sample_rate
                end = begin + frame.samples / sample_rate
                if begin > start + seconds:
                    break
                if end > start:
                    origin = origin if parts else begin
                    gap = begin - origin - count / sample_rate
                    if parts and gap > LEAST_GAP:  # packets were lost: what follows must not come forward
                        parts.append(np.zeros((parts[-1].shape[0], round(gap * sample_rate)), np.float32))
                        count += parts[-1].shape[1]
                    parts += [part.to_ndarray() for part in resampler.resample(frame)]
                    count += frame.samples
        except av.error.FFmpegError as error:
            logger.warning("InverseCrafter, Prepare Footage: the sound cannot be read from %.2f s on (%s).", end, error)
    if not parts:
        return None
    return _part(torch.from_numpy(np.concatenate(parts, axis=1).astype(np.float32)), sample_rate, start - origin, seconds)


def _part(samples: torch.Tensor, sample_rate: int, start: float, seconds: float) -> Audio:
    """Return ``seconds`` from ``start`` on of ``samples [channels, N]``, silent before the first and behind the last."""
    begin, count = round(start * sample_rate), round(seconds * sample_rate)
    part = samples[:, max(0, begin) : max(0, begin + count)]
    before = min(count, max(0, -begin))
    return Audio(waveform=F.pad(part, (before, count - before - part.shape[1]))[None], sample_rate=sample_rate)
