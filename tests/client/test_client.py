"""A client and one server: jobs from submission to file, what it shows meanwhile, and every way in which a server can fail."""

from __future__ import annotations

import asyncio
import errno
import pickle
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from aiohttp import web

from inversecrafter_client import (
    Client,
    InvalidWorkflow,
    JobCanceled,
    JobFailed,
    JobLost,
    OutputMissing,
    OutputReady,
    Progress,
    ResultExists,
    ServerError,
    ServerUnreachable,
    StatusChange,
    Workflow,
    WriteFailed,
    errors,
    files,
)

ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ClientError)]


@pytest.fixture
def client(fake):
    with Client(fake.url, timeout=5, patience=5) as client:
        yield client


@pytest.fixture
def workflow(clip):
    return Workflow.named("recapture").set("video", clip)


def output(job, workflow):
    return job.get_outputs(workflow.result_node())[0]


def test_a_workflow_runs_and_its_result_is_saved(client, workflow, fake, clip, tmp_path):
    job = client.run(workflow)
    assert job.status == "succeeded" and fake.rendered == {job.id: 1}
    saved = output(job, workflow).to_file(tmp_path / "new" / "b.mp4")
    assert saved.read_bytes() == output(job, workflow).to_bytes() != b""
    (name,) = workflow.files()
    assert fake.files["input", name.partition("/")[2]] == clip.read_bytes()


def test_events_tell_of_every_step_and_end_with_the_last_status(client, workflow):
    events = list(client.submit(workflow).events())
    steps = [event for event in events if isinstance(event, Progress) and event.steps == 2]
    assert {event.message for event in steps} >= {"Load Video", "Run Guided KSampler"}
    assert [event.value for event in steps] == sorted(event.value for event in steps) and steps[-1].nodes_total == len(
        workflow.json
    )
    statuses = [event.status for event in events if isinstance(event, StatusChange)]
    assert statuses[-1] == "succeeded" and events[-1] == StatusChange("succeeded")
    assert not [event for event in events if isinstance(event, OutputReady)]


def test_a_file_is_uploaded_once_and_again_where_it_was_cut_off(client, workflow, fake):
    client.run(workflow)
    client.run(workflow)
    assert fake.uploads == 1
    (key,) = [key for key in fake.files if key[0] == "input"]
    fake.files[key] = b"a c"
    client.run(workflow)
    assert fake.uploads == 2 and fake.files[key] == b"a clip"


def test_a_job_of_the_same_content_is_made_once(client, workflow, fake):
    first, second = client.submit(workflow, once=True), client.submit(workflow, once=True)
    assert first.id == second.id == workflow.content_id()
    first.result(), second.result()
    assert client.run(workflow, once=True).id == first.id and fake.rendered == {first.id: 1}
    assert client.run(workflow).id != first.id


def test_a_job_that_several_processes_send_in_the_same_instant_is_made_once(workflow, fake):
    asked = threading.Barrier(3)

    async def together(request):
        if request.path == "/prompt":  # all have looked for it before, and none found it
            await asyncio.to_thread(asked.wait, 10)

    fake.fault, fake.seconds = together, 1
    with ThreadPoolExecutor() as pool, ExitStack() as closing:
        clients = [closing.enter_context(Client(fake.url, timeout=5, patience=5)) for _ in range(3)]
        for job in [pool.submit(one.run, workflow, once=True) for one in clients]:
            assert job.result(30).status == "succeeded"
        time.sleep(0.2)
        assert not clients[0].list_jobs() and fake.rendered == {workflow.content_id(): 1}


def test_files_on_the_server_bear_the_jobs_name(client, workflow, fake):
    fake.seconds = 6
    job = client.submit(workflow, once=True)
    while fake.running is None:
        time.sleep(0.01)
    prefix = fake.running[1][workflow.result_node()]["inputs"]["filename_prefix"]
    assert prefix == f"video/InverseCrafter_recapture_{job.id[:13]}" and job.id == workflow.content_id()
    job.cancel()


def test_a_failed_job_names_node_and_message_and_may_be_sent_again(client, workflow, fake):
    fake.failing = "2"
    with pytest.raises(JobFailed, match="no such frame") as failure:
        client.run(workflow, once=True)
    assert (failure.value.node_id, failure.value.node_type, failure.value.kind) == (
        "2",
        "InverseCrafterPrepareFootage",
        "ValueError",
    )
    fake.failing = None
    assert client.run(workflow, once=True).status == "succeeded"


def test_a_running_job_and_a_waiting_one_are_cancelled(client, workflow, fake):
    fake.seconds = 6
    running, waiting = client.submit(workflow), client.submit(workflow)
    while client.place(running.id) != -1:
        time.sleep(0.01)
    assert [job.status for job in client.list_jobs()] == ["running", "queued"]
    fake.seconds = 0.02
    for job in (waiting, running):
        with pytest.raises(JobCanceled):
            job.cancel().result(10)
        assert job.status == "canceled" and job.error
    assert not client.list_jobs() and client.run(workflow).status == "succeeded"


def test_a_waiting_job_that_is_taken_out_of_the_queue_elsewhere_counts_as_cancelled(client, workflow, fake):
    fake.seconds = 60
    running, waiting = client.submit(workflow), client.submit(workflow)
    while client.place(running.id) != -1:
        time.sleep(0.01)
    fake.pending.clear()
    with pytest.raises(JobCanceled, match="cancelled"):
        waiting.result(60)
    assert waiting.status == "canceled"
    with pytest.raises(JobLost):
        client.job(waiting.id)


def test_a_job_that_is_cancelled_while_its_clip_is_uploaded_is_not_queued(client, workflow, fake):
    uploading, cancelled = threading.Event(), threading.Event()

    async def slow(request):
        if request.path == "/upload/image":
            uploading.set()
            await asyncio.to_thread(cancelled.wait, 10)

    fake.fault = slow
    with ThreadPoolExecutor() as pool:
        sent = pool.submit(client.submit, workflow, once=True)
        assert uploading.wait(10)
        client.cancel(workflow.content_id())
        cancelled.set()
        with pytest.raises(JobCanceled):
            sent.result(10)
    assert not client.list_jobs() and not fake.rendered
    assert client.run(workflow, once=True).status == "succeeded", "sent again it runs"


def test_waiting_ends_where_there_is_no_socket(client, workflow, fake):
    async def no_socket(request):
        return web.Response(status=403) if request.path == "/ws" else None

    fake.fault = no_socket
    assert client.run(workflow).status == "succeeded" and not client.listener.connected


def test_waiting_goes_on_when_the_socket_drops(client, workflow, fake):
    fake.seconds = 1
    job = client.submit(workflow)
    dropping = threading.Timer(0.2, fake.drop_sockets)
    dropping.start()
    events = list(job.events(20))
    assert events[-1] == StatusChange("succeeded") and fake.rendered == {job.id: 1}
    assert client.listener.connected


def test_a_restart_loses_a_job_and_a_server_that_comes_back_is_waited_for(client, workflow, fake):
    fake.seconds = 60
    job = client.submit(workflow)
    fake.kill()
    threading.Timer(0.5, fake.start).start()
    with pytest.raises(JobLost, match=r"restarted"):
        job.result(20)
    assert not fake.rendered


def test_a_wait_has_an_end(client, workflow, fake):
    fake.seconds = 60
    with pytest.raises(TimeoutError, match=r"running|queued"):
        client.submit(workflow).wait(0.3)


def test_a_server_that_is_not_there_answers_slowly_or_is_none_at_all(client, workflow, fake):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with (
            Client(f"http://127.0.0.1:{closed.getsockname()[1]}") as nobody,
            pytest.raises(ServerUnreachable, match="no answer"),
        ):
            nobody.submit(workflow)
    with Client("htp//nonsense") as nonsense, pytest.raises(ServerUnreachable, match="address"):
        nonsense.list_jobs()

    async def sleepy(_request):
        await asyncio.sleep(5)

    async def page(_request):
        return web.Response(text="<html>", content_type="text/html")

    async def other(_request):
        return web.json_response({"jobs": []})

    async def listed(_request):
        return web.json_response([])

    async def broken(_request):
        return web.Response(status=500, text="out of cheese")

    for fault, kind, said in (
        (sleepy, ServerUnreachable, "within 0.2 s"),
        (page, ServerError, "no JSON"),
        (other, ServerError, "no queue"),
        (listed, ServerError, "no history"),
        (broken, ServerError, "cheese"),
    ):
        fake.fault = fault
        with Client(fake.url, timeout=0.2) as client, pytest.raises(kind, match=said):
            client.submit(workflow, once=True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"SSH-2.0-OpenSSH\r\n", "no HTTP"), (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xfe{", "no JSON")],
    ids=["another service", "no text"],
)
def test_a_port_that_something_else_listens_on_is_named(answer, said):
    with socket.create_server(("127.0.0.1", 0)) as other, ThreadPoolExecutor() as pool:

        def reply() -> None:
            connection, _ = other.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        answered = pool.submit(reply)
        with Client(f"http://127.0.0.1:{other.getsockname()[1]}") as client, pytest.raises(ServerError, match=said):
            client.list_jobs()
        answered.result(10)


def test_a_refused_workflow_names_what_the_server_lacks(client, workflow, fake):
    missing = {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": "",
        "extra_info": {"input_name": "unet_name", "input_config": [["a.safetensors"], {}], "received_value": "wan.safetensors"},
    }
    fake.refused = {"error": {"type": "x"}, "node_errors": {"3": {"errors": [missing], "class_type": "UNETLoader"}}}
    with pytest.raises(
        InvalidWorkflow, match=r"Load Diffusion Model \(node 3\), unet_name: .* no 'wan.*a\.safetensors.*models"
    ):
        client.submit(workflow)
    error = {"type": "invalid_prompt", "message": "Cannot execute because node InverseCrafterX does not exist.", "details": ""}
    fake.refused = {"error": error, "node_errors": {}}
    with pytest.raises(InvalidWorkflow, match=r"InverseCrafterX.*Install"):
        client.submit(workflow)
    assert not client.list_jobs()


def test_nothing_is_overwritten(client, workflow, tmp_path):
    there = tmp_path / "b.mp4"
    there.write_text("mine")
    result = output(client.run(workflow), workflow)
    with pytest.raises(ResultExists, match=r"b\.mp4"):
        result.to_file(there)
    assert result.to_file(there, rename=True).name == "b-2.mp4" and result.to_file(there, rename=True).name == "b-3.mp4"
    assert there.read_text() == "mine" and not list(tmp_path.glob(".*"))


def test_a_result_that_the_server_removed_is_named(client, workflow, fake, tmp_path):
    result = output(client.run(workflow), workflow)
    fake.files.clear()
    with pytest.raises(OutputMissing, match="no longer"):
        result.to_file(tmp_path / "b.mp4")
    assert not list(tmp_path.glob("*b.mp4*"))


def test_a_full_disk_is_named_and_leaves_nothing_half_written(client, workflow, tmp_path, monkeypatch):
    result = output(client.run(workflow), workflow)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(result), "to_stream", full)
    with pytest.raises(WriteFailed, match="disk is full"):
        result.to_file(tmp_path / "b.mp4")
    monkeypatch.setattr(files.os, "fsync", full)
    record = tmp_path / "state.json"
    record.write_text("old")
    with pytest.raises(WriteFailed, match="disk is full"):
        files.write_atomically(record, "new")
    assert record.read_text() == "old" and sorted(tmp_path.iterdir()) == sorted([tmp_path / "a.mp4", record])


def test_a_file_system_without_links_gets_an_exclusive_copy(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(files.os, "link", no_links)
    part, target = tmp_path / "part", tmp_path / "b.mp4"
    part.write_text("x")
    files.publish(part, target)
    assert target.read_text() == "x" and not part.exists()
    part.write_text("y")
    with pytest.raises(ResultExists):
        files.publish(part, target)
    assert target.read_text() == "x"


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_errors_travel_between_processes(kind):
    problem = kind("name", "found", "Do it.")
    again = pickle.loads(pickle.dumps(problem))
    assert type(again) is kind and str(again) == str(problem) and vars(again) == vars(problem)


def test_a_closed_client_says_so(fake):
    client = Client(fake.url)
    client.close()
    client.close()
    with pytest.raises(ServerUnreachable, match="closed"):
        client.list_jobs()
