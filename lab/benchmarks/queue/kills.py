"""A batch whose server is killed at random moments: every result is there once, and the same to the bit as without a kill."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from inversecrafter_client.batch import Options, Summary, run_batch
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.host.server import free_port

from . import small

PATIENT = Options(timeout=60, patience=300, attempts=1000)


def rows(seed: int, jobs: int = 30, kills: int = 10, servers: int = 1) -> list[Row]:
    """Run the batch undisturbed, then on a server killed that often; with two servers one of them is killed once, for good."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clip = small.write_clip(folder / "clip.mp4", seed)
        calm = small.write_manifest(folder / "calm", jobs, clip)
        with small.server(folder / "calm_server") as host:
            began = time.perf_counter()
            run_batch(calm, [host.url], PATIENT)
            seconds = time.perf_counter() - began
        wild = small.write_manifest(folder / "wild", jobs, clip)
        batch = Batch(wild)
        if servers == 1:
            done = killed_and_restarted(batch, folder / "wild_server", kills, seconds / jobs, seed)
        else:
            done = killed_once(batch, [folder / f"wild_server_{number}" for number in range(servers)], seconds / 4)
        wanted, found = small.digests(calm), small.digests(wild)
    return [
        row("jobs", jobs),
        row("servers", servers),
        row("kills", done, least=kills if servers == 1 else 1),
        row("results", len(found), least=jobs),
        row("of them the same to the bit", sum(found.get(name) == digest for name, digest in wanted.items()), least=jobs),
        row("deliveries", len(batch.summary.made), most=jobs),
        row("failed", len(batch.summary.failed), most=0),
    ]


class Batch(threading.Thread):
    """A batch in a thread of its own."""

    def __init__(self, manifest: Path):
        super().__init__(daemon=True)
        self._manifest, self.summary = manifest, Summary()
        self.urls: Sequence[str] = ()

    def begin(self, urls: Sequence[str]) -> None:
        """Start it on these servers."""
        self.urls = urls
        self.start()

    def run(self) -> None:
        """Run the batch to its end."""
        self.summary = run_batch(self._manifest, self.urls, PATIENT)


def killed_and_restarted(batch: Batch, folder: Path, kills: int, job_seconds: float, seed: int) -> int:
    """Kill the only server at random moments of its jobs, start it again on its port; return how often it was killed."""
    chance, port, done = random.Random(seed), free_port(), 0
    while True:
        with small.server(folder, port) as host:
            if batch.ident is None:
                batch.begin([host.url])
            if done == kills:
                batch.join()
                return done
            batch.join(chance.uniform(0.2, 3 * job_seconds))
            if not batch.is_alive():
                return done
            small.kill(host)
            done += 1


def killed_once(batch: Batch, folders: Sequence[Path], after: float) -> int:
    """Start a server in each folder, kill the first one in the middle of the batch, and let the others end it."""
    with ExitStack() as stack:
        hosts = [stack.enter_context(small.server(folder)) for folder in folders]
        batch.begin([host.url for host in hosts])
        batch.join(after)
        alive = batch.is_alive()
        small.kill(hosts[0])
        batch.join()
    return int(alive)


if __name__ == "__main__":
    main(rows)
