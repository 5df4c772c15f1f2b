"""Recapture with one model and with two: a shipped workflow on a clip, its parts saved, its figures in ``report.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lab.host.server import Client

from . import clips, graph, runs, sheet
from .runs import Options

TIMED_PAIRS = 4


def run(client: Client, options: Options) -> dict[str, Any]:
    """Queue the workflow, save every part of it, and return the report that was written."""
    runs.check(options)
    clip, origin = clips.choose(options.video, options.out, options.frames)
    rate = clips.require_frames(clip, options.frames)
    prompt = prepare(client, options, clip)
    pictures = runs.tap_pictures(prompt, runs.warp_outputs(prompt, "source", "recaptured"))
    texts = runs.tap_texts(prompt, graph.find(prompt, "InverseCrafterMetrics"))
    outcome = runs.run(client, prompt, "recapture")
    parts = runs.take_parts(client, outcome, pictures)
    report = {
        "clip": origin,
        **runs.warp_report(prompt, outcome, texts, options),
        "sampling": compare_with_bare(client, prompt, options.seed),
        "peak_memory_bytes": client.peak_memory(),
    }
    write_parts(options.out, parts, rate)
    shown = {**parts, "warp": sheet.paint_holes(parts["warp"], parts["holes"])}
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
    pictures = runs.tap_pictures(prompt, runs.warp_outputs(prompt, "source", "two experts"))
    texts = runs.tap_texts(prompt, graph.find(prompt, "InverseCrafterMetrics"))
    outcome = runs.run(client, prompt, "two experts")
    parts = runs.take_parts(client, outcome, pictures)
    report = {"clip": origin, **runs.warp_report(prompt, outcome, texts, options), "peak_memory_bytes": client.peak_memory()}
    shown = {**parts, "warp": sheet.paint_holes(parts["warp"], parts["holes"])}
    runs.save(options.out, "two_experts", shown, client.files(outcome, graph.find(prompt, "SaveVideo")), report)
    ends = {name: shown[name][-1] for name in ("source", "warp", "two experts")}
    sheet.thumbnail(options.out / "thumbnail.jpg", ends)
    return report


def load(client: Client, options: Options, clip: Path, name: str) -> graph.Prompt:
    """A shipped workflow that begins with a clip and a camera path, with this run's choices in its widgets."""
    prompt = graph.load(name)
    graph.set_widgets(prompt, "LoadVideo", file=client.upload(clip))
    graph.set_widgets(prompt, "ImageFromBatch", length=options.frames)
    graph.set_widgets(prompt, "ImageScale", width=options.size[0], height=options.size[1])
    runs.set_trajectory(client, prompt, options)
    return prompt


def prepare(client: Client, options: Options, clip: Path) -> graph.Prompt:
    """The recapture workflow with this run's choices in its widgets."""
    prompt = load(client, options, clip, "recapture")
    graph.set_widgets(prompt, "InverseCrafterKSampler", seed=options.seed)
    if options.steps:
        graph.set_widgets(prompt, "InverseCrafterKSampler", steps=options.steps)
    return prompt


def compare_with_bare(client: Client, prompt: graph.Prompt, seed: int) -> dict[str, Any]:
    """Guided and bare sampling of the same latent, alternating in one run; the best of the sampler node's seconds,
    which other work on the machine disturbs least.

    The bare run is the host's own KSampler with the same model, steps and conditioning. Everything before the sampler
    comes from the host's cache, so only sampling is timed.
    """
    key = graph.find(prompt, "InverseCrafterKSampler")
    guided = graph.only_outputs(prompt, [key])
    bare = graph.only_outputs(prompt, [key])
    kept = ("model", "positive", "negative", "latent_image", "steps", "cfg", "scheduler", "denoise")
    inputs = {name: guided[key]["inputs"][name] for name in kept}
    bare[key] = {"class_type": "KSampler", "inputs": {**inputs, "sampler_name": "euler"}}
    seconds: dict[str, list[float]] = {"guided": [], "bare": []}
    for variant in (guided, bare):
        graph.add(variant, "PreviewAny", source=[key, 0])  # the host runs only what an output node needs
    for turn in range(TIMED_PAIRS):
        for name, variant in (("guided", guided), ("bare", bare)):
            variant[key]["inputs"]["seed"] = seed + 1 + turn
            outcome = runs.run(client, variant, f"timing, {name} {turn + 1}/{TIMED_PAIRS}")
            seconds[name].append(outcome.seconds[key])
    guided_s, bare_s = min(seconds["guided"]), min(seconds["bare"])
    return {"guided_seconds": round(guided_s, 3), "bare_seconds": round(bare_s, 3), "ratio": round(guided_s / bare_s, 4)}


def write_parts(out: Path, parts: dict[str, np.ndarray], rate: float) -> None:
    """The stages as videos of ``rate`` frames a second."""
    for name in ("source", "warp", "holes", "latent mask"):
        sheet.write_video(out / f"{name.replace(' ', '_')}.mp4", parts[name], rate)
