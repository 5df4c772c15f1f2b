"""Prepare Footage on files as they come: variable rate, rotated, odd, with alpha and sound."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

av = pytest.importorskip("av")
TICKS = 1000


def write(path: Path, times: list[float], size=(64, 96), sound: bool = False, turned: int = 0) -> Path:
    """Write frames at ``times`` seconds whose grey level is the time, and a bright left half to tell sides."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"qp": "0"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv444p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
        tone = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        for time in times:
            grey = np.full((*size, 3), round(100 * time) + 20, np.uint8)
            grey[:, : size[1] // 2] += 60
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if tone is not None:
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
            samples.sample_rate, samples.pts = 8000, 0
            container.mux(tone.encode(samples))
            container.mux(tone.encode())
    return path


@pytest.fixture
def prepare(pack):
    from comfy_api.latest import InputImpl

    def run(video, **changes):
        settings = {"width": 96, "height": 64, "frames": 81, "fps": 0.0, "start": 0.0, "fit": "crop", "turn": True}
        source = InputImpl.VideoFromFile(str(video)) if isinstance(video, Path) else video
        return pack.node("InverseCrafterPrepareFootage").execute(source, **(settings | changes)).args

    return run


def seen_times(video: torch.Tensor) -> np.ndarray:
    """The time in seconds that every frame's right half shows."""
    return ((video[:, :, -8:].mean((1, 2, 3)) * 255 - 20) / 100).numpy()


def test_a_variable_rate_is_kept_in_time(prepare, tmp_path):
    """A phone's clip: 30 frames a second, then 10. One after the other, the second half would run three times too fast."""
    times = [number / 30 for number in range(16)] + [0.5 + number / 10 for number in range(1, 11)]
    video, holes, fps, audio, report = prepare(write(tmp_path / "phone.mp4", times), fps=16.0)
    assert len(video) == 25 and fps == 16 and audio is None and holes.max() == 0
    assert np.abs(seen_times(video) - np.arange(25) / 16).max() < 0.06
    assert "variable rate" in report and "25 frames at 16 a second, 1.56 s" in report


@pytest.mark.parametrize("header", ["without a rate", "of a thousand"])
def test_a_browsers_recording_whose_header_has_no_rate_is_measured(prepare, tmp_path, header):
    """Written while it was recorded: no length and, as by MediaRecorder, no rate, or that of the container's clock."""
    steps = [number % 4 for number in range(60)]
    times = np.cumsum([0.0, *(0.02 + 0.02 * step for step in steps)])  # 20 frames a second, unevenly
    path = tmp_path / "recording.webm"
    with av.open(str(path), "w", options={"live": "1"}) as container:
        stream = container.add_stream("libvpx", rate=1000)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, TICKS)
        for time in times:
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), round(40 * time), np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    content = path.read_bytes()
    duration = b"\x23\xe3\x83\x83" + (1_000_000).to_bytes(3, "big")  # DefaultDuration, in nanoseconds
    assert content.count(duration) == 1
    if header == "without a rate":
        path.write_bytes(content.replace(duration, b"\xec\x85" + bytes(5)))  # Void
    video, _, fps, _, report = prepare(path)
    assert fps == pytest.approx(20, rel=0.01) and len(video) == 61 and "variable rate, 20" in report


def test_stock_components_lose_the_time_which_is_why_the_node_exists(tmp_path, pack):
    from comfy_api.latest import InputImpl

    times = [number / 30 for number in range(16)] + [0.5 + number / 10 for number in range(1, 11)]
    stock = InputImpl.VideoFromFile(str(write(tmp_path / "phone.mp4", times))).get_components()
    evenly = np.arange(len(times)) / float(stock.frame_rate)
    assert np.abs(seen_times(stock.images) - evenly).max() > 0.2


def test_footage_of_the_right_size_and_a_constant_rate_is_what_the_stock_nodes_give(prepare, tmp_path, pack):
    """But for the rounding of colours, which those of 0.3.75 take down by one level and newer ones by half a level."""
    from comfy_api.latest import InputImpl

    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24000, 1001), options={"crf": "20"})
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        across, down = np.meshgrid(np.arange(96), np.arange(64))
        for number in range(20):
            frame = np.stack([2 * across + number, 3 * down, across + down], -1).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    stock = InputImpl.VideoFromFile(str(tmp_path / "clip.mp4")).get_components()
    video, holes, fps, _, report = prepare(tmp_path / "clip.mp4", frames=17)
    assert 255 * (video - stock.images[:17]).abs().max() <= 8
    assert len(video) == 17 and holes.max() == 0
    assert fps == float(stock.frame_rate) and "unchanged" in report


@pytest.mark.parametrize("coding", ["yuv420p", "yuv444p", "yuv422p10le"])
def test_pictures_are_as_bright_as_those_that_were_encoded(prepare, tmp_path, coding):
    across, down = np.meshgrid(np.arange(96), np.arange(64))
    picture = np.stack([40 + across, 60 + 2 * down, 50 + across // 2 + down], -1).astype(np.uint8)
    with av.open(str(tmp_path / "clip.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 96, coding
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    video = prepare(tmp_path / "clip.mkv", frames=1)[0]
    assert (255 * video[0].numpy() - picture).mean((0, 1)) == pytest.approx(0, abs=0.4)


@pytest.mark.parametrize(("curve", "said"), [(1, ""), (2, ""), (16, "HDR (PQ)"), (18, "HDR (HLG)")])
def test_hdr_footage_which_is_not_tone_mapped_is_named(prepare, tmp_path, curve, said):
    with av.open(str(tmp_path / "phone.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt, stream.codec_context.color_trc = 64, 96, "yuv420p10le", curve
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 96, 3), 100, np.uint8), format="rgb24")))
        container.mux(stream.encode())
    report = prepare(tmp_path / "phone.mp4", frames=1)[-1]
    assert said in report if said else "HDR" not in report


def test_frames_rate_and_sound_are_those_of_the_part(prepare, tmp_path):
    file = write(tmp_path / "clip.mp4", [number / 24 for number in range(40)], sound=True)
    video, _, fps, audio, report = prepare(file, frames=19, start=0.5)
    assert len(video) == 17 and fps == pytest.approx(24, abs=0.7)
    assert seen_times(video)[0] == pytest.approx(0.5, abs=0.03)
    assert audio["sample_rate"] == 8000 and audio["waveform"].shape[-1] == pytest.approx(8000 * 17 / fps, abs=400)
    assert "variable" not in report


def with_tone(path: Path, begins: float, sound_begins: float) -> Path:
    """Write two seconds of grey pictures from ``begins`` on; from ``sound_begins`` on a second of silence, then one of tone."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        track = container.add_stream("aac", rate=8000, layout="mono")
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = round((begins + number / 25) * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        tone = np.where(np.arange(16000) < 8000, 0, 0.5 * np.sin(np.arange(16000))).astype(np.float32)
        for first in range(0, 16000, 1024):
            part = av.AudioFrame.from_ndarray(tone[None, first : first + 1024], format="fltp", layout="mono")
            part.sample_rate, part.pts = 8000, round(8000 * sound_begins) + first
            container.mux(track.encode(part))
        container.mux(track.encode())
    return path


@pytest.mark.parametrize("start", [0.0, 0.5])
@pytest.mark.parametrize(
    ("name", "begins", "sound_begins"), [("camcorder.ts", 5.0, 5.0), ("late.mkv", 0.0, 0.5), ("early.mkv", 1.0, 0.5)]
)
def test_the_sound_stays_in_time_whenever_its_stream_and_the_pictures_begin(
    prepare, tmp_path, name, begins, sound_begins, start
):
    """Camcorders' transport streams begin at any time, and a sound that begins late must not move forward."""
    video, _, fps, audio, _ = prepare(with_tone(tmp_path / name, begins, sound_begins), start=start)
    wave, rate = audio["waveform"][0, 0], audio["sample_rate"]
    assert len(wave) == pytest.approx(rate * len(video) / fps, abs=1), "as long as the clip"
    heard = int((wave.abs() > 0.1).nonzero()[0]) / rate
    assert heard == pytest.approx(sound_begins + 1 - begins - start, abs=0.05)


def test_sound_behind_a_gap_stays_in_time(prepare, tmp_path):
    """As where a recording lost packets of its sound: half a second of tone, none for a second, tone again."""
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        track = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for _ in range(50):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 96, 3), 90, np.uint8), format="rgb24")))
        container.mux(stream.encode())
        for first in [*range(0, 4000, 400), *range(12000, 16000, 400)]:
            part = av.AudioFrame.from_ndarray(np.full((1, 400), 9000, np.int16), format="s16", layout="mono")
            part.sample_rate, part.pts, part.time_base = 8000, first, Fraction(1, 8000)
            container.mux(track.encode(part))
        container.mux(track.encode())
    wave = prepare(path, frames=49)[3]["waveform"][0, 0]
    heard = [bool(wave[round(8000 * second)].abs() > 0.1) for second in (0.25, 0.75, 1.25, 1.75)]
    assert heard == [True, False, False, True]


@pytest.mark.parametrize("sound", [False, True])
def test_a_video_of_pictures_in_memory_is_taken_as_it_is(prepare, pack, sound):
    """As Create Video hands it out. The host would make a file of it, which older ones cannot and odd sizes do not allow."""
    from comfy_api.latest import InputImpl, Types

    wave = torch.rand(1, 2, 4000)
    audio = {"waveform": wave, "sample_rate": 8000} if sound else None
    images = torch.rand(9, 64, 96, 3)

    def made(pictures):
        return InputImpl.VideoFromComponents(Types.VideoComponents(images=pictures, audio=audio, frame_rate=Fraction(9)))

    video, _, fps, heard, report = prepare(made(images))
    assert torch.equal(video, images) and fps == 9 and "unchanged" in report
    assert (heard is None) is not sound
    if sound:
        assert torch.equal(heard["waveform"][..., :4000], wave) and heard["waveform"].shape[-1] == 8000
    assert prepare(made(images[:, :63, :95]))[0].shape == images.shape


def test_a_size_of_another_shape_and_a_rim_of_holes(prepare, tmp_path):
    file = write(tmp_path / "tall.mp4", [0.0, 0.1, 0.2, 0.3, 0.4], size=(98, 54))
    video, holes, *_, report = prepare(file)
    assert video.shape == (5, 96, 64, 3), "portrait footage turns the frame"
    assert "54x98 to 64x96" in report and "cut off" in report
    video, holes, *_ = prepare(file, turn=False, fit="pad")
    assert video.shape == (5, 64, 96, 3) and 0.5 < holes.mean() < 0.7


def test_pictures_with_alpha_become_colour_and_holes(prepare):
    images = torch.full((5, 64, 96, 4), 0.6)
    images[..., 3] = 1
    images[:, :, :48, 3] = 0
    video, holes, fps, audio, _ = prepare(images)
    assert video.shape == (5, 64, 96, 3) and fps == 16 and audio is None
    assert holes[:, :, :47].min() == 1 and holes[:, :, 49:].max() == 0


def test_a_short_clip_becomes_the_next_length_and_one_frame_a_picture(prepare):
    assert len(prepare(torch.rand(7, 64, 96, 3))[0]) == 5
    assert len(prepare(torch.rand(3, 64, 96, 3))[0]) == 1
    assert len(prepare(torch.rand(3, 64, 96, 3), frames=1)[0]) == 1


def test_a_phone_held_upright_gives_upright_frames(pack):
    """A container's display matrix turns anticlockwise: by 90 degrees, the right edge of what is stored is the top."""
    stored = np.zeros((4, 6, 3), np.uint8)
    stored[:, -1] = 255
    frame = SimpleNamespace(
        format=SimpleNamespace(name="yuv420p", components=[]), rotation=90, side_data={}, to_ndarray=lambda **_: stored
    )
    upright = pack.submodule("nodes.host.footage")._upright(frame)
    assert upright.shape == (6, 4, 3) and upright[0].min() == 255 and upright[1:].max() == 0


def test_a_file_whose_header_turns_the_pictures_gives_upright_frames(prepare, tmp_path):
    """The matrix of a quarter turn clockwise in the track's header, as a phone held upright writes it."""
    file = write(tmp_path / "phone.mp4", [number / 30 for number in range(5)])
    content = bytearray(file.read_bytes())
    start = content.index(b"tkhd") + 44
    assert struct.unpack(">9i", content[start : start + 36]) == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    content[start : start + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 64 << 16, 0, 1 << 30)
    file.write_bytes(content)
    video = prepare(file, frames=5)[0]
    assert video.shape == (5, 96, 64, 3), "the size is turned with it"
    assert (video[:, :40].mean() - video[:, -40:].mean()) * 255 > 50, "the bright left half is the top"


MATRICES = {
    "left and right swapped": ((-1, 0, 0, 1), (0, 1)),
    "upside down": ((1, 0, 0, -1), (1, 0)),
    "half a turn": ((-1, 0, 0, -1), (1, 1)),
    "a quarter turn clockwise": ((0, 1, -1, 0), (0, 1)),
    "rows and columns swapped": ((0, 1, 1, 0), (0, 0)),
    "the same and half a turn": ((0, -1, -1, 0), (1, 1)),
}
"""Display matrices ``a b c d``, x' = ax + cy and y' = bx + dy, and the quarter (row, column) that shows the upper left."""


@pytest.mark.parametrize("name", MATRICES)
def test_a_file_whose_header_mirrors_the_pictures_gives_them_as_players_show_them(prepare, tmp_path, name):
    matrix, (row, column) = MATRICES[name]
    path, picture = tmp_path / "selfie.mp4", np.zeros((64, 96, 3), np.uint8)
    picture[:32, :48] = 200
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in matrix)
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    video = prepare(path, frames=1)[0][0].mean(-1)
    quarters = torch.nn.functional.adaptive_avg_pool2d(video[None], 2)[0]
    assert quarters.argmax() == 2 * row + column and quarters.max() > 0.5


def noisy(path: Path, frames: int, pixel_shape: Fraction = Fraction(1)) -> Path:
    """Write an mp4 that names its frames before they come, as files for the web do."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 96, "yuv420p"
        stream.codec_context.sample_aspect_ratio = pixel_shape
        for noise in np.random.default_rng(3).integers(0, 256, (frames, 64, 96, 3), dtype=np.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_file_that_breaks_off_gives_the_frames_before_and_is_named_where_more_are_wanted(prepare, tmp_path):
    whole = noisy(tmp_path / "whole.mp4", 40).read_bytes()
    part = tmp_path / "part.mp4"
    part.write_bytes(whole[: len(whole) // 2])
    assert len(prepare(part, frames=5)[0]) == 5
    with pytest.raises(Exception, match=r"video: a file that is damaged after \d+ frames"):
        prepare(part, frames=37)


@pytest.mark.parametrize("fps", [0.0, 16.0])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("text.mp4", "cannot be read"),
        ("empty.mp4", "cannot be read"),
        ("none.mp4", "cannot be read"),
        ("sound.wav", "without pictures"),
    ],
)
def test_a_file_without_pictures_is_named_whatever_rate_is_wanted(prepare, pack, tmp_path, name, said, fps):
    (tmp_path / "text.mp4").write_text("no clip")
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        track = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        samples.sample_rate = 8000
        container.mux(track.encode(samples))
    with pytest.raises(pack.core("errors").InputError, match=f"video: a file.* {said}"):
        prepare(tmp_path / name, fps=fps)


def test_a_damaged_part_within_a_file_is_left_out_in_time(prepare, tmp_path):
    file = noisy(tmp_path / "damaged.mp4", 40)
    content = bytearray(file.read_bytes())
    middle = slice(len(content) // 2, len(content) // 2 + len(content) // 10)
    content[middle] = bytes(middle.stop - middle.start)
    file.write_bytes(bytes(content))
    video, *_, report = prepare(file, frames=37)
    assert len(video) == 37 and "37 frames at 25 a second" in report


@pytest.mark.parametrize(("coding", "says"), [(b"A_AAC", None), (b"V_MPEG4/ISO/AVC", "a coding that is not known here")])
def test_streams_without_a_decoder_are_passed_over_or_named(prepare, tmp_path, coding, says):
    """As phones' spatial sound is to most."""
    file = with_tone(tmp_path / "phone.mkv", 0.0, 0.0)
    file.write_bytes(file.read_bytes().replace(coding, coding[:2] + b"X" * (len(coding) - 2)))
    if says:
        with pytest.raises(Exception, match=says):
            prepare(file)
    else:
        video, _, _, audio, _ = prepare(file)
        assert len(video) == 49 and audio is None


def test_pixels_that_are_not_square_become_square(prepare, tmp_path):
    """Camcorders write 1440 x 1080 pixels that are to be seen as 16:9."""
    video, *_, report = prepare(noisy(tmp_path / "wide.mp4", 5, Fraction(4, 3)), width=128, height=64)
    assert video.shape == (5, 64, 128, 3) and "128x64, unchanged" in report


def test_a_part_that_is_skipped_can_be_cancelled_and_costs_no_pictures(prepare, pack, tmp_path, monkeypatch):
    import comfy.model_management

    module, made = pack.submodule("nodes.host.footage"), []
    upright = module._upright
    monkeypatch.setattr(module, "_upright", lambda *frame: made.append(1) or upright(*frame))
    file = write(tmp_path / "clip.mp4", [number / 24 for number in range(40)])
    assert len(prepare(file, frames=5, start=1.0)[0]) == len(made) == 5

    def cancelled():
        raise InterruptedError

    monkeypatch.setattr(comfy.model_management, "throw_exception_if_processing_interrupted", cancelled)
    with pytest.raises(InterruptedError):
        prepare(file, start=100.0)


def test_a_start_behind_the_end_is_named(prepare):
    with pytest.raises(Exception, match=r"start: no frame there; the footage has 0\.25 s"):
        prepare(torch.rand(5, 64, 96, 3), start=9.0)
