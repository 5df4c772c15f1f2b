"""Recapture with one model and with two: a shipped workflow on a clip, its parts saved, its figures in ``report.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lab.data import sheet
from lab.host import graph
from lab.host.server import Client

from . import clips, runs
from .runs import Options

PATH = {"preset": "arc_right", "amount": 1.5}
"""Camera path of the demo's own clip: the camera goes to where moss comes into view, which the small model can continue."""


def run(client: Client, options: Options) -> dict[str, Any]:
    """Queue the workflow, save every part of it, and return the report that was written."""
    runs.check(options)
    clip, origin = clips.choose(options.video, options.out, options.frames)
    rate = clips.require_frames(clip, options.frames)
    prompt = prepare(client, options, clip)
    pictures = runs.tap_pictures(prompt, outputs(prompt, "recaptured"))
    texts = runs.tap_texts(prompt, graph.find(prompt, "InverseCrafterMetrics"))
    outcome = runs.run(client, prompt, "recapture")
    parts = runs.take_parts(client, outcome, pictures)
    report = {
        "clip": origin,
        **runs.warp_report(prompt, outcome, texts, options),
        "peak_memory_bytes": client.peak_memory(),
    }
    write_parts(options.out, parts, rate)
    sheet.animation(options.out / "recapture.webp", {"source": parts["source"], "new camera": parts["recaptured"]})
    shown = {**parts, "warp": sheet.paint_holes(parts["warp"], parts["holes"])}
    runs.save_card(options.out, "recapture", shown, ("source", "warp"), "recaptured")
    runs.save(options.out, "recaptured", shown, client.files(outcome, graph.find(prompt, "SaveVideo")), report)
    return report


def two_experts(client: Client, options: Options) -> dict[str, Any]:
    """Queue the workflow with two experts, save every part of it, and return the report that was written."""
    runs.check(options)
    clip, origin = clips.choose(options.video, options.out, options.frames)
    clips.require_frames(clip, options.frames)
    prompt = load(client, options, clip, "two_experts")
    samplers = [key for key, node in prompt.items() if node["class_type"] == "KSamplerAdvanced"]
    for key in samplers:
        graph.set_inputs(prompt, key, noise_seed=options.seed)
    if options.steps:
        graph.set_inputs(prompt, graph.feeding(prompt, samplers[0], "steps"), value=options.steps)
    pictures = runs.tap_pictures(prompt, outputs(prompt, "two experts"))
    texts = runs.tap_texts(prompt, graph.find(prompt, "InverseCrafterMetrics"))
    outcome = runs.run(client, prompt, "two experts")
    parts = runs.take_parts(client, outcome, pictures)
    report = {"clip": origin, **runs.warp_report(prompt, outcome, texts, options), "peak_memory_bytes": client.peak_memory()}
    shown = {**parts, "warp": sheet.paint_holes(parts["warp"], parts["holes"])}
    runs.save(options.out, "two_experts", shown, client.files(outcome, graph.find(prompt, "SaveVideo")), report)
    runs.save_card(options.out, "two_experts", shown, ("source", "warp"), "two experts")
    return report


def outputs(prompt: graph.Prompt, result: str) -> dict[str, list[Any]]:
    """The stages of the workflow as links, the decoded clip before the result that has its known pixels back."""
    stages = runs.warp_outputs(prompt, "source", result)
    made = stages.pop(result)
    return stages | {"decoded": [graph.find(prompt, "VAEDecode"), 0], result: made}


def load(client: Client, options: Options, clip: Path, name: str) -> graph.Prompt:
    """A shipped workflow that begins with a clip and a camera path, with this run's choices in its widgets."""
    prompt = graph.load(name)
    graph.set_widgets(prompt, "LoadVideo", file=client.upload(clip))
    graph.set_widgets(prompt, "ImageFromBatch", length=options.frames)
    graph.set_widgets(prompt, "ImageScale", width=options.size[0], height=options.size[1])
    if options.video is None:
        graph.set_widgets(prompt, "InverseCrafterCameraPath", **PATH)
    runs.set_trajectory(client, prompt, options)
    return prompt


def prepare(client: Client, options: Options, clip: Path) -> graph.Prompt:
    """The recapture workflow with this run's choices in its widgets."""
    prompt = load(client, options, clip, "recapture")
    graph.set_widgets(prompt, "InverseCrafterKSampler", seed=options.seed)
    if options.steps:
        graph.set_widgets(prompt, "InverseCrafterKSampler", steps=options.steps)
    return prompt


def write_parts(out: Path, parts: dict[str, np.ndarray], rate: float) -> None:
    """The stages as videos of ``rate`` frames a second."""
    for name in ("source", "warp", "holes", "latent mask"):
        sheet.write_video(out / f"{name.replace(' ', '_')}.mp4", parts[name], rate)
