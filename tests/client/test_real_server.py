"""A real server: a table of small jobs whose results are there once, one of them cancelled on the way, and a model it lacks."""

from __future__ import annotations

import csv

import pytest
from clips import moving_pattern, read_clip, write_clip

from inversecrafter_client import Client, InvalidWorkflow, JobCanceled, Workflow
from inversecrafter_client.batch import run_batch

FRAMES, HEIGHT, WIDTH = 5, 64, 96


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "a.mp4", moving_pattern(FRAMES, HEIGHT, WIDTH))


@pytest.mark.slow
def test_a_table_of_jobs_runs_on_a_real_server_and_its_jobs_are_found_again(host, clip):
    manifest = clip.parent / "jobs.csv"
    with manifest.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["workflow", "video", "path", "frames", "size", "steps", "seed", "out"])
        table.writerows(
            ["recapture", "a.mp4", path, FRAMES, f"{WIDTH}x{HEIGHT}", 2, 0, f"{path}.mp4"] for path in ("arc_left", "tilt")
        )
    assert len(run_batch(manifest, [host.url]).made) == 2
    assert read_clip(clip.parent / "tilt.mp4").shape == (FRAMES, HEIGHT, WIDTH, 3)
    before = len(list((host.base / "output").rglob("*.mp4")))
    (clip.parent / "tilt.mp4").unlink()
    assert len(run_batch(manifest, [host.url]).made) == 1
    assert len(list((host.base / "output").rglob("*.mp4"))) == before, "it was fetched, not made"


@pytest.mark.slow
def test_a_real_server_cancels_and_says_which_model_it_lacks(host, clip):
    workflow = Workflow.named("recapture").set("video", clip).set("frames", FRAMES).set("size", f"{WIDTH}x{HEIGHT}")
    with Client(host.url) as client:
        running = client.submit(workflow.set("steps", 5000))
        with Client(host.url) as another, pytest.raises(JobCanceled):
            waiting = client.submit(workflow)
            another.cancel(waiting.id)
            waiting.result(60)
        with pytest.raises(JobCanceled):
            running.cancel().result(60)
        with pytest.raises(InvalidWorkflow, match=r"Load Diffusion Model .* no 'wan\.safetensors'; it has .*small_wan"):
            client.submit(workflow.set("model", "wan.safetensors"))
        assert not client.list_jobs()


@pytest.mark.slow
def test_a_real_server_keeps_one_of_two_equal_jobs_that_were_sent_at_once(host, clip, monkeypatch):
    workflow = Workflow.named("recapture").set("video", clip).set("frames", FRAMES).set("size", f"{WIDTH}x{HEIGHT}")
    monkeypatch.setattr(Client, "_known", lambda _client, _job: False)  # each has looked before the other sent it
    with Client(host.url) as client, Client(host.url) as another:
        first, second = (one.submit(workflow.set("steps", 4000), once=True) for one in (client, another))
        assert first.id == second.id and [job.id for job in client.list_jobs()] == [first.id]
        queue = client.transport.get("/queue")
        assert [item[1] for item in queue["queue_running"] + queue["queue_pending"]] == [first.id]
        with pytest.raises(JobCanceled):
            first.cancel().result(60)
        assert not client.list_jobs()
