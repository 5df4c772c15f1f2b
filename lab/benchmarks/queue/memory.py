"""Memory that a server keeps after a long queue: 200 recaptures queued at once, its memory, and files that nobody removed.

The first jobs are left out of the growth: they load models and fill the allocator's pools.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main

from . import small

FIRST = 20
MOST_MB = 50


def rows(seed: int, jobs: int = 200) -> list[Row]:
    """Queue so many jobs at once, each with a path of its own, and wait for them in order."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clip = small.write_clip(folder / "clip.mp4", seed)
        with small.server(folder / "server") as host:
            queued = [host.submit(small.workflow(clip, seed=number, amount=0.5 + number / jobs)) for number in range(jobs)]
            sizes = []
            for job in queued:
                job.result()
                sizes.append((host.memory() or 0) / 1e6)
            temporary = [path for place in (host.base / "temp", folder / "server" / "tmp") for path in place.rglob("*")]
            saved = len(list((host.base / "output").rglob("*.webp")))
    left = [path for path in temporary if path.is_file()]
    return [
        row("jobs", jobs),
        row("results on the server", saved, least=jobs),
        row("memory after the first jobs", sizes[min(FIRST, jobs - 1)], "MB"),
        row("growth of memory", sizes[-1] - sizes[min(FIRST, jobs - 1)], "MB", most=MOST_MB),
        row("temporary files left", len(left), most=0),
    ]


if __name__ == "__main__":
    main(rows)
