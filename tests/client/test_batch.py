"""Batches: every job delivered once, whatever becomes of servers, of this process and of the manifest."""

from __future__ import annotations

import errno
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest
from aiohttp import web
from fake_comfy import FakeComfy

from inversecrafter_client import (
    BatchLocked,
    InvalidManifest,
    InvalidOverride,
    MissingPackage,
    ResultExists,
    ServerUnreachable,
    WriteFailed,
    files,
)
from inversecrafter_client.batch import Options, Start, read_manifest, run_batch, schedule
from inversecrafter_client.batch.manifest import Row
from inversecrafter_client.batch.record import Record, locked
from inversecrafter_client.batch.schedule import Task

ROOT = Path(__file__).resolve().parents[2]
QUICK = Options(timeout=5, patience=10)
HAS_RAY = importlib.util.find_spec("ray") is not None
ENGINES = [
    None,
    pytest.param("local", marks=pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: pip install ray")),
]


@pytest.fixture
def manifest(tmp_path, clip) -> Path:
    return written(tmp_path / "jobs.csv", 6)


def written(path: Path, count: int, **values: str) -> Path:
    more = "".join(f",{value}" for value in values.values())
    rows = [f"recapture,a.mp4,{seed},r/{seed}.mp4{more}" for seed in range(count)]
    path.write_text("\n".join([",".join(["workflow", "video", "seed", "out", *values]), *rows]) + "\n")
    return path


def results(manifest: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((manifest.parent / "r").iterdir())}


def killing(fake: FakeComfy, after: int) -> None:
    while len(fake.rendered) < after:
        time.sleep(0.02)
    fake.kill()


def undisturbed(fakes, manifest: Path, tmp_path: Path) -> dict[str, bytes]:
    """Results of the same jobs on a server that nothing happens to."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("a.mp4", manifest.name):
        (other / name).write_bytes((manifest.parent / name).read_bytes())
    run_batch(other / manifest.name, [fakes().url], QUICK)
    return results(other / manifest.name)


def test_every_job_is_made_once_and_a_second_run_makes_none(fake, manifest):
    seen = []
    summary = run_batch(manifest, [fake.url], QUICK, lambda summary, count: seen.append((len(summary.made), count)))
    assert len(summary.made) == 6 and seen[-1] == (6, 6) and not summary.failed
    assert set(results(manifest)) == {f"{seed}.mp4" for seed in range(6)} and len(set(results(manifest).values())) == 6
    again = run_batch(manifest, [fake.url], QUICK)
    assert len(again.kept) == 6 and not again.made
    assert sorted(fake.rendered.values()) == [1] * 6 and fake.uploads == 1


def test_a_result_that_was_removed_is_fetched_and_not_made_again(fake, manifest):
    run_batch(manifest, [fake.url], QUICK)
    (manifest.parent / "r" / "2.mp4").unlink()
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 1
    assert sorted(fake.rendered.values()) == [1] * 6
    (manifest.parent / "r" / "2.mp4").unlink()
    fake.files = {key: content for key, content in fake.files.items() if key[0] == "input"}
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 1, "the server's file is gone too, so it is made again"
    assert sorted(fake.rendered.values()) == [1] * 5 + [2]


def test_equal_jobs_are_made_once_and_delivered_to_each_of_their_rows(fake, manifest):
    manifest.write_text(manifest.read_text() + "recapture,a.mp4,0,r/same.mp4\n")
    run_batch(manifest, [fake.url], QUICK)
    found = results(manifest)
    assert found["same.mp4"] == found["0.mp4"] and len(found) == 7 and len(fake.rendered) == 6


def test_a_restarting_server_makes_what_it_lost_and_nothing_twice(fakes, manifest, tmp_path):
    fake = fakes(0.2)
    stop = threading.Event()

    def restart() -> None:
        for _ in range(3):
            time.sleep(0.5)
            fake.kill()
            time.sleep(0.2)
            fake.start()
        stop.set()

    threading.Thread(target=restart).start()
    summary = run_batch(manifest, [fake.url], QUICK)
    stop.wait(10)
    assert len(summary.made) == 6 and results(manifest) == undisturbed(fakes, manifest, tmp_path)


@pytest.mark.parametrize("ray", ENGINES)
def test_with_two_servers_the_one_that_stays_makes_the_rest(fakes, manifest, tmp_path, ray):
    staying, dying = fakes(0.1), fakes(0.1)
    threading.Thread(target=killing, args=(dying, 2), daemon=True).start()
    written(manifest, 12)
    summary = run_batch(manifest, [dying.url, staying.url], Options(timeout=5, patience=10, ray=ray))
    assert dying.rendered and staying.rendered, "both had jobs"
    assert len(summary.made) == len(results(manifest)) == 12
    assert results(manifest) == undisturbed(fakes, manifest, tmp_path)


@pytest.mark.parametrize("ray", ENGINES)
def test_a_batch_starts_its_own_servers_and_starts_those_again_that_die(manifest, ray):
    folder = manifest.parent / "processes"
    folder.mkdir()
    command = f"{sys.executable} {ROOT / 'tests' / 'fake_comfy.py'} {{port}} {folder}"
    servers = [Start(command, number, manifest.with_name(f"{number}.log")) for number in range(2)]
    summary = run_batch(written(manifest, 20), servers, Options(timeout=5, patience=60, ray=ray))
    assert len(summary.made) == 20 and (folder / "died").exists()
    started = [int(path.stem) for path in folder.glob("*.pid")]
    assert len(started) == 3, "two, and the one that died again"
    assert not still_running(started)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def still_running(pids: list[int]) -> list[int]:
    """Those of some processes that do not end within a minute."""
    deadline = time.monotonic() + 60
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [pid for pid in pids if is_running(pid)]


@pytest.mark.parametrize(
    ("command", "said"), [("main.py --port {port} 'x", "quot"), ("main.py", "{port}"), ("no_such {port}", "no_such")]
)
def test_a_command_that_starts_nothing_is_refused(manifest, tmp_path, command, said):
    with pytest.raises(InvalidOverride, match=said):
        run_batch(manifest, [Start(command, 0, tmp_path / "log")], QUICK)


def test_the_servers_of_a_batch_that_is_killed_end_with_it(manifest):
    folder = manifest.parent / "processes"
    folder.mkdir()
    (folder / "died").touch()  # none dies on its own
    server = f"{sys.executable} {ROOT / 'tests' / 'fake_comfy.py'} {{port}} {folder}"
    command = [sys.executable, "-m", "inversecrafter_client", "batch", str(written(manifest, 200)), "--start", server]
    process = subprocess.Popen([*command, "--count", "2"], cwd=ROOT, stderr=subprocess.DEVNULL)
    while len([*folder.glob("*.pid")]) < 2 or not [*(manifest.parent / "r").glob("*.mp4")]:
        assert process.poll() is None
        time.sleep(0.05)
    started = [int(path.stem) for path in folder.glob("*.pid")]
    process.kill()
    process.wait()
    left = still_running(started)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(started) == 2 and not left


def test_a_server_that_does_not_start_names_its_log(manifest):
    log = manifest.with_name("0.log")
    ends = Start(f"{sys.executable} -c exit(3) {{port}}", 0, log)
    with pytest.raises(ServerUnreachable, match=r"status 3.*0\.log"):
        run_batch(manifest, [ends], Options(timeout=5, patience=0.5))
    for command, said in (("nobody {port}", "no program"), ("nobody", "Write {port}")):
        with pytest.raises(InvalidOverride, match=said):
            run_batch(manifest, [Start(command, 0, log)], QUICK)


def test_without_ray_its_option_says_what_to_install(fake, manifest, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingPackage, match="pip install ray"):
        run_batch(manifest, [fake.url], Options(ray="local"))


def test_a_batch_whose_process_is_killed_goes_on_and_makes_nothing_twice(fakes, manifest):
    fake = fakes(0.3)
    command = [sys.executable, "-m", "inversecrafter_client", "batch", str(manifest), "--server", fake.url]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while len(fake.rendered) < 2:
        time.sleep(0.05)
    process.kill()
    process.wait()
    summary = run_batch(manifest, [fake.url], QUICK)
    assert len(summary.made) + len(summary.kept) == 6 == len(results(manifest))
    assert sorted(fake.rendered.values()) == [1] * 6
    assert not list((manifest.parent / "r").glob(".*")), "a part was left behind"


def test_ctrl_c_cancels_the_jobs_on_the_server(fakes, manifest):
    fake = fakes(3)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    fake.seconds = 0.05
    with pytest.raises(KeyboardInterrupt):
        run_batch(manifest, [fake.url], QUICK, interrupt)
    assert not fake.pending and not [path for path in results(manifest) if path.startswith(".")]
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 5


def test_a_name_given_but_not_recorded_counts_as_delivered(fake, manifest):
    run_batch(manifest, [fake.url], QUICK)
    record, row = Record(manifest), read_manifest(manifest)[0]
    record.note(row.out, row.job_id, "fetched", result=row.out.name, sha256=record[row.out]["sha256"])
    assert len(run_batch(manifest, [fake.url], QUICK).kept) == 6
    assert Record(manifest)[row.out]["status"] == "done"


def test_a_job_that_fails_is_reported_and_tried_again_in_the_next_run(fake, manifest):
    fake.failing = "3"
    failed = run_batch(manifest, [fake.url], QUICK).failed
    assert len(failed) == 6 and all("no such frame" in problem for problem in failed.values())
    fake.failing = None
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 6


def test_a_job_that_takes_its_server_down_each_time_counts_as_failed_in_the_end(fakes, manifest):
    fake, stop = fakes(0.8), threading.Event()
    fake.deadly = poison = read_manifest(manifest)[0].job_id

    def start_again() -> None:
        while not stop.wait(0.01):
            if not fake.alive:
                fake.start()

    thread = threading.Thread(target=start_again)
    thread.start()
    summary = run_batch(manifest, [fake.url], Options(timeout=5, patience=10, attempts=2))
    stop.set()
    thread.join()
    assert [path.name for path in summary.failed] == ["0.mp4"] and len(summary.made) == 5
    assert fake.rendered[poison] == 0


def test_a_server_that_starts_slowly_costs_no_job_an_attempt(fakes, manifest):
    fake = fakes()
    fake.kill()
    threading.Timer(1.5, fake.start).start()
    assert len(run_batch(manifest, [fake.url], Options(timeout=5, patience=20, attempts=1)).made) == 6


def test_a_clip_that_one_server_finds_too_large_goes_to_one_that_takes_it(fakes, manifest):
    small, large = fakes(), fakes()

    async def too_large(request):
        if request.path == "/upload/image":
            await request.read()
            return web.Response(status=413)
        return None

    small.fault = too_large
    failed = run_batch(manifest, [small.url], QUICK).failed
    assert len(failed) == 6 and all(
        "a.mp4: 0 MB, more than" in said and "--max-upload-size" in said for said in failed.values()
    )
    assert len(run_batch(manifest, [small.url, large.url], QUICK).made) == 6 and not small.rendered


def test_a_job_that_one_server_cannot_run_goes_to_one_that_can(fakes, manifest):
    poor, rich = fakes(), fakes(0.1)
    poor.refused = {"error": {"type": "x", "message": "no such model"}, "node_errors": {}}
    assert len(run_batch(manifest, [poor.url, rich.url], QUICK).made) == 6 and not poor.rendered
    written(manifest, 6, steps="2")
    rich.kill()
    with pytest.raises(ServerUnreachable, match=str(rich.port)):
        run_batch(manifest, [poor.url, rich.url], Options(patience=0.5, rename=True))
    written(manifest, 6, steps="3")
    summary = run_batch(manifest, [poor.url], Options(rename=True))
    assert len(summary.failed) == 6 and "no such model" in next(iter(summary.failed.values()))


@pytest.mark.parametrize(
    ("happens", "said"),
    [(Path.unlink, "no file"), (lambda path: path.write_bytes(b"changed"), "changed after")],
    ids=["gone", "changed"],
)
def test_a_clip_that_goes_away_or_changes_meanwhile_fails_its_job_and_no_other(fake, manifest, clip, happens, said):
    (other := clip.with_name("b.mp4")).write_bytes(b"another")
    manifest.write_text(manifest.read_text() + "recapture,b.mp4,9,r/9.mp4\n")
    summary = run_batch(manifest, [fake.url], QUICK, lambda summary, _count: happens(other) if len(summary.made) == 1 else None)
    assert [path.name for path in summary.failed] == ["9.mp4"] and len(summary.made) == 6
    assert said in next(iter(summary.failed.values()))


def test_no_file_is_overwritten(fake, manifest):
    there = manifest.parent / "r" / "3.mp4"
    there.parent.mkdir()
    there.write_text("mine")
    with pytest.raises(ResultExists, match=r"3\.mp4.*did not make it"):
        run_batch(manifest, [fake.url], QUICK)
    assert not fake.rendered, "nothing is sent"
    summary = run_batch(manifest, [fake.url], Options(rename=True))
    assert there.read_text() == "mine" and there.with_name("3-2.mp4") in summary.made
    assert len(run_batch(manifest, [fake.url], Options(rename=True)).kept) == 6
    there.unlink()
    written(manifest, 6, steps="4")
    with pytest.raises(ResultExists, match="the job that this row was before"):
        run_batch(manifest, [fake.url], QUICK)


def test_two_batches_on_one_manifest_at_once_are_refused(fake, manifest):
    with locked(manifest), pytest.raises(BatchLocked, match="another batch"):
        run_batch(manifest, [fake.url], QUICK)
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 6


def test_without_any_server_the_batch_stops_and_says_which(manifest, fakes):
    gone = fakes()
    gone.kill()
    with pytest.raises(ServerUnreachable, match=str(gone.port)):
        run_batch(manifest, [gone.url], Options(patience=0.5))
    gone.start()
    assert len(run_batch(manifest, [gone.url], QUICK).made) == 6


def test_a_full_disk_stops_the_batch_which_goes_on_later(fake, manifest, monkeypatch):
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched.setattr(files.os, "link", full)
        patched.setattr(files.shutil, "copyfileobj", full)
        with pytest.raises(WriteFailed, match=r"disk is full\. Free some space"):
            run_batch(manifest, [fake.url], QUICK)
    assert not list((manifest.parent / "r").iterdir())
    assert len(run_batch(manifest, [fake.url], QUICK).made) == 6
    assert max(fake.rendered.values()) == 1


def test_a_job_given_to_another_server_is_withdrawn_even_where_the_first_stays_away_for_long(monkeypatch, tmp_path):
    monkeypatch.setattr(schedule, "REST_SECONDS", (0.0,))
    monkeypatch.setattr(schedule, "TICK_SECONDS", 0.01)
    far: list[tuple[str, tuple[str, ...]]] = []

    class Engine:
        def deliver(self, server, row, part, withdrawn):
            future: Future[str] = Future()
            if server == "far":
                far.append((row.job_id, withdrawn))
            if server == "far" and len(far) < 3:
                future.set_exception(ServerUnreachable("far", "no answer", "Wait."))
            else:
                future.set_result("digest")
            return future

    tasks = [Task(Row(1, tmp_path, job_id, "recapture", {}, {}, "1"), tmp_path) for job_id in "abcdef"]
    ended = [digest for _, digest, _ in schedule.Schedule(Engine(), ["near", "far"], 1, 600, 5).run(tasks) if digest]
    assert len(ended) == len(tasks)
    (first, _), (second, _), (third, withdrawn) = far[:3]
    assert set(withdrawn) == {first, second} - {third}


def test_a_record_that_is_cut_off_is_named(fake, manifest):
    run_batch(manifest, [fake.url], QUICK)
    record = manifest.with_name("jobs.csv.state.json")
    record.write_text(record.read_text()[:100])
    with pytest.raises(InvalidManifest, match=r"jobs\.csv\.state\.json: not a record"):
        run_batch(manifest, [fake.url], QUICK)
