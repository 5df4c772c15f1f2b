"""A batch whose server is killed at random moments: every result is there once, and the same to the bit as without a kill."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from inversecrafter_client.batch import Options, Summary, read_manifest, run_batch
from inversecrafter_client.batch.started import free_port
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main

from . import small

PATIENT = Options(timeout=60, patience=300, attempts=1000)


def rows(seed: int, jobs: int = 30, kills: int = 10, ray: bool = False) -> list[Row]:
    """Run the batch undisturbed; on a server that is killed and started again; and on two, one of which is killed for good.

    Args:
        ray: the last one on a Ray cluster that is started here.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clip = small.write_clip(folder / "clip.mp4", seed)
        calm = small.write_manifest(folder / "calm", jobs, clip)
        with small.server(folder / "calm_server") as host:
            began = time.perf_counter()
            run_batch(calm, [host.url], PATIENT)
            seconds = time.perf_counter() - began
        wanted, found = small.digests(calm), []
        alone = Batch(small.write_manifest(folder / "alone", jobs, clip), PATIENT)
        done = killed_and_restarted(alone, folder / "server", kills, seconds / jobs, seed)
        found += judged("1 server, killed and started again", alone, wanted, done, kills)
        pair = Batch(small.write_manifest(folder / "pair", jobs, clip), replace(PATIENT, ray="local" if ray else None))
        done = killed_once(pair, [folder / "first", folder / "second"])
        found += judged("2 servers, one killed half-way" + (", Ray" if ray else ""), pair, wanted, done, 1)
    return found


class Batch(threading.Thread):
    """A batch in a thread of its own."""

    def __init__(self, manifest: Path, options: Options):
        super().__init__(daemon=True)
        self.manifest, self.summary, self._options = manifest, Summary(), options
        self.urls: Sequence[str] = ()

    def start_on(self, urls: Sequence[str]) -> None:
        """Start it on these servers."""
        self.urls = urls
        self.start()

    def run(self) -> None:
        """Run the batch to its end."""
        self.summary = run_batch(self.manifest, self.urls, self._options, self._note)

    def _note(self, summary: Summary, _count: int) -> None:
        self.summary = summary


def judged(case: str, batch: Batch, wanted: dict[str, str], kills: int, least: int) -> list[Row]:
    """Return the rows of a batch beside the digests of an undisturbed one."""
    found, jobs = small.digests(batch.manifest), len(wanted)
    return [
        row("kills", kills, least=least, case=case),
        row("results", len(found), least=jobs, case=case),
        row("of them the same to the bit", sum(found.get(name) == one for name, one in wanted.items()), least=jobs, case=case),
        row("deliveries", len(batch.summary.made), most=jobs, case=case),
        row("failed", len(batch.summary.failed), most=0, case=case),
    ]


def killed_and_restarted(batch: Batch, folder: Path, kills: int, job_seconds: float, seed: int) -> int:
    """Kill the only server at random moments of its jobs, start it again on its port; return how often it was killed."""
    chance, port, done = random.Random(seed), free_port(), 0
    while True:
        with small.server(folder, port) as host:
            if batch.ident is None:
                batch.start_on([host.url])
            if done == kills:
                batch.join()
                return done
            batch.join(chance.uniform(0.2, 3 * job_seconds))
            if not batch.is_alive():
                return done
            small.kill(host)
            done += 1


def killed_once(batch: Batch, folders: Sequence[Path]) -> int:
    """Start a server in each folder, kill the first one half-way; the others end the batch. Return the number of kills."""
    with ExitStack() as stack:
        hosts = [stack.enter_context(small.server(folder)) for folder in folders]
        batch.start_on([host.url for host in hosts])
        jobs = len(read_manifest(batch.manifest))
        while batch.is_alive() and len(batch.summary.made) < jobs / 2:
            time.sleep(0.05)
        alive = batch.is_alive()
        small.kill(hosts[0])
        batch.join()
    return int(alive)


if __name__ == "__main__":
    main(rows)
