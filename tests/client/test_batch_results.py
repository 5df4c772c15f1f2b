"""Batches: what is delivered, and what is reported of the rest."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from inversecrafter_client.batch import Options, read_manifest, run_batch

QUICK = Options(timeout=5, patience=10)


@pytest.fixture
def manifest(tmp_path, clip) -> Path:
    path = tmp_path / "jobs.csv"
    rows = "".join(f"recapture,a.mp4,{seed},r/{seed}.mp4\n" for seed in range(3))
    path.write_text(f"workflow,video,seed,out\n{rows}")
    return path


def test_a_job_that_a_user_deletes_from_the_queue_is_reported_and_sent_only_by_the_next_run(fakes, manifest):
    fake = fakes(0.5)
    deleted: list[str] = []

    def delete_one() -> None:
        while not fake.pending:
            time.sleep(0.01)
        deleted.append(fake.pending.pop()[0])

    thread = threading.Thread(target=delete_one)
    thread.start()
    summary = run_batch(manifest, [fake.url], QUICK)
    thread.join()
    (row,) = [row for row in read_manifest(manifest) if row.job_id == deleted[0]]
    assert list(summary.failed) == [row.out] and "cancelled" in summary.failed[row.out] and len(summary.made) == 2
    assert not fake.rendered[row.job_id]
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 1 and fake.rendered[row.job_id] == 1
