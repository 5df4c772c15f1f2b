"""A client for scripts: run a shipped workflow by name on one ComfyUI server or on many, from Python or from a shell.

    from inversecrafter_client import Client, Workflow

    workflow = Workflow.named("recapture").set("video", "a.mp4").set("path", "arc_left")
    with Client("http://127.0.0.1:8188") as client:
        job = client.run(workflow)
        job.get_outputs(workflow.result_node())[0].to_file("b.mp4")

Verbs and events have the names and the semantics of the official ``comfy-sdk`` (submit, run, wait, result, events, cancel,
JobFailed; polling decides, the socket only tells). This package does not depend on it: it speaks Comfy API v2, which a server
of one's own has only behind ``comfy-api-proxy``, a second service to install and keep running; and it rejects a job that is
sent twice, where a batch must find the one that it has sent. This client speaks the API that every ComfyUI since 0.3.75 has,
and needs nothing that such a machine lacks: aiohttp, and tqdm for the progress bar.
"""

from .client import Client
from .errors import (
    BatchLocked,
    ClientError,
    InvalidManifest,
    InvalidOverride,
    InvalidWorkflow,
    JobCanceled,
    JobFailed,
    JobLost,
    MissingPackage,
    OutputMissing,
    ResultExists,
    ServerError,
    ServerUnreachable,
    UnknownOverride,
    UnknownWorkflow,
    WriteFailed,
)
from .events import Event, OutputReady, Progress, StatusChange
from .jobs import Job, Output
from .workflows import Workflow

__all__ = [
    "BatchLocked",
    "Client",
    "ClientError",
    "Event",
    "InvalidManifest",
    "InvalidOverride",
    "InvalidWorkflow",
    "Job",
    "JobCanceled",
    "JobFailed",
    "JobLost",
    "MissingPackage",
    "Output",
    "OutputMissing",
    "OutputReady",
    "Progress",
    "ResultExists",
    "ServerError",
    "ServerUnreachable",
    "StatusChange",
    "UnknownOverride",
    "UnknownWorkflow",
    "Workflow",
    "WriteFailed",
]
