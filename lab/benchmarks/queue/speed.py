"""Jobs an hour of a batch on one server and on two, and what the queue costs: the batch's time beyond the server's own a job.

Both servers share this machine, each on one thread, so that two can be at most twice as fast where two cores are free. The cost
of the queue holds everything from reading the manifest to the last result's name on disk, uploads included, and what the host
does between jobs: at most every ten seconds it collects garbage, for more than half a second here.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median

from inversecrafter_client.batch import Options, read_manifest, run_batch
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main

from . import small

MOST_MS = 100
GARBAGE_SECONDS = 11


def rows(seed: int, jobs: int = 24) -> list[Row]:
    """Measure batches of so many jobs."""
    found = []
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        hosts = [stack.enter_context(small.server(folder / f"server_{number}")) for number in range(2)]
        for host in hosts:
            small.warm(host, folder)
        time.sleep(GARBAGE_SECONDS)  # after which the host has collected what the first jobs left
        rates = {}
        for count in (1, 2):
            # Other clips than before: neither server has anything of these jobs.
            manifest = small.write_manifest(
                folder / f"batch_{count}", jobs, small.write_clip(folder / f"{count}.mp4", seed + count)
            )
            listed, began = read_manifest(manifest), time.perf_counter()
            summary = run_batch(manifest, [host.url for host in hosts[:count]], Options(timeout=120))
            seconds = time.perf_counter() - began
            if len(summary.made) != jobs:
                raise RuntimeError(f"{len(summary.made)} of {jobs} jobs were made: {summary.failed}")
            rates[count] = jobs / seconds * 3600
            place = "1 server" if count == 1 else "2 servers"
            found.append(row("jobs an hour", rates[count], "", case=place))
            if count == 1:
                stamps = small.times(hosts[0], listed)
                rendering = sum(end - start for start, end in stamps)
                idle = [after[0] - before[1] for before, after in pairwise(stamps)]
                found.append(row("rendering a job", 1000 * rendering / jobs, "ms", case=place))
                found.append(row("queue a job", 1000 * (seconds - rendering) / jobs, "ms", most=MOST_MS, case=place))
                found.append(row("idle between two jobs, median", 1000 * median(idle), "ms", case=place))
                found.append(row("idle between two jobs, longest", 1000 * max(idle), "ms", case=place))
        found.append(row("two servers against one", rates[2] / rates[1], "x"))
    return found


if __name__ == "__main__":
    main(rows)
