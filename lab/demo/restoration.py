"""Restoration: the shipped workflow on a clip at a quarter of its size, its parts saved, its figures in ``report.json``."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np

from lab.data import sheet
from lab.host import graph
from lab.host.server import Host

from . import clips, runs
from .runs import Options


def run(client: Host, options: Options) -> dict[str, Any]:
    """Run the workflow; write the clip before and after restoration as an animation, and return the report."""
    clip, origin = clips.choose(options.video, options.out, options.frames)
    prompt = runs.prepared(client, options, "restoration", video=clip)
    restore, metrics = (graph.find(prompt, f"InverseCrafter{name}") for name in ("RestoreVideo", "Metrics"))
    made = runs.run(client, prompt, "restoration", stages(prompt), {"restored": [restore, 1], "metrics": [metrics, 1]})
    shown = {**made.clips, "degraded": enlarged(made.clips["degraded"], options.size)}
    runs.keep_videos(options.out, "restored", made.videos)
    runs.save_card(options.out, "restoration", shown, ("source", "degraded"), "restored")
    sheet.animation(options.out / "restoration.webp", {name: shown[name] for name in ("degraded", "restored")})
    texts = {"restoration": made.texts["restored"], "measured": json.loads(made.texts["metrics"])}
    return runs.save(options.out, shown, {"clip": origin, **options.reported(), **texts, **made.costs(client)})


def stages(prompt: graph.Prompt) -> runs.Links:
    """Return the links to the clip, the degraded clip and the restored one."""
    degrade = graph.find(prompt, "InverseCrafterDegradeVideo")
    return {"source": prompt[degrade]["inputs"]["video"], "degraded": [degrade, 0], "restored": runs.result(prompt)}


def enlarged(clip: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return a clip at another (width, height), its pixels as squares."""
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_NEAREST) for frame in clip])
