"""Small jobs and the servers that run them: the shipped workflow *recapture* on a clip of five frames, two steps each."""

from __future__ import annotations

import csv
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

from inversecrafter_client import Client, Workflow
from inversecrafter_client.batch import Row, read_manifest
from lab.host.server import Host, running_host

FRAMES, SIDE, STEPS = 5, 64, 2


def write_clip(path: Path, seed: int) -> Path:
    """Write a clip ``[FRAMES, SIDE, SIDE, 3]`` of smooth noise that drifts."""
    noise = np.random.default_rng(seed).normal(size=(8, 8, 3)).repeat(SIDE // 8, 0).repeat(SIDE // 8, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=16, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for shift in range(FRAMES):
            picture = (np.roll(noise, 2 * shift, 1) * 50 + 128).clip(0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return path


def workflow(clip: Path, seed: int, amount: float = 1.0) -> Workflow:
    """Return a small job: recapture without previews and metrics."""
    made = Workflow.named("recapture").set("video", clip).set("seed", seed).set("amount", amount).set("frames", FRAMES)
    made.set("size", f"{SIDE}x{SIDE}").set("steps", STEPS)
    return made.only(made.result_node())


def write_manifest(folder: Path, jobs: int, seed: int) -> Path:
    """Write a clip and a table of jobs that differ in seed and path; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    write_clip(folder / "clip.mp4", seed)
    path = folder / "jobs.csv"
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["workflow", "video", "seed", "amount", "frames", "size", "steps", "out"])
        for number in range(jobs):
            row = ["recapture", "clip.mp4", number, round(0.5 + number / jobs, 3), FRAMES, f"{SIDE}x{SIDE}", STEPS]
            table.writerow([*row, f"results/{number:03}.mp4"])
    return path


def digests(manifest: Path) -> dict[str, str]:
    """Return the SHA-256 of every file among a batch's results, parts that were left behind too."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((manifest.parent / "results").iterdir())
    }


def rendering_seconds(url: str, rows: list[Row]) -> list[float]:
    """Return the seconds that a server spent on each of those jobs that it made, by its own clock."""
    spent = []
    with Client(url) as client:
        for row in rows:
            stamps = [data["timestamp"] for _, data in client.history(row.job_id).get("status", {}).get("messages", [])]
            spent += [(max(stamps) - min(stamps)) / 1000] if stamps else []
    return spent


def rows_of(manifest: Path) -> list[Row]:
    """Return a manifest's jobs."""
    return read_manifest(manifest)


@contextmanager
def server(folder: Path, port: int | None = None) -> Iterator[Host]:
    """Start a server on one thread with its data, and its temporary files, in a folder of its own; warm it up with one job."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in ("TMPDIR", "OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    os.environ |= {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        with running_host(port=port, base=folder / "base") as host:
            yield host
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
        tempfile.tempdir = None


def warm(url: str, folder: Path) -> None:
    """Run one job, so that models are loaded."""
    with Client(url) as client:
        client.run(workflow(write_clip(folder / "warm.mp4", 999), 0))
