"""Common parts of the demo's jobs: options, patching a shipped workflow, saving what flows through it, the resulting files."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from inversecrafter_core.errors import InputError
from inversecrafter_core.latent_grid import WAN
from lab.data import sheet
from lab.host import graph
from lab.host.server import Client, Outcome

TAPS = {"SaveImage", "MaskToImage", "PreviewAny", "PreviewImage", "MaskPreview", "ImageStitch"}

CARDS = {
    "recapture": ("Recapture", "Your clip, seen by a camera on a new path"),
    "two_experts": ("Recapture with two experts", "The same for Wan 2.2 14B: high noise, then low noise"),
    "single_image": ("One photo, a moving camera", "Depth makes a clip of a photo; the model fills the rest"),
    "interpolation": ("Between two pictures", "The camera's way from one picture to another"),
    "editing": ("Replace a thing by words", "Box it, say what the clip shall show, run"),
    "edit_propagation": ("Edit one frame", "The edit of the first frame follows the clip"),
}
"""Title and sentence of every workflow's picture."""


@dataclass(frozen=True)
class Options:
    """Options of the command line. ``size`` is (width, height), ``box`` left, top, width, height."""

    out: Path
    video: Path | None = None
    photo: Path | None = None
    start: Path | None = None
    end: Path | None = None
    trajectory: str | None = None
    edited: Path | None = None
    prompt: str | None = None
    box: tuple[int, int, int, int] | None = None
    frames: int = 17
    size: tuple[int, int] = (192, 128)
    seed: int = 0
    steps: int | None = None


def check(options: Options) -> None:
    """Make the output folder; an error for a length or a size that the VAE cannot take."""
    WAN.require_frames("FRAMES", options.frames)
    WAN.require_size("SIZE", options.size[1], options.size[0])
    options.out.mkdir(parents=True, exist_ok=True)


def set_trajectory(client: Client, prompt: graph.Prompt, options: Options) -> None:
    """Frames, and the preset where there is one, of the camera path."""
    graph.set_widgets(prompt, "InverseCrafterCameraPath", frames=options.frames)
    if options.trajectory:
        known = client.object_info("InverseCrafterCameraPath")["InverseCrafterCameraPath"]["input"]["required"]["preset"][1]
        if options.trajectory not in known["options"]:
            raise InputError("TRAJECTORY", f"'{options.trajectory}'", f"Choose one of: {', '.join(known['options'])}.")
        graph.set_widgets(prompt, "InverseCrafterCameraPath", preset=options.trajectory)


def warp_outputs(prompt: graph.Prompt, source: str, result: str) -> dict[str, list[Any]]:
    """The stages of a workflow with a warp, as links; what it takes and makes under those names."""
    measure = graph.find(prompt, "InverseCrafterEncodeMeasurement")
    warp, depth = graph.find(prompt, "InverseCrafterWarpVideo"), graph.find(prompt, "InverseCrafterEstimateDepth")
    return {
        source: prompt[warp]["inputs"]["video"],
        "depth": [depth, 1],
        "warp": [warp, 0],
        "holes": [graph.add(prompt, "MaskToImage", mask=[warp, 1]), 0],
        "latent mask": [measure, 1],
        result: made(prompt),
    }


def made(prompt: graph.Prompt) -> list[Any]:
    """Link to the frames that the workflow makes a video of."""
    frames: list[Any] = prompt[graph.find(prompt, "CreateVideo")]["inputs"]["images"]
    return frames


def tap_pictures(prompt: graph.Prompt, outputs: dict[str, list[Any]]) -> dict[str, str]:
    """Save what flows through the graph as PNGs: ``{part: id of the saving node}``."""
    return {
        name: graph.add(prompt, "SaveImage", images=output, filename_prefix=f"demo/{name.replace(' ', '_')}")
        for name, output in outputs.items()
    }


def tap_texts(prompt: graph.Prompt, metrics: str) -> dict[str, str]:
    """Show the reports of depth, warp and of the metrics node: ``{report: id of the showing node}``."""
    sources = {
        "depth": [graph.find(prompt, "InverseCrafterEstimateDepth"), 2],
        "warp": [graph.find(prompt, "InverseCrafterWarpVideo"), 2],
        "measurement": [metrics, 1],
    }
    return {name: graph.add(prompt, "PreviewAny", source=source) for name, source in sources.items()}


def warp_report(prompt: graph.Prompt, outcome: Outcome, texts: dict[str, str], options: Options) -> dict[str, Any]:
    """Return the reports of a run of a workflow with a warp."""
    reports = {name: outcome.outputs[key]["text"][0] for name, key in texts.items()}
    return {
        "trajectory": prompt[graph.find(prompt, "InverseCrafterCameraPath")]["inputs"]["preset"],
        "depth": reports["depth"].splitlines(),
        "warp": reports["warp"].splitlines(),
        "frames": options.frames,
        "size": list(options.size),
        "seed": options.seed,
        "measurement": json.loads(reports["measurement"]),
        "seconds_per_stage": stage_seconds(prompt, outcome),
    }


def run(client: Client, prompt: graph.Prompt, label: str) -> Outcome:
    """Run a prompt behind a progress bar."""
    with tqdm(desc=label, unit="step", leave=False, disable=None) as bar:

        def show(_node: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.refresh()

        return client.run(prompt, show)


def take_parts(client: Client, outcome: Outcome, taps: dict[str, str]) -> dict[str, np.ndarray]:
    """The tapped frames, ``{part: [F, H, W, 3] uint8}``; their files are removed."""
    parts = {}
    for name, key in taps.items():
        paths = client.files(outcome, key)
        parts[name] = sheet.read_frames(paths)
        for path in paths:
            path.unlink()
    return parts


def stage_seconds(prompt: graph.Prompt, outcome: Outcome) -> dict[str, float]:
    """Seconds by node class, without the nodes that only show."""
    stages: dict[str, float] = {}
    for key, seconds in outcome.seconds.items():
        name = prompt[key]["class_type"]
        if name not in TAPS:
            stages[name] = round(stages.get(name, 0.0) + seconds, 3)
    return stages


def save_card(out: Path, workflow: str, videos: dict[str, np.ndarray], above: tuple[str, ...], below: str) -> None:
    """The workflow's picture for the template browser, ``card_<workflow>.jpg``."""
    small = {name: sheet.moment(videos[name]) for name in above}
    sheet.card(out / f"card_{workflow}.jpg", CARDS[workflow], small, (below, sheet.moment(videos[below])))


def save(out: Path, name: str, rows: dict[str, np.ndarray], videos: list[Path], report: dict[str, Any]) -> None:
    """The video under ``name``, the contact sheet of ``rows`` and the report, into ``out``."""
    for video in videos:
        shutil.move(video, out / f"{name}{video.suffix}")
    picture = sheet.contact_sheet(rows)
    cv2.imwrite(str(out / "contact_sheet.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
