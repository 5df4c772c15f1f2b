"""Common parts of the demo's jobs: options, patching a shipped workflow, saving what flows through it, the resulting files."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from inversecrafter_client import Progress, Workflow
from inversecrafter_client.workflows import ON_SERVER
from inversecrafter_core.errors import InputError
from inversecrafter_core.latent_grid import WAN
from lab.data import sheet
from lab.host import graph
from lab.host.client import Host, NodeClock

Links = dict[str, list[Any]]
"""Outputs of nodes by a name of ours."""
Clips = dict[str, np.ndarray]
"""Frames ``[F, H, W, 3]`` uint8 by the same names."""
TAPS = {"SaveImage", "MaskToImage", "PreviewAny", "PreviewImage", "MaskPreview", "ImageStitch"}
FOOTAGE = "InverseCrafterPrepareFootage"
CARDS = {
    "recapture": ("Recapture", "Your clip, seen by a camera on a new path"),
    "two_experts": ("Recapture with two experts", "The same for Wan 2.2 14B: high noise, then low noise"),
    "ltx": ("Recapture with LTX-Video", "What the model is given: your clip from a new camera"),
    "hunyuan_video_1_5": ("Recapture, HunyuanVideo 1.5", "What the model is given: your clip from a new camera"),
    "single_image": ("One photo, a moving camera", "Depth makes a clip of a photo; the model fills the rest"),
    "interpolation": ("Between two pictures", "The camera's way from one picture to another"),
    "editing": ("Replace a thing by words", "Box it, say what the clip shall show, run"),
    "restoration": ("Restoration", "Low resolution, blur or holes, undone with the model as prior"),
    "scene_latents": ("Scene latents", "A new camera without a depth map, by a scene network's states"),
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

    def reported(self) -> dict[str, Any]:
        """Return what every report repeats."""
        return {"frames": self.frames, "size": list(self.size), "seed": self.seed}


@dataclass(frozen=True)
class Made:
    """Results of a workflow: frames and texts that were tapped, seconds by class of node, and the files of saved videos."""

    clips: Clips
    texts: dict[str, str]
    seconds: dict[str, float]
    videos: list[Path]

    def costs(self, client: Host) -> dict[str, Any]:
        """Return seconds and memory for a report."""
        return {"seconds_per_stage": self.seconds, "peak_memory_bytes": client.peak_memory()}


def check(options: Options) -> None:
    """Make the output folder; raise InputError for a length or a size that the VAE cannot take."""
    WAN.require_frames("FRAMES", options.frames)
    WAN.require_size("SIZE", options.size[1], options.size[0])
    options.out.mkdir(parents=True, exist_ok=True)


def prepared(client: Host, options: Options, workflow: str, **given: Any) -> graph.Prompt:
    """Return a shipped workflow with what is ``given`` and this run's size, length, trajectory, seed and steps.

    All go by the names of :class:`Workflow`'s inputs, as in a script; a ``Path`` is uploaded.
    """
    chosen, (width, height) = Workflow.named(workflow), options.size
    if options.trajectory:
        known = client.object_info("InverseCrafterCameraPath")["InverseCrafterCameraPath"]["input"]["required"]["preset"][1]
        if options.trajectory not in known["options"]:
            raise InputError("TRAJECTORY", f"'{options.trajectory}'", f"Choose one of: {', '.join(known['options'])}.")
    of_run = {"frames": options.frames, "path": options.trajectory, "seed": options.seed, "steps": options.steps}
    given |= {name: value for name, value in of_run.items() if name in chosen.inputs and value is not None}
    for name, value in (given | {"size": f"{width}x{height}"}).items():
        chosen.set(name, ON_SERVER + client.upload(value) if isinstance(value, Path) else value)
    return chosen.json


def decoded(prompt: graph.Prompt) -> list[Any]:
    """Return the link to the frames as the VAE gave them."""
    return [graph.find(prompt, "VAEDecode"), 0]


def result(prompt: graph.Prompt) -> list[Any]:
    """Return the link to the frames that the workflow makes a video of."""
    frames: list[Any] = prompt[graph.find(prompt, "CreateVideo")]["inputs"]["images"]
    return frames


def warp_stages(prompt: graph.Prompt, source: str) -> Links:
    """Return the stages of a workflow with a warp; the clip that is warped under the name ``source``."""
    measure = graph.find(prompt, "InverseCrafterEncodeMeasurement")
    warp, depth = graph.find(prompt, "InverseCrafterWarpVideo"), graph.find(prompt, "InverseCrafterEstimateDepth")
    return {
        source: prompt[warp]["inputs"]["video"],
        "depth": [depth, 1],
        "warp": [warp, 0],
        "holes": holes(prompt, warp),
        "latent mask": [measure, 1],
    }


def holes(prompt: graph.Prompt, warp: str) -> list[Any]:
    """Add a picture of the holes of the node ``warp`` and return its link."""
    return [graph.add(prompt, "MaskToImage", mask=[warp, 1]), 0]


def warp_texts(prompt: graph.Prompt, metrics: str) -> Links:
    """Return the reports of depth, warp and of the node ``metrics``."""
    depth, warp = graph.find(prompt, "InverseCrafterEstimateDepth"), graph.find(prompt, "InverseCrafterWarpVideo")
    return {"depth": [depth, 2], "warp": [warp, 2], "measurement": [metrics, 1]}


def warp_report(prompt: graph.Prompt, made: Made, options: Options) -> dict[str, Any]:
    """Return the report of a workflow with a warp."""
    return {
        "trajectory": prompt[graph.find(prompt, "InverseCrafterCameraPath")]["inputs"]["preset"],
        "depth": made.texts["depth"].splitlines(),
        "warp": made.texts["warp"].splitlines(),
        **options.reported(),
        "measurement": json.loads(made.texts["measurement"]),
    }


def run(client: Host, prompt: graph.Prompt, label: str, pictures: Links, texts: Links | None = None) -> Made:
    """Run a prompt behind a progress bar, with ``pictures`` and ``texts`` tapped."""
    saving = {name: graph.add(prompt, "SaveImage", images=link, filename_prefix="demo/part") for name, link in pictures.items()}
    showing = {name: graph.add(prompt, "PreviewAny", source=link) for name, link in (texts or {}).items()}
    job, clock = client.submit(prompt), NodeClock()
    with tqdm(desc=label, unit="step", leave=False, disable=None) as bar:
        for event in job.events():
            clock.note(event)
            if isinstance(event, Progress) and event.steps:
                bar.total, bar.n = event.steps, event.step
                bar.refresh()
    job.result()
    taken = {}
    for name, key in saving.items():
        paths = client.files(job, key)
        taken[name] = sheet.read_frames(paths)
        for path in paths:
            path.unlink()
    seconds: dict[str, float] = {}
    for key, spent in clock.seconds.items():
        kind = prompt[key]["class_type"]
        if kind not in TAPS:
            seconds[kind] = round(seconds.get(kind, 0.0) + spent, 3)
    words = {name: job.node_outputs[key]["text"][0] for name, key in showing.items()}
    videos = [path for key, node in prompt.items() if node["class_type"] == "SaveVideo" for path in client.files(job, key)]
    return Made(taken, words, seconds, videos)


def with_holes(clips: Clips) -> Clips:
    """Return the clips, the warp's holes in magenta."""
    return {**clips, "warp": sheet.paint_holes(clips["warp"], clips["holes"])}


def keep_videos(out: Path, name: str, videos: list[Path]) -> None:
    """Move saved videos into ``out`` under a name."""
    for video in videos:
        shutil.move(video, out / f"{name}{video.suffix}")


def save_card(out: Path, workflow: str, clips: Clips, above: tuple[str, ...], below: str) -> None:
    """Write the workflow's picture for the template browser, ``card_<workflow>.jpg``."""
    small = {name: sheet.moment(clips[name]) for name in above}
    sheet.card(out / f"card_{workflow}.jpg", CARDS[workflow], small, (below, sheet.moment(clips[below])))


def save(out: Path, rows: Clips, report: dict[str, Any]) -> dict[str, Any]:
    """Write the contact sheet of ``rows`` and the report; return the report."""
    sheet.write_picture(out / "contact_sheet.png", sheet.contact_sheet(rows))
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report
