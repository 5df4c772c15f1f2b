"""A connection to one server: ``submit``, ``run``, ``job``, ``cancel``, ``upload``, and a few facts."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import ClientError, InvalidWorkflow, JobLost, ServerError
from .events import CANCELED, FAILED, QUEUED, RUNNING
from .files import content_name
from .jobs import Job, cancellation
from .listener import Listener
from .refusals import refusal
from .transport import Transport
from .workflows import UPLOADS, Graph, Workflow

TOO_LARGE = 413
"""HTTP status of a file that is larger than the server takes: 100 MB unless ComfyUI is told otherwise."""
CANCEL_PAUSES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.85)
LOCAL = "http://127.0.0.1:8188"


class Client:
    """One server. Use it in a ``with`` block, or ``close`` it; its methods may be called from several threads.

    Args:
        url: address of the server.
        timeout: seconds without a byte after which a call raises ServerUnreachable.
        patience: seconds that waiting for a job puts up with a server that does not answer.
    """

    def __init__(self, url: str = LOCAL, timeout: float = 60, patience: float = 30):
        self.url, self.patience, self.client_id = url.rstrip("/"), patience, uuid.uuid4().hex
        self.transport = Transport(self.url, timeout)
        self.listener = Listener(self.transport, self.client_id)
        self.canceled: set[str] = set()
        self._uploading = threading.Lock()

    def close(self) -> None:
        """Close the connection; jobs go on."""
        self.transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None) -> None:
        self.close()

    # jobs

    def submit(self, workflow: Workflow | Graph, once: bool = False) -> Job:
        """Upload the workflow's files and queue it; return at once.

        Args:
            once: name the job after its content, and queue it only if the server does not have it: the job may be waiting,
                running or done already. One that failed or was cancelled is queued again. Of a file in the server's own input
                folder its name counts, not its content.

        Raises:
            InvalidWorkflow: the server refuses it, naming nodes and inputs.
            InvalidOverride: a file that the workflow needs was not given, or is not there.
            JobCanceled: it was cancelled meanwhile.
            ServerUnreachable, ServerError.
        """
        workflow = workflow if isinstance(workflow, Workflow) else Workflow.from_json(workflow)
        workflow.require_files()
        titles = {key: node.get("_meta", {}).get("title") or node["class_type"] for key, node in workflow.json.items()}
        job = Job(self, workflow.content_id() if once else str(uuid.uuid4()), titles)
        self.canceled.discard(job.id)
        if once and self._known(job):
            return job
        for name, path in workflow.files().items():
            self._upload(path, name.removeprefix(f"{UPLOADS}/"))
        self.listener.start()
        if job.id not in self.canceled:
            job.queued_on = self.listener.connection
            self._queue(workflow, job.id, once)
        if job.id in self.canceled:  # while it was uploaded or sent
            self.cancel(job.id)
            raise cancellation(job.id)
        return job

    def run(self, workflow: Workflow | Graph, once: bool = False, timeout: float | None = None) -> Job:
        """Submit and wait; return the job that succeeded. Raises JobFailed with the node's own message."""
        return self.submit(workflow, once).result(timeout)

    def job(self, job_id: str) -> Job:
        """Return the job with this id. Raises JobLost when the server does not know it."""
        return Job(self, job_id).refresh()

    def list_jobs(self) -> list[Job]:
        """Return the jobs that run and wait, in their order."""
        return [self.job_at(job_id, place) for job_id, place in self._places().items()]

    def job_at(self, job_id: str, place: int) -> Job:
        """Return a job of the queue; a negative place is the running one's."""
        job = Job(self, job_id)
        job.status, job.queue_position = (RUNNING, None) if place < 0 else (QUEUED, place)
        return job

    def cancel(self, job_id: str) -> None:
        """Take a job out of the queue, or stop it; one that has ended stays as it is.

        Returns when it is gone, at the latest after two seconds: a node that looks for cancels seldom ends later.
        """
        self.canceled.add(job_id)
        for pause in CANCEL_PAUSES:
            # Again, for a job that was just being taken from the queue would forget the first request when it starts.
            self.transport.post("/queue", {"delete": [job_id]})
            self.transport.post("/interrupt", {"prompt_id": job_id})
            if self.place(job_id) is None:
                return
            time.sleep(pause)

    def place(self, job_id: str) -> int | None:
        """Return a job's place in the queue from 0, -1 where it runs, None where it is not there."""
        return self._places().get(job_id)

    def history(self, job_id: str) -> dict[str, Any]:
        """Return the server's record of a job that has ended, empty where there is none."""
        entry: dict[str, Any] = self._record(f"/history/{job_id}", "history").get(job_id, {})
        return entry

    def forget(self, job_id: str) -> None:
        """Drop the server's record of a job that has ended."""
        self.transport.post("/history", {"delete": [job_id]})

    def renew(self, job_id: str) -> None:
        """Let a job that has ended run anew when it is sent again: drop its record, and the outputs that are cached of it."""
        self.free()
        self.forget(job_id)

    # files and facts

    def upload(self, path: Path | str) -> str:
        """Copy a video or picture into the server's input folder, under a name made of its content; return that name."""
        return self._upload(Path(path), content_name(Path(path)))

    def object_info(self, node: str | None = None) -> dict[str, Any]:
        """Return the server's description of its nodes, or of one."""
        found: dict[str, Any] = self.transport.get("/object_info" + (f"/{node}" if node else ""))
        return found

    def free(self) -> None:
        """Drop the server's cached node outputs and loaded models, so that the next job runs every node."""
        self.transport.post("/free", {"unload_models": True, "free_memory": True})

    def _known(self, job: Job) -> bool:
        """Return whether the server has a job that is not to be sent again."""
        try:
            job.refresh()
        except JobLost:
            return False
        if job.status in (FAILED, CANCELED):
            self.forget(job.id)
            return False
        return True

    def _queue(self, workflow: Workflow, job_id: str, once: bool) -> None:
        body = {"prompt": _with_own_names(workflow.prompt(), job_id), "prompt_id": job_id, "client_id": self.client_id}
        status, answer = self.transport.post_checked("/prompt", body)
        if not isinstance(answer, dict):
            raise ServerError(self.url, "/prompt answers with no JSON object", "Is the address that of a ComfyUI?", status)
        if status != 200 or answer.get("node_errors"):
            # The server drops faulty outputs and runs the others: a script wants the fault, not a part of the answer.
            if status == 200:
                with contextlib.suppress(ClientError):
                    self.cancel(job_id)
            raise refusal(self.url, workflow, answer)
        if once:
            self._withdraw_double(job_id, answer.get("number", 0))

    def _withdraw_double(self, job_id: str, number: float) -> None:
        """Take one of two equal jobs out of the queue, where another process sent it in the same instant and before."""
        queue = self._record("/queue", "queue", "queue_running", "queue_pending")
        sent = [item[0] for item in queue["queue_running"] + queue["queue_pending"] if item[1] == job_id]
        if sent and min(sent) < number:
            self.transport.post("/queue", {"delete": [job_id]})  # which takes out one at most, of those that wait

    def _upload(self, path: Path, name: str) -> str:
        with self._uploading:  # a second upload of a file would empty it under a job that reads it
            there = self.transport.size("/view", filename=name, subfolder=UPLOADS, type="input")
            if there != path.stat().st_size:  # absent, or cut off when the server ended in the middle of it
                self._send_file(path, name)
        return f"{UPLOADS}/{name}"

    def _send_file(self, path: Path, name: str) -> None:
        try:
            self.transport.post_form("/upload/image", (path, name), subfolder=UPLOADS, type="input", overwrite="true")
        except ServerError as problem:
            if problem.status != TOO_LARGE:
                raise
            found = f"{path.stat().st_size / 2**20:.0f} MB, more than {self.url} takes at once"
            advice = "Start ComfyUI with a larger --max-upload-size, or copy it into its input folder and give server:NAME."
            raise InvalidWorkflow(str(path), found, advice) from None

    def _record(self, path: str, kind: str, *keys: str) -> dict[str, Any]:
        """Return the server's answer, an object with these keys; ServerError where it is none."""
        found = self.transport.get(path)
        if not isinstance(found, dict) or not set(keys) <= set(found):
            raise ServerError(self.url, f"/{kind} answers with no {kind}", "Is the address that of a ComfyUI?")
        return found

    def _places(self) -> dict[str, int]:
        queue = self._record("/queue", "queue", "queue_running", "queue_pending")
        waiting = sorted(queue["queue_pending"], key=lambda item: item[0])
        return {item[1]: -1 for item in queue["queue_running"]} | {item[1]: place for place, item in enumerate(waiting)}


def _with_own_names(prompt: Graph, job_id: str) -> Graph:
    """Put the job's id into the names of saved files: servers that share an output folder might number two alike."""
    for node in prompt.values():
        prefix = node["inputs"].get("filename_prefix")
        if isinstance(prefix, str):
            node["inputs"]["filename_prefix"] = f"{prefix}_{job_id[:13]}"
    return prompt
