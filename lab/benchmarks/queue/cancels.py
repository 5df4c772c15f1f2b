"""Cancels at random moments of a job: the queue lives, and the next result is the one that an undisturbed server gives."""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.host.client import Host

from . import small


def rows(seed: int, cancels: int = 50) -> list[Row]:
    """Cancel so many jobs, each followed by one that is compared to the bit with the same job before any cancel."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch, small.server(Path(scratch) / "server") as host:
        clip = small.write_clip(Path(scratch) / "clip.mp4", seed)
        wanted = rendered(host, clip)
        began = time.perf_counter()
        host.run(small.workflow(clip, seed=1, amount=0.9))  # as those that are cancelled: models loaded, nothing of it cached
        seconds = time.perf_counter() - began
        stopped = right = 0
        for number in range(cancels):
            job = host.submit(small.workflow(clip, seed=1000 + number, amount=1 + number / cancels))
            time.sleep(chance.uniform(0, seconds))
            job.cancel().wait(60)
            stopped += job.status == "canceled"
            right += rendered(host, clip) == wanted
        left = len(host.list_jobs())
    return [
        row("cancels", cancels),
        row("of them while the job waited or ran", stopped),
        row("right results after them", right, least=cancels),
        row("jobs left in the queue", left, most=0),
    ]


def rendered(host: Host, clip: Path) -> bytes:
    """Return the bytes of one result, made anew: no node's output is in the server's cache."""
    host.free()
    chosen = small.workflow(clip, seed=0)
    job = host.run(chosen, timeout=120)
    return job.get_outputs(chosen.result_node())[0].to_bytes()


if __name__ == "__main__":
    main(rows)
