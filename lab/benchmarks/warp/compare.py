"""Our warp against the soft z-buffer splat of related methods: speed, truth on rendered scenes and a real stereo pair, memory.

Both run in this process, in turns, on one random textured step scene. The speed is taken on one thread each, as the ratio of
the best runs, those that the machine's other work disturbed least; the ratio of medians and that on all threads stand beside
it. Truth is PSNR on the pixels that each covers, on ten rendered scenes with exact depth (:mod:`lab.data.scenes.staged`, two
frames each) and on the pair. ``--picture FILE`` draws parts of some of the scenes instead.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch
import torch.nn.functional as F

from inversecrafter_core.camera import Geometry, PathStart, intrinsics_from_focal, preset_path
from inversecrafter_core.warp import Sampling, Viewer, Warp, warp_video
from lab.benchmarks.report import Row, not_measured, row
from lab.benchmarks.runner import main
from lab.data.scenes.staged import PICTURES, Frame, frames_of
from lab.data.sheet import MAGENTA, as_bytes, contact_sheet, write_picture
from lab.data.stereo import StereoPair, stereo_pair, why_no_pair
from lab.host.launch import end_with_parent
from lab.metrics.intervals import interval
from lab.metrics.timing import peak_memory
from lab.metrics.vae import psnr

from .soft_splat import soft_splat

HEIGHT, WIDTH, FOCAL = 480, 832, 700.0
FRAMES = 81
SHOWN, PART, ZOOM = ("moving things", "outdoors, sky", "fence"), (56, 72), 4
"""Scenes of the picture, the size of the part that it shows of each, and how much larger."""
ABOVE, COVERED = "above the soft splat, on covered pixels", "covered, more than by the soft splat"


def scene(seed: int) -> tuple[torch.Tensor, Geometry]:
    """Return a noisy wall with a nearer block: ``(image [1, H, W, 3], geometry)``."""
    generator = torch.Generator().manual_seed(seed)
    depth = 3 + 0.05 * torch.rand(1, HEIGHT, WIDTH, generator=generator)
    depth[:, 100:380, 250:500] = 1.5
    lens = intrinsics_from_focal(FOCAL, HEIGHT, WIDTH)[None]
    image = torch.rand(1, HEIGHT, WIDTH, 3, generator=generator)
    return image, Geometry(depth, depth > 0, lens, torch.eye(4)[None])


def milliseconds(function: Callable[[], object], device: torch.device) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1e3


def times(seed: int, repeats: int, device: torch.device) -> tuple[list[float], list[float]]:
    """Return milliseconds a frame, ours and theirs, taken in turns."""
    image, geometry = scene(seed)
    image = image.to(device)
    geometry = geometry.to(device)
    path = preset_path("arc_left", 1, start=PathStart.FULL)
    cameras, lenses = path.resolve(geometry)

    def ours() -> object:
        return warp_video(image, geometry, path)

    def theirs() -> object:
        source = image[0], geometry.depth[0], geometry.valid[0], geometry.intrinsics[0]
        warped, visible = soft_splat(*source, lenses[0], cameras[0])
        return warped.cpu(), visible.cpu()

    ours(), theirs()
    pairs = [(milliseconds(ours, device), milliseconds(theirs, device)) for _ in range(repeats)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def speed(seed: int, repeats: int, device: torch.device) -> list[Row]:
    """Time both on one thread each, which the machine's other work disturbs least, then on all threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ours, soft = times(seed, repeats, device)
    torch.set_num_threads(threads)
    ours_wide, soft_wide = times(seed, repeats, device)
    return [
        row(f"warp, one frame {WIDTH}x{HEIGHT}, checks and cleanup included, one thread", min(ours), "ms"),
        row("soft z-buffer splat, the same", min(soft), "ms"),
        row("speed-up, best runs", min(soft) / min(ours), "x", least=3.0),
        row("speed-up, medians", statistics.median(soft) / statistics.median(ours), "x"),
        row(f"speed-up, best runs, {threads} threads", min(soft_wide) / min(ours_wide), "x"),
    ]


def repeatability(seed: int) -> Row:
    """Count the values that differ between two runs."""
    image, geometry = scene(seed)
    path = preset_path("arc_left", 1, start=PathStart.FULL)
    one, two = (warp_video(image, geometry, path) for _ in range(2))
    different = int((one.video != two.video).sum()) + int((one.visible != two.visible).sum())
    return row("values that differ between two runs", different, "values", most=0)


def covered_psnr(image: torch.Tensor, truth: torch.Tensor, where: torch.Tensor) -> float:
    """Return the PSNR in dB of ``image [H, W, 3]`` in the pixels ``where [H, W]``."""
    return psnr(image[where], truth[where])


def truth(pair: StereoPair) -> list[Row]:
    """Warp left to right with true depth, ours and theirs, and compare with the true right image."""
    view = Viewer(pair.geometry, pair.camera[None], pair.intrinsics[None], 1.0).see(pair.left, 0, 0)
    source = pair.left, pair.geometry.depth[0], pair.geometry.valid[0], pair.geometry.intrinsics[0]
    soft, soft_visible = soft_splat(*source, pair.intrinsics, pair.camera)
    shared = view.visible & soft_visible
    ours, theirs = covered_psnr(view.image, pair.right, view.visible), covered_psnr(soft, pair.right, soft_visible)
    covered, soft_covered = (100 * float(seen.float().mean()) for seen in (view.visible, soft_visible))
    gain = covered_psnr(view.image, pair.right, shared) - covered_psnr(soft, pair.right, shared)
    return [
        row("PSNR on covered pixels", ours, "dB", least=27.3, case="stereo truth"),
        row("covered", covered, "%", least=86.0, case="stereo truth"),
        row(ABOVE, ours - theirs, "dB", least=0.7, case="stereo truth"),
        row(COVERED, covered - soft_covered, "points", least=-1.0, case="stereo truth"),
        row("soft splat, PSNR on covered pixels", theirs, "dB", case="stereo truth"),
        row("soft splat, covered", soft_covered, "%", case="stereo truth"),
        row("gain on pixels that both cover", gain, "dB", case="stereo truth"),
    ]


Seen = tuple[torch.Tensor, torch.Tensor]
"""A warp: ``image [H, W, 3]`` and where it is known, ``[H, W]`` bool."""


def both(frame: Frame, mode: str = "bilinear") -> tuple[Seen, Seen]:
    """Return our warp of a frame and the soft splat's."""
    lens = frame.geometry.intrinsics[0]
    viewer = Viewer(frame.geometry, frame.camera[None], frame.geometry.intrinsics, 1e-3)
    view = viewer.see(frame.source, 0, 0, Sampling(mode))
    source = frame.source, frame.geometry.depth[0], frame.geometry.valid[0]
    return (view.image, view.visible), soft_splat(*source, lens, lens, frame.camera)


def compared(frame: Frame, mode: str) -> tuple[float, float]:
    """Return dB above the soft splat, each on what it covers, and points of the picture covered more."""
    (ours, visible), (soft, covered) = both(frame, mode)
    above = covered_psnr(ours, frame.target, visible) - covered_psnr(soft, frame.target, covered)
    return above, 100 * float(visible.float().mean() - covered.float().mean())


def sheet(seed: int, target: Path) -> None:
    """Draw the true view, the soft splat and our warp, holes in magenta, where they differ most on what both cover."""
    shown: dict[str, list[torch.Tensor]] = {"true view": [], "soft z-buffer splat": [], "ours": []}
    for name in SHOWN:
        *_, frame = frames_of(name, seed)
        ours, soft = both(frame)
        apart = (soft[0] - ours[0]).square().mean(-1) * (soft[1] & ours[1])
        mean = F.avg_pool2d(apart[None], PART, 8)[0]
        top, left = (8 * int(place) for place in divmod(int(mean.argmax()), mean.shape[1]))
        hole = torch.tensor(MAGENTA) / 255
        pictures = frame.target, *(torch.where(known[..., None], image, hole) for image, known in (soft, ours))
        for clip, picture in zip(shown.values(), pictures, strict=True):
            clip.append(picture[top : top + PART[0], left : left + PART[1]])
    rows = {label: as_bytes(torch.stack(parts)) for label, parts in shown.items()}
    write_picture(target, contact_sheet(rows, range(len(SHOWN)), ZOOM * PART[1]))


def rendered(seed: int, scenes: int) -> list[Row]:
    """Compare on rendered scenes, and take the means over them for both ways of reading colours."""
    found, gains = [], dict[str, list[float]](bilinear=[], bicubic=[])
    for name in list(PICTURES)[:scenes]:
        frames = list(frames_of(name, seed))
        pairs = {mode: [compared(frame, mode) for frame in frames] for mode in gains}
        for mode, values in gains.items():
            values.append(statistics.mean(above for above, _ in pairs[mode]))
        covered = statistics.mean(more for _, more in pairs["bilinear"])
        found.append(row(ABOVE, gains["bilinear"][-1], "dB", least=0.7, case=name))
        found.append(row(COVERED, covered, "points", least=-1.0, case=name))
    return found + [row(f"mean of the scenes, {mode}", interval(values), "dB") for mode, values in gains.items()]


def added() -> float | None:
    """Return the MB that a warp of a whole clip adds beyond clip and result; None where the system tells no peak."""
    image, geometry = scene(0)
    video, space, made = image.expand(FRAMES, -1, -1, -1).contiguous(), geometry.expand(FRAMES), list[Warp]()
    warp_video(image, geometry, preset_path("arc_left", 1, start=PathStart.FULL))  # the memory that torch itself takes once
    base = peak_memory(lambda: None)
    peak = peak_memory(lambda: made.append(warp_video(video, space, preset_path("arc_left", FRAMES))))
    results = made[0].video.numel() * 4 + made[0].visible.numel()
    return None if base is None or peak is None else (peak - base - results) / 1e6


def memory() -> Row:
    """Measure :func:`added` in a fresh process: what another benchmark has freed would hide it."""
    figure = f"memory added over {FRAMES} frames {WIDTH}x{HEIGHT}, beyond clip in and out"
    with ProcessPoolExecutor(1, get_context("spawn"), end_with_parent) as pool:
        megabytes = pool.submit(added).result()
    return not_measured(figure, "no peak is known here") if megabytes is None else row(figure, megabytes, "MB", most=500.0)


def rows(
    seed: int,
    scenes: int = 10,
    repeats: int = 31,
    device: str = "cuda" if torch.cuda.is_available() else "cpu",
    picture: Path = Path(),
) -> list[Row]:
    """Measure speed (``repeats`` frames a side), truth and memory; or draw where a picture is wanted."""
    if picture.name:
        sheet(seed, picture)
        return []
    pair = stereo_pair()
    return [
        *speed(seed, repeats, torch.device(device)),
        repeatability(seed),
        *rendered(seed, scenes),
        *(truth(pair) if pair else [not_measured("stereo truth", why_no_pair())]),
        memory(),
    ]


if __name__ == "__main__":
    main(rows)
