"""The worker of a batch at one server."""

from __future__ import annotations

import threading
from pathlib import Path

from inversecrafter_client.batch import read_manifest
from inversecrafter_client.batch.worker import Worker


def test_a_job_that_comes_back_to_its_server_does_not_meet_its_own_withdrawal(fake, clip, tmp_path, monkeypatch):
    table = tmp_path / "jobs.csv"
    table.write_text("workflow,video,seed,out\nrecapture,a.mp4,0,0.mp4\nrecapture,a.mp4,1,1.mp4\n")
    one, back = read_manifest(table)
    worker = Worker(fake.url, 5)
    begun, sending, withdrawn = threading.Event(), threading.Event(), threading.Event()
    cancel, upload = worker._client.cancel, worker._client._upload

    def slow_cancel(job_id: str) -> None:
        begun.set()
        sending.wait(1)  # long enough for a job that does not wait for this
        cancel(job_id)
        withdrawn.set()

    def slow_upload(path: Path, name: str) -> str:
        sending.set()
        withdrawn.wait(60)
        return upload(path, name)

    monkeypatch.setattr(worker._client, "cancel", slow_cancel)
    monkeypatch.setattr(worker._client, "_upload", slow_upload)
    first = threading.Thread(target=worker.deliver, args=(one, tmp_path / "one", (back.job_id,)))
    first.start()
    assert begun.wait(60)
    assert worker.deliver(back, tmp_path / "back")
    first.join(60)
    worker.close()
