"""Time and memory of restoration frame by frame, by the number of frames, and the sizes that VISION-XL is known for.

The embedded models restore noise from a quarter of its size. Clips are in this process's memory beside the models; on a machine
with a GPU they are in the host's, and the GPU's holds one frame at a time. ``clips held`` is what the memory grows by a frame,
in frames of float32 RGB. Times are of the processor.
"""

from __future__ import annotations

import gc
from functools import partial

import torch

from inversecrafter_core.inverse.operators import AveragePool
from inversecrafter_core.sampling import RestorationSettings, Start, sample_vision_xl
from lab.benchmarks.report import Row, not_measured, row
from lab.benchmarks.runner import main
from lab.metrics.timing import peak_memory, seconds
from lab.models.guided import small_wan
from lab.models.restorer import restorer

from .compare import levels

FEW, MANY = 9, 81
SMALL = (64, 96)
LARGE = ((768, 1280), (1280, 768), (1024, 1024))
"""Height and width: landscape, portrait, square."""
REPEATS = 3


def restore(frames: int, height: int, width: int, steps: int) -> None:
    """Restore a clip of noise from a quarter of its size."""
    operator = AveragePool(4)
    y = torch.rand(frames, height // 4, width // 4, 3)
    prior = restorer(small_wan(), torch.zeros(1, height, width, 3), "")
    clip = sample_vision_xl(prior, operator, y, levels(steps), RestorationSettings(Start.NOISED))
    assert clip.shape == (frames, height, width, 3) and bool(torch.isfinite(clip).all())


def rows(seed: int, steps: int = 2) -> list[Row]:
    """Measure both clips, then a frame of every large size."""
    torch.manual_seed(seed)
    restore(1, *SMALL, steps)
    peaks = {}
    for frames in (FEW, MANY):  # before anything larger has run, whose memory the process would keep
        gc.collect()
        peaks[frames] = peak_memory(partial(restore, frames, *SMALL, steps))
    few, many = peaks[FEW], peaks[MANY]
    if few is None or many is None:
        listed = [not_measured("peak memory", "no /proc here")]
    else:
        held = (many - few) / (MANY - FEW) / (SMALL[0] * SMALL[1] * 3 * 4)
        listed = [row(f"peak memory, {MANY} frames over {FEW}", many / few, "x", most=1.1), row("clips held", held)]
    times = {
        frames: min(seconds(partial(restore, frames, *SMALL, steps)) / frames for _ in range(REPEATS)) for frames in (FEW, MANY)
    }
    listed.append(row(f"seconds a frame, {MANY} frames over {FEW}", times[MANY] / times[FEW], "x", most=1.05))
    for height, width in LARGE:
        took = seconds(partial(restore, 1, height, width, 1))
        listed.append(row("a frame and step", took, "s", case=f"{width}x{height}"))
    return listed


if __name__ == "__main__":
    main(rows)
