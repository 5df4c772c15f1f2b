"""The recapture job: the shipped workflow on a clip, its parts saved, its figures in ``report.json``."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from hosting.server import Client, Outcome
from inversecrafter_core.errors import InputError, require_multiple, require_wan_frames

from . import clips, graph, sheet

TIMED_PAIRS = 4


@dataclass(frozen=True)
class Options:
    """What the command line says. ``size`` is (width, height)."""

    out: Path
    video: Path | None = None
    trajectory: str | None = None
    frames: int = 17
    size: tuple[int, int] = (192, 128)
    seed: int = 0
    steps: int | None = None


def run(client: Client, options: Options) -> dict[str, Any]:
    """Queue the workflow, save every part of it, and return the report that was written."""
    require_wan_frames("FRAMES", options.frames)
    require_multiple("SIZE", options.size[1], options.size[0], 16)
    options.out.mkdir(parents=True, exist_ok=True)
    clip, origin = clips.choose(options.video, options.out, options.frames)
    available, rate = clips.measure(clip)
    if available < options.frames:
        raise InputError(
            "VIDEO", f"{available} frames in {clip.name}", f"Ask for at most {(available - 1) // 4 * 4 + 1} frames."
        )
    prompt = prepare(client, options, clip)
    pictures, texts = tap_pictures(prompt), tap_texts(prompt)
    outcome = _run(client, prompt, "recapture")
    parts = {name: _frames(client, outcome, key) for name, key in pictures.items()}
    said = {name: outcome.outputs[key]["text"][0] for name, key in texts.items()}
    report = {
        "clip": origin,
        "trajectory": prompt[graph.find(prompt, "InverseCrafterCameraPath")]["inputs"]["preset"],
        "depth": said["depth"].splitlines(),
        "warp": said["warp"].splitlines(),
        "frames": options.frames,
        "size": list(options.size),
        "seed": options.seed,
        "measurement": json.loads(said["measurement"]),
        "seconds_per_stage": _stages(prompt, outcome),
        "sampling": compare_with_bare(client, prompt, options.seed),
        "peak_memory_bytes": client.peak_memory(),
    }
    save(options.out, parts, client.files(outcome, graph.find(prompt, "SaveVideo")), report, rate)
    return report


def prepare(client: Client, options: Options, clip: Path) -> graph.Prompt:
    """The shipped workflow with this run's choices in its widgets."""
    prompt = graph.load("recapture")
    graph.set_widgets(prompt, "LoadVideo", file=client.upload(clip))
    graph.set_widgets(prompt, "ImageFromBatch", length=options.frames)
    graph.set_widgets(prompt, "ImageScale", width=options.size[0], height=options.size[1])
    graph.set_widgets(prompt, "InverseCrafterCameraPath", frames=options.frames)
    graph.set_widgets(prompt, "InverseCrafterKSampler", seed=options.seed)
    if options.trajectory:
        known = client.object_info("InverseCrafterCameraPath")["InverseCrafterCameraPath"]["input"]["required"]["preset"][1]
        if options.trajectory not in known["options"]:
            raise InputError("TRAJECTORY", f"'{options.trajectory}'", f"Choose one of: {', '.join(known['options'])}.")
        graph.set_widgets(prompt, "InverseCrafterCameraPath", preset=options.trajectory)
    if options.steps:
        graph.set_widgets(prompt, "InverseCrafterKSampler", steps=options.steps)
    return prompt


def tap_pictures(prompt: graph.Prompt) -> dict[str, str]:
    """Save what flows through the graph as PNGs: ``{part: id of the saving node}``."""
    metrics = graph.find(prompt, "InverseCrafterMetrics")
    measure = graph.find(prompt, "InverseCrafterEncodeMeasurement")
    warp, depth = graph.find(prompt, "InverseCrafterWarpVideo"), graph.find(prompt, "InverseCrafterEstimateDepth")
    outputs = {
        "source": prompt[warp]["inputs"]["video"],
        "depth": [depth, 1],
        "warp": [warp, 0],
        "holes": [graph.add(prompt, "MaskToImage", mask=[warp, 1]), 0],
        "latent mask": [measure, 1],
        "recaptured": prompt[metrics]["inputs"]["result"],
    }
    return {
        name: graph.add(prompt, "SaveImage", images=output, filename_prefix=f"demo/{name.replace(' ', '_')}")
        for name, output in outputs.items()
    }


def tap_texts(prompt: graph.Prompt) -> dict[str, str]:
    """Show the reports of depth, warp and metrics: ``{report: id of the showing node}``."""
    sources = {
        "depth": [graph.find(prompt, "InverseCrafterEstimateDepth"), 2],
        "warp": [graph.find(prompt, "InverseCrafterWarpVideo"), 2],
        "measurement": [graph.find(prompt, "InverseCrafterMetrics"), 1],
    }
    return {name: graph.add(prompt, "PreviewAny", source=source) for name, source in sources.items()}


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
            outcome = _run(client, variant, f"timing, {name} {turn + 1}/{TIMED_PAIRS}")
            seconds[name].append(outcome.seconds[key])
    guided_s, bare_s = min(seconds["guided"]), min(seconds["bare"])
    return {"guided_seconds": round(guided_s, 3), "bare_seconds": round(bare_s, 3), "ratio": round(guided_s / bare_s, 4)}


def _run(client: Client, prompt: graph.Prompt, label: str) -> Outcome:
    with tqdm(desc=label, unit="step", leave=False, disable=None) as bar:

        def show(_node: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        return client.run(prompt, show)


def _frames(client: Client, outcome: Outcome, key: str) -> np.ndarray:
    paths = client.files(outcome, key)
    frames = sheet.read_frames(paths)
    for path in paths:
        path.unlink()
    return frames


def _stages(prompt: graph.Prompt, outcome: Outcome) -> dict[str, float]:
    """Seconds by node class, the demo's own taps left out."""
    ours = {"SaveImage", "MaskToImage", "PreviewAny"}
    stages: dict[str, float] = {}
    for key, seconds in outcome.seconds.items():
        name = prompt[key]["class_type"]
        if name not in ours:
            stages[name] = round(stages.get(name, 0.0) + seconds, 3)
    return stages


def save(out: Path, parts: dict[str, np.ndarray], videos: list[Path], report: dict[str, Any], rate: float) -> None:
    """Videos at ``rate`` frames a second, contact sheet and report into ``out``."""
    shown = {**parts, "warp": sheet.paint_holes(parts["warp"], parts["holes"])}
    for name in ("source", "warp", "holes", "latent mask"):
        sheet.write_video(out / f"{name.replace(' ', '_')}.mp4", parts[name], rate)
    for video in videos:
        shutil.move(video, out / f"recaptured{video.suffix}")
    picture = sheet.contact_sheet(shown)
    cv2.imwrite(str(out / "contact_sheet.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
