"""Small jobs and the servers that run them: the shipped workflow *recapture* on a clip of five frames, two steps each."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from inversecrafter_client import Client, Workflow
from inversecrafter_client.batch import Row
from lab.data.sheet import write_video
from lab.host.server import Host, running_host

FRAMES, SIDE, STEPS = 5, 64, 2


def write_clip(path: Path, seed: int) -> Path:
    """Write a clip ``[FRAMES, SIDE, SIDE, 3]`` of smooth noise that drifts."""
    noise = np.random.default_rng(seed).normal(size=(8, 8, 3)).repeat(SIDE // 8, 0).repeat(SIDE // 8, 1)
    drifting = np.stack([np.roll(noise, 2 * shift, 1) for shift in range(FRAMES)])
    write_video(path, (drifting * 50 + 128).clip(0, 255).astype(np.uint8), 16)
    return path


def lossless() -> Workflow:
    """Return recapture without previews and metrics, its result a lossless WebP: H.264 is not the same from run to run."""
    made = Workflow.named("recapture")
    made = made.only(made.result_node())
    node = made.result_node()
    frames = made.json[made.json[node]["inputs"]["video"][0]]["inputs"]["images"]
    inputs = {"images": frames, "filename_prefix": "small", "fps": 16.0, "lossless": True, "quality": 80, "method": "default"}
    made.json[node] = {"class_type": "SaveAnimatedWEBP", "inputs": inputs}
    return made.only(node)


def workflow(clip: Path, seed: int, amount: float = 1.0) -> Workflow:
    """Return a small job."""
    made = lossless().set("video", clip).set("seed", seed).set("amount", amount).set("frames", FRAMES)
    return made.set("size", f"{SIDE}x{SIDE}").set("steps", STEPS)


def write_manifest(folder: Path, jobs: int, clip: Path) -> Path:
    """Write a table of jobs on a clip, different in seed and path, and the workflow that they name; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    small = lossless()
    (folder / "small.json").write_text(json.dumps(small.json), encoding="utf-8")
    targets: dict[str, Any] = {
        name: {"targets": [f"{node}.{key}" for node, key in one.targets]} for name, one in small.inputs.items()
    }
    targets["video"]["upload"] = True
    named = {"inputs": targets, "results": small.results}
    (folder / "small.inputs.json").write_text(json.dumps(named), encoding="utf-8")
    path = folder / "jobs.csv"
    with path.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["workflow", "video", "seed", "amount", "frames", "size", "steps", "out"])
        for number in range(jobs):
            row = ["small.json", clip.resolve(), number, round(0.5 + number / jobs, 3), FRAMES, f"{SIDE}x{SIDE}", STEPS]
            table.writerow([*row, f"results/{number:03}.webp"])
    return path


def digests(manifest: Path) -> dict[str, str]:
    """Return the SHA-256 of every file among a batch's results, parts that were left behind too."""
    found = sorted((manifest.parent / "results").iterdir())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def times(client: Client, rows: list[Row]) -> list[tuple[float, float]]:
    """Return beginning and end of each of those jobs that a server made, in seconds of its own clock, in their order."""
    found = []
    for row in rows:
        stamps = [data["timestamp"] / 1000 for _, data in client.history(row.job_id).get("status", {}).get("messages", [])]
        found += [(min(stamps), max(stamps))] if stamps else []
    return sorted(found)


def server(folder: Path, port: int | None = None) -> AbstractContextManager[Host]:
    """Start a server on one thread, with its data and its temporary files in a folder of its own.

    It writes no metadata into files: the host puts the times of its inputs there.
    """
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    alone = {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return running_host(port, ("--disable-metadata",), base=folder / "base", environment=alone)


def warm(host: Host, folder: Path) -> None:
    """Run one job, so that models are loaded."""
    host.run(workflow(write_clip(folder / "warm.mp4", 999), 0))


def kill(host: Host) -> None:
    """End a server at once, with what it started."""
    os.killpg(host.pid, signal.SIGKILL)
