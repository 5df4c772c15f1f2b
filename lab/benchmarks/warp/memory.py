"""Peak memory of a warp beyond the clip going in and the clip coming out: ``python -m lab.benchmarks.warp.memory 81 480 832``.

Runs in a process of its own, because a process' peak never comes down. Prints megabytes (10^6 bytes) as the last word.
"""

from __future__ import annotations

import resource
import subprocess
import sys

import torch

from inversecrafter_core.camera import Geometry, intrinsics_from_focal, preset_path
from inversecrafter_core.warp import warp_video
from lab.host.paths import ROOT


def peak() -> float:
    """Return the process' peak resident memory in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def clip(frames: int, height: int, width: int) -> tuple[torch.Tensor, Geometry]:
    """Return a clip and a geometry whose pages have all been touched."""
    depth = torch.full((frames, height, width), 3.0)
    depth[:, :, width // 3 : width // 2] = 1.0
    lens = intrinsics_from_focal(0.8 * width, height, width).expand(frames, 3, 3)
    valid = torch.ones_like(depth, dtype=torch.bool)
    return torch.full((frames, height, width, 3), 0.5), Geometry(depth, valid, lens, torch.eye(4).expand(frames, 4, 4))


def measure(frames: int, height: int, width: int) -> float:
    """Return the MB that :func:`warp_video` adds beyond its input and its output; only right in a fresh process."""
    video, geometry = clip(frames, height, width)
    small, small_geometry = clip(2, 64, 64)
    warp_video(small, small_geometry, preset_path("arc_left", 2))  # what torch itself allocates once
    before = peak()
    warp = warp_video(video, geometry, preset_path("arc_left", frames))
    results = (warp.video.numel() * 4 + warp.visible.numel()) / 1e6
    return peak() - before - results


def measure_apart(frames: int, height: int, width: int) -> float:
    """Call :func:`measure` in a fresh process."""
    command = [sys.executable, "-m", "lab.benchmarks.warp.memory", *map(str, (frames, height, width))]
    return float(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()[-1])


if __name__ == "__main__":
    print(f"{measure(*map(int, sys.argv[1:4])):.1f}")
