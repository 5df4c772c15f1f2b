"""Batches: what is delivered, and what is reported of the rest."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from inversecrafter_client import Client
from inversecrafter_client.batch import Options, read_manifest, run_batch, runner

QUICK = Options(timeout=5, patience=10)


@pytest.fixture
def manifest(tmp_path, clip) -> Path:
    path = tmp_path / "jobs.csv"
    rows = "".join(f"recapture,a.mp4,{seed},r/{seed}.mp4\n" for seed in range(3))
    path.write_text(f"workflow,video,seed,out\n{rows}")
    return path


def names(manifest: Path) -> list[str]:
    return sorted(path.name for path in (manifest.parent / "r").iterdir())


def test_every_file_of_a_result_is_delivered_under_a_name_that_no_other_row_has(fake, manifest):
    fake.saved = 3
    manifest.write_text(manifest.read_text().replace(".mp4\n", ".png\n") + "recapture,a.mp4,0,r/0_2of3.png\n")
    summary = run_batch(manifest, [fake.url], QUICK)
    files = ["0.png", "0_2of3-2.png", "0_2of3.png", "0_2of3_2of3.png", "0_2of3_3of3.png", "0_3of3.png"]
    assert names(manifest) == files + [f"{seed}{end}.png" for seed in (1, 2) for end in ("", "_2of3", "_3of3")]
    assert {path.name: [one.name for one in others] for path, others in summary.beside.items()}["0.png"] == [files[1], files[5]]
    first, equal = (
        {(manifest.parent / "r" / name).read_bytes() for name in part} for part in ((files[:2] + files[5:]), files[2:5])
    )
    assert first == equal and len(first) == 3
    again = run_batch(manifest, [fake.url], QUICK)
    assert len(again.kept) == 4 and not again.beside and len(fake.rendered) == 3


def test_a_batch_that_was_killed_between_the_files_of_a_result_delivers_each_once(fake, manifest, monkeypatch):
    fake.saved = 3

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(runner, "publish", killed)
        run_batch(manifest, [fake.url], QUICK)
    (manifest.parent / "r" / f".0.mp4.{read_manifest(manifest)[0].job_id[:13]}.part.2.png").touch()  # as after a SIGKILL
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 3
    assert names(manifest) == [f"{seed}{end}" for seed in range(3) for end in (".mp4", "_2of3.png", "_3of3.png")]


def test_a_table_names_the_results_that_no_row_asks_for_or_asks_for_them(fake, tmp_path):
    nodes = {key: {"class_type": "SaveImage", "inputs": {"filename_prefix": key}} for key in ("1", "2")}
    (tmp_path / "two.json").write_text(json.dumps(nodes))
    table = tmp_path / "jobs.csv"
    table.write_text("workflow,result,out\ntwo.json,,a.png\n")
    (said,) = run_batch(table, [fake.url], QUICK).left
    assert said.startswith("two has other results") and said.endswith("result_2")
    table.write_text("workflow,result,out\ntwo.json,result,b.png\ntwo.json,result_2,c.png\n")
    summary = run_batch(table, [fake.url], QUICK)
    assert not summary.left and (tmp_path / "b.png").read_bytes() != (tmp_path / "c.png").read_bytes()


def test_a_job_that_a_user_deletes_from_the_queue_is_reported_and_sent_only_by_the_next_run(fakes, manifest):
    fake = fakes(30)
    deleted: list[str] = []

    def delete_one() -> None:
        while not (fake.running and fake.pending):
            time.sleep(0.01)
        deleted.append(fake.pending[0][0])
        with Client(fake.url) as page:
            page.transport.post("/queue", {"delete": deleted})
        fake.seconds = 0.02

    thread = threading.Thread(target=delete_one)
    thread.start()
    summary = run_batch(manifest, [fake.url], QUICK)
    thread.join()
    (row,) = [row for row in read_manifest(manifest) if row.job_id == deleted[0]]
    assert list(summary.failed) == [row.out] and "cancelled" in summary.failed[row.out] and len(summary.made) == 2
    assert not fake.rendered[row.job_id]
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 1 and fake.rendered[row.job_id] == 1
