"""Seconds and peak memory of a function, on a GPU or of this process alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch

Result = TypeVar("Result")


def peak_memory(run: Callable[[], None]) -> int | None:
    """Return the peak bytes of one run: the GPU's allocations, or the process's resident set; None where neither is known."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        run()
        return torch.cuda.max_memory_allocated()
    clear, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    if not clear.exists():
        return None
    clear.write_text("5")
    run()
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def timed(run: Callable[[], Result]) -> tuple[Result, float]:
    """Return the result and seconds of a run: on a GPU wall time, the queue emptied before and after, else processor time.

    On an idle machine the two clocks agree; on a busy one only the second leaves the neighbours out.
    """
    if not torch.cuda.is_available():
        start = time.process_time()
        result = run()
        return result, time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    result = run()
    torch.cuda.synchronize()
    return result, time.perf_counter() - start


def seconds(run: Callable[[], object]) -> float:
    """Return the seconds of a run."""
    return timed(run)[1]
