"""Our warp against the relatives' soft z-buffer splat: speed, truth on rendered scenes and a real stereo pair, memory.

    python -m lab.benchmarks.warp.compare --seed 0 --json FILE

Both run on this machine in this process, in turns, on one random textured step scene. The speed is taken on one
thread each, as the ratio of the best runs, those that the machine's other work disturbed least; the ratio of medians and that
on all threads are printed beside it. Truth is PSNR on the pixels that each covers, on ten rendered scenes with exact depth
(:mod:`lab.benchmarks.warp.scenes`, two frames each) and on the pair.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import torch

from inversecrafter_core.camera import Geometry, intrinsics_from_focal, preset_path
from inversecrafter_core.warp import Sampling, Viewer, warp_video
from lab.benchmarks.intervals import mean_row
from lab.benchmarks.report import Row, at_least, at_most, main
from lab.data.assets import asset, why_missing
from lab.data.stereo import StereoPair, load_stereo_pair, psnr

from .memory import measure_apart
from .scenes import SCENES, Answer, answers
from .soft_splat import soft_splat

HEIGHT, WIDTH, FOCAL = 480, 832, 700.0
FRAMES = 81
PAIR = ("motorcycle_left", "motorcycle_right", "motorcycle_disp")


def scene(seed: int) -> tuple[torch.Tensor, Geometry]:
    """A noisy wall with a nearer block: ``(image [1, H, W, 3], geometry)``."""
    generator = torch.Generator().manual_seed(seed)
    depth = 3 + 0.05 * torch.rand(1, HEIGHT, WIDTH, generator=generator)
    depth[:, 100:380, 250:500] = 1.5
    lens = intrinsics_from_focal(FOCAL, HEIGHT, WIDTH)[None]
    image = torch.rand(1, HEIGHT, WIDTH, 3, generator=generator)
    return image, Geometry(depth, depth > 0, lens, torch.eye(4)[None])


def milliseconds(function: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    function()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1e3


def times(seed: int, repeats: int, device: torch.device) -> tuple[list[float], list[float]]:
    """Milliseconds a frame, ours and theirs, taken in turns."""
    image, geometry = scene(seed)
    image = image.to(device)
    geometry = geometry.to(device)
    path = preset_path("arc_left", 1, start="full")
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
    """One thread each, which the machine's other work disturbs least; then all threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    ours, soft = times(seed, repeats, device)
    torch.set_num_threads(threads)
    ours_wide, soft_wide = times(seed, repeats, device)
    return [
        Row(f"warp, one frame {WIDTH}x{HEIGHT}, checks and cleanup included, one thread", min(ours), "ms"),
        Row("soft z-buffer splat, the same", min(soft), "ms"),
        at_least("speed-up, best runs", min(soft) / min(ours), "x", 3.0),
        Row("speed-up, medians", statistics.median(soft) / statistics.median(ours), "x"),
        Row(f"speed-up, best runs, {threads} threads", min(soft_wide) / min(ours_wide), "x"),
    ]


def repeatability(seed: int) -> list[Row]:
    """How many values differ between two runs."""
    image, geometry = scene(seed)
    path = preset_path("arc_left", 1, start="full")
    first, second = (warp_video(image, geometry, path) for _ in range(2))
    different = int((first.video != second.video).sum()) + int((first.visible != second.visible).sum())
    return [at_most("values that differ between two runs", different, "values", 0)]


def truth(pair: StereoPair) -> list[Row]:
    """Left to right with true depth, ours and theirs, against the true right image."""
    view = Viewer(pair.geometry, pair.camera[None], pair.intrinsics[None], 1.0).see(pair.left, 0, 0)
    source = pair.left, pair.geometry.depth[0], pair.geometry.valid[0], pair.geometry.intrinsics[0]
    soft, soft_visible = soft_splat(*source, pair.intrinsics, pair.camera)
    both = view.visible & soft_visible
    ours, theirs = psnr(view.image, pair.right, view.visible), psnr(soft, pair.right, soft_visible)
    covered, soft_covered = (100 * float(seen.float().mean()) for seen in (view.visible, soft_visible))
    return [
        at_least("stereo truth, PSNR on covered pixels", ours, "dB", 27.3),
        at_least("stereo truth, covered", covered, "%", 86.0),
        at_least("stereo truth, above the soft splat, on covered pixels", ours - theirs, "dB", 0.7),
        at_least("stereo truth, covered, more than by the soft splat", covered - soft_covered, "points", -1.0),
        Row("soft splat, PSNR on covered pixels", theirs, "dB"),
        Row("soft splat, covered", soft_covered, "%"),
        Row("gain on pixels that both cover", psnr(view.image, pair.right, both) - psnr(soft, pair.right, both), "dB"),
    ]


def compared(answer: Answer, mode: str) -> tuple[float, float]:
    """How many dB we are above the soft splat, each on what it covers, and how many points of the picture we cover more."""
    viewer = Viewer(answer.geometry, answer.camera[None], answer.geometry.intrinsics, 1e-3)
    view = viewer.see(answer.source, 0, 0, Sampling(mode))
    lens = answer.geometry.intrinsics[0]
    soft, covered = soft_splat(answer.source, answer.geometry.depth[0], answer.geometry.valid[0], lens, lens, answer.camera)
    above = psnr(view.image, answer.target, view.visible) - psnr(soft, answer.target, covered)
    return above, 100 * float(view.visible.float().mean() - covered.float().mean())


def rendered(seed: int) -> list[Row]:
    """Every rendered scene, and the means over them for both ways of reading colours."""
    rows, gains = [], dict[str, list[float]](bilinear=[], bicubic=[])
    for name in SCENES:
        frames = list(answers(name, seed))
        found = {mode: [compared(answer, mode) for answer in frames] for mode in gains}
        for mode, pairs in found.items():
            gains[mode].append(statistics.mean(above for above, _ in pairs))
        covered = statistics.mean(more for _, more in found["bilinear"])
        rows.append(at_least(f"{name}: above the soft splat, on covered pixels", gains["bilinear"][-1], "dB", 0.7))
        rows.append(at_least(f"{name}: covered, more than by the soft splat", covered, "points", -1.0))
    return rows + [mean_row(f"mean of the scenes, {mode}", values, "dB") for mode, values in gains.items()]


def run(seed: int, args: argparse.Namespace) -> Sequence[Row]:
    rows = speed(seed, args.repeats, torch.device(args.device)) + repeatability(seed)
    rows += rendered(seed)
    files = [asset(name) for name in PAIR]
    found = [file for file in files if file is not None]
    if len(found) == len(files):
        rows += truth(load_stereo_pair(*found))
    else:
        missing = ", ".join(f"{name}: {why_missing(name)}" for name, file in zip(PAIR, files, strict=True) if file is None)
        rows.append(Row(f"stereo truth not measured ({missing})", 0, "", ">= 27.3", False))
    extra = measure_apart(FRAMES, HEIGHT, WIDTH)
    rows.append(at_most(f"memory added over {FRAMES} frames {WIDTH}x{HEIGHT}, beyond clip in and out", extra, "MB", 500.0))
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=31, help="frames a side")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")


if __name__ == "__main__":
    main("warp", run, add_arguments)
