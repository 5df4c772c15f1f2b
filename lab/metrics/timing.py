"""Seconds and peak memory of a function, on a GPU or of this process alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch


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


def seconds(run: Callable[[], None]) -> float:
    """Time one run: on a GPU wall time, the queue emptied before and after; on the CPU processor time of its one thread.

    On an idle machine the two clocks agree; on a busy one only the second leaves the neighbours out.
    """
    if not torch.cuda.is_available():
        start = time.process_time()
        run()
        return time.process_time() - start
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - start
