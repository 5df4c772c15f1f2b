"""Pictures on the pages of nodes: ``python -m lab.demo.node_pictures`` draws all of them.

The shipped workflows run in a real server on real clips at a small size. A node whose effect can be seen gets frames before and
after it; any other is shown as it stands in its graph, by :mod:`lab.demo.graph_pictures`.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from inversecrafter_client import Workflow
from inversecrafter_client.workflows import ON_SERVER
from inversecrafter_core.camera import keyframe_path
from inversecrafter_core.camera.interchange import FileFormat, read_path, write_path
from inversecrafter_core.preview.camera_path import path_picture
from lab.data import sheet
from lab.host import graph
from lab.host.server import Host, running_host

from . import clips, editing, editor_pictures, graph_pictures, pictures, recapture, restoration, runs
from .runs import Options

DOCS = Path(__file__).resolve().parents[2] / "web" / "docs"
log = logging.getLogger(__name__)
SIZE, WIDTH, SEAM, MOMENT = (256, 160), 540, 4, 14
"""Size of the clips; width of a picture and pixels between its parts; the frame shown, not the last of a group of four."""
WINDING = [
    {"frame": 0},
    {"frame": 8, "position": [-0.5, -0.2, 0.1], "look_at": [0, 0, 1]},
    {"frame": 16, "position": [0.5, -0.4, 0.5], "look_at": [0, 0, 1]},
]
"""Keyframes of a path that turns back."""
FRAME_MS, REST_MS, MOVING_QUALITY = 110, 900, 60
"""Time of a frame and of the last one, and the quality, of moving pictures."""
PRESETS_SHOWN = (
    "arc_left", "arc_right", "arc_up", "arc_down",
    "zoom_out", "dolly", "dolly_zoom", "orbit",
    "pan", "tilt", "crane", "spiral",
)  # fmt: skip
"""Presets that move a camera, in rows of four; zoom_in is a short dolly."""
COLUMNS = 4
MASK_ENCODER = "inversecrafter_small_mask_encoder.safetensors"
Parts = dict[str, np.ndarray]
"""Pictures ``[H, W, 3]``, or clips ``[F, H, W, 3]``, uint8, by their labels."""


def row(parts: Parts) -> np.ndarray:
    """Return pictures in a row, each under its label: ``[H, W, 3]``, or ``[F, H, W, 3]`` where one of them moves."""
    frames = max((len(part) for part in parts.values() if part.ndim == 4), default=0)
    if not frames:
        return _still_row(parts)
    at = lambda part, number: part[min(number, len(part) - 1)] if part.ndim == 4 else part  # noqa: E731
    return np.stack([_still_row({label: at(part, number) for label, part in parts.items()}) for number in range(frames)])


def rows(parts: Parts) -> np.ndarray:
    """Return pictures as in ``row``, four to a row."""
    items = list(parts.items())
    each = [row(dict(items[start : start + COLUMNS])) for start in range(0, len(items), COLUMNS)]
    return np.concatenate(each, axis=-3)


def _still_row(parts: Parts) -> np.ndarray:
    each = (WIDTH - SEAM * (len(parts) - 1)) // len(parts)
    tiles = [sheet.labelled(label, picture, each) for label, picture in parts.items()]
    seam = np.full((tiles[0].shape[0], SEAM, 3), 255, np.uint8)
    return np.concatenate([part for tile in tiles for part in (tile, seam)][:-1], axis=1)


def moments(clip: np.ndarray, numbers: tuple[int, ...] = (0, 7, 16)) -> Parts:
    """Return frames of a clip under their numbers."""
    return {f"frame {number}": clip[number] for number in numbers}


def tapped(client: Host, prompt: graph.Prompt, outputs: runs.Links, label: str) -> runs.Clips:
    """Run what ``outputs`` need of a prompt and return their frames."""
    return runs.run(client, graph.only_outputs(prompt, [key for key, _ in outputs.values()]), label, outputs).clips


def of_recapture(client: Host, options: Options) -> dict[str, Parts]:
    """Return the pictures of recapture's nodes, the learned mask and the model alone among them."""
    clip, _ = clips.choose(None, options.out, options.frames)
    prompt = runs.prepared(client, options, "recapture", video=clip, **recapture.PATH)
    find = lambda kind: graph.find(prompt, kind)  # noqa: E731
    depth, warp, measure, sampler = (
        find(f"InverseCrafter{name}") for name in ("EstimateDepth", "WarpVideo", "EncodeMeasurement", "KSampler")
    )
    source, vae = prompt[warp]["inputs"]["video"], prompt[measure]["inputs"]["vae"]
    grey = [graph.add(prompt, "InverseCrafterEstimateDepth", **prompt[depth]["inputs"] | {"preview": "grey"}), 1]
    example = Workflow.named("examples/depth_from_other_packs").json
    kind = "InverseCrafterGeometryFromDepth"
    inputs = example[graph.find(example, kind)]["inputs"] | {"depth_images": grey, "video": source}
    converted = graph.add(prompt, kind, **inputs)
    encoder = graph.add(prompt, "InverseCrafterLoadMaskEncoder", mask_encoder_name=MASK_ENCODER)
    learned = prompt[measure]["inputs"] | {"mask": "learned", "mask_encoder": [encoder, 0]}
    alone = graph.add(prompt, "InverseCrafterKSampler", **prompt[sampler]["inputs"] | {"start_percent": 1.0})
    stages: runs.Links = {
        "source": source,
        "grey": grey,
        "depth": [depth, 1],
        "converted": [converted, 1],
        "warp": [warp, 0],
        "holes": runs.holes(prompt, warp),
        "filled": [find("InverseCrafterFillHoles"), 0],
        "mask": [measure, 1],
        "learned": [graph.add(prompt, "InverseCrafterEncodeMeasurement", **learned), 1],
        "decoded": runs.decoded(prompt),
        "kept": runs.result(prompt),
        "alone": [graph.add(prompt, "VAEDecode", samples=[alone, 0], vae=vae), 0],
    }
    clip_of = tapped(client, prompt, stages, "recapture")
    clip_of["torn"] = sheet.paint_holes(clip_of["warp"], clip_of["holes"])
    at = {name: frames[min(MOMENT, len(frames) - 1)] for name, frames in clip_of.items()}
    at |= {name: clip_of[name][-1] for name in ("mask", "learned")}
    return {
        "EstimateDepth": {"a frame": at["source"], "its depth, near is bright": at["depth"]},
        "GeometryFromDepth": {"a grey depth image": at["grey"], "as a geometry": at["converted"]},
        "WarpVideo": {"the clip": clip_of["source"], "from the new camera; magenta: holes": clip_of["torn"]},
        "FillHoles": {"a warp; magenta: holes": at["torn"], "filled": at["filled"]},
        "EncodeMeasurement": {"the filled warp": at["filled"], "its latent mask: white is known": at["mask"]},
        "LoadMaskEncoder": {"holes": at["holes"], "mask: area": at["mask"], "mask: learned": at["learned"]},
        "KSampler": {"what is known": clip_of["torn"], "the sampler's result": clip_of["decoded"]},
        "ApplyGuidance": {"the model alone, same seed": at["alone"], "guided": at["decoded"]},
        "KeepKnownPixels": {"decoded": clip_of["decoded"], "known pixels put back": clip_of["kept"]},
    }


def of_editor(client: Host, options: Options) -> dict[str, Parts]:
    """Return the pictures of the editor of camera paths; they need a browser."""
    return {"CameraPath": editor_pictures.draw(client, options)}


def of_photo(client: Host, options: Options) -> dict[str, Parts]:
    """Return the pictures of a photo's clip, warped, and of the context's windows."""
    files, _ = pictures.source_pictures(options, {"photo": 0}, clips.RABBIT)
    prompt = runs.prepared(client, options, "single_image", **files, **recapture.PATH)
    warp = graph.find(prompt, "InverseCrafterWarpVideo")
    windows = graph.find(prompt, "InverseCrafterStochasticConditioning")
    shown = {
        "warp": [warp, 0],
        "holes": runs.holes(prompt, warp),
        "photo": prompt[warp]["inputs"]["video"],
        "windows": [windows, 1],
    }
    clip = tapped(client, prompt, shown, "photo")
    torn = sheet.paint_holes(clip["warp"], clip["holes"])
    return {
        "PhotoClip": {"the photo, repeated": clip["photo"][0], "warped; magenta: holes": torn},
        "StochasticConditioning": {"the node's preview": clip["windows"][0]},
    }


def of_presets(client: Host, options: Options) -> dict[str, Parts]:
    """Return a photo warped along the presets that move, in rows of four, holes in magenta."""
    files, _ = pictures.source_pictures(options, {"photo": 0}, clips.RABBIT)
    prompt = runs.prepared(client, options, "single_image", **files)
    path, warp = (graph.find(prompt, f"InverseCrafter{name}") for name in ("CameraPath", "WarpVideo"))
    shown: runs.Links = {}
    for preset in PRESETS_SHOWN:
        moved = graph.add(prompt, "InverseCrafterCameraPath", **prompt[path]["inputs"] | {"preset": preset, "amount": 1.0})
        view = graph.add(prompt, "InverseCrafterWarpVideo", **prompt[warp]["inputs"] | {"camera_path": [moved, 0]})
        shown |= {preset: [view, 0], f"{preset} holes": runs.holes(prompt, view)}
    clip = tapped(client, prompt, shown, "presets")
    return {"CameraPathPresets": {name: sheet.paint_holes(clip[name], clip[f"{name} holes"]) for name in PRESETS_SHOWN}}


def of_ends(client: Host, options: Options) -> dict[str, Parts]:
    """Return the pictures of Join Ends and Warp Ends, holes in magenta."""
    files, _ = pictures.source_pictures(options, {"start": 0, "end": options.frames - 1}, clips.PASSENGER)
    drawn = {}
    for name, workflow in (("BetweenEnds", "examples/join_ends"), ("WarpFromEnds", "interpolation")):
        chosen = Workflow.named(workflow)
        for end, file in files.items():
            chosen.set(end, ON_SERVER + client.upload(file))
        prompt, node = chosen.json, graph.find(chosen.json, f"InverseCrafter{name}")
        clip = tapped(client, prompt, {"video": [node, 0], "holes": runs.holes(prompt, node)}, name)
        torn = sheet.paint_holes(clip["video"], clip["holes"])
        moving = {"start": torn[0], "warped between": torn, "end": torn[-1]}
        drawn[name] = moving if name == "WarpFromEnds" else moments(torn)
    return drawn


def of_edit(client: Host, options: Options) -> dict[str, Parts]:
    """Return the pictures of the nodes that find, follow and carry an edit."""
    prompt, *_ = editing.propagation(client, options)
    find = lambda kind: graph.find(prompt, f"InverseCrafter{kind}")  # noqa: E731
    difference, track, carry = find("EditDifference"), find("TrackMask"), find("PropagateEdit")
    taken = {
        "edited": prompt[carry]["inputs"]["edited"],
        "source": prompt[carry]["inputs"]["video"],
        "region": [graph.add(prompt, "MaskToImage", mask=[difference, 0]), 0],
        "tracked": [track, 1],
        "carried": [carry, 0],
    }
    clip_of = tapped(client, prompt, taken, "edit")
    first = {"original": clip_of["source"][0], "edited": clip_of["edited"][0]}
    return {
        "EditDifference": first | {"where they differ": clip_of["region"][0]},
        "TrackMask": moments(clip_of["tracked"]),
        "PropagateEdit": {"frame 0, edited": clip_of["edited"][0]} | moments(clip_of["carried"], (7, 16)),
    }


def of_restoration(client: Host, options: Options) -> dict[str, Parts]:
    """Return the pictures of a clip degraded and restored, frame by frame and by the whole clip."""
    clip, _ = clips.choose(None, options.out, options.frames)
    prompt = runs.prepared(client, options, "restoration", video=clip)
    degrade, restore = (graph.find(prompt, f"InverseCrafter{name}") for name in ("DegradeVideo", "RestoreVideo"))
    shown = restoration.stages(prompt)
    for method in ("frames", "clip"):
        shown[method] = [graph.add(prompt, "InverseCrafterRestoreVideo", **prompt[restore]["inputs"] | {"method": method}), 0]
    blurred = graph.add(prompt, "InverseCrafterDegradeVideo", **prompt[degrade]["inputs"] | {"temporal_length": 7})
    shown["blurred"] = [blurred, 0]
    del shown["restored"]
    clip_of = tapped(client, prompt, shown, "restoration")
    small = {name: restoration.enlarged(clip_of[name], options.size)[MOMENT] for name in ("degraded", "blurred")}
    at = {name: frames[MOMENT] for name, frames in clip_of.items()} | small
    return {
        "DegradeVideo": {"a frame": at["source"], "downscale by 4": at["degraded"], "of the mean of 7 frames": at["blurred"]},
        "RestoreVideo": {"degraded": at["degraded"], "restored: frames": at["frames"], "restored: clip": at["clip"]},
    }


def of_camera_file(client: Host, options: Options) -> dict[str, Parts]:
    """Return the picture of a path that a COLMAP model has."""
    path = keyframe_path(json.dumps(WINDING), options.frames)
    folder = write_path(path, options.out / "winding", FileFormat.COLMAP)[0].parent
    picture = path_picture(read_path(folder)[0])
    return {"LoadCameraPath": {"a COLMAP model, loaded": (255 * picture).round().byte().numpy()}}


def of_hand_held(client: Host, options: Options) -> dict[str, Parts]:
    """Return the mean of a shaken clip's frames, and that of the same clip held at its first camera: what is held is sharp."""
    street, _ = clips.choose(None, options.out, options.frames, clips.STREET)
    prompt = runs.prepared(client, options, "examples/hand_held", video=clips.shaken(street, options.frames), path="static")
    graph.set_widgets(prompt, "InverseCrafterCameraPath", relative_to="world")
    warp = graph.find(prompt, "InverseCrafterWarpVideo")
    clip_of = tapped(client, prompt, {"source": prompt[warp]["inputs"]["video"], "held": [warp, 0]}, "hand_held")
    mean = {name: frames.mean(0).round().astype(np.uint8) for name, frames in clip_of.items()}
    return {"FindCamera": {"all frames of a shaken clip, averaged": mean["source"], "held at its first camera": mean["held"]}}


def of_footage(client: Host, options: Options) -> dict[str, Parts]:
    """Return an upright window of a clip, and what becomes of it."""
    file, _ = clips.choose(None, options.out, options.frames)
    upright = np.ascontiguousarray(clips.frame(file, 0)[:, 200:516])
    sheet.write_video(options.out / "upright.mp4", np.stack([upright] * options.frames), 16)
    prompt = runs.prepared(client, options, "examples/hand_held", video=options.out / "upright.mp4")
    node = graph.find(prompt, runs.FOOTAGE)
    padded = graph.add(prompt, runs.FOOTAGE, **prompt[node]["inputs"] | {"fit": "pad"})
    holes = [graph.add(prompt, "MaskToImage", mask=[padded, 1]), 0]
    shown = tapped(client, prompt, {"turned": [node, 0], "padded": [padded, 0], "holes": holes}, "footage")
    rim = sheet.paint_holes(shown["padded"], shown["holes"])[0]
    stored = np.pad(upright, ((0, 0), (17, 17), (0, 0)), constant_values=255)
    return {"PrepareFootage": {"upright footage": stored, "cropped, turned": shown["turned"][0], "pad; magenta: holes": rim}}


JOBS: list[Callable[[Host, Options], dict[str, Parts]]] = [
    of_recapture,
    of_editor,
    of_photo,
    of_presets,
    of_ends,
    of_edit,
    of_restoration,
    of_camera_file,
    of_hand_held,
    of_footage,
]


def write(drawn: Parts) -> None:
    """Write pictures of nodes beside their pages, moving ones as animated WebP that rests on its last frame."""
    for name, picture in drawn.items():
        path = DOCS / f"InverseCrafter{name}.webp"
        if picture.ndim == 4:
            first, *rest = [Image.fromarray(frame) for frame in picture]
            held = [FRAME_MS] * len(rest) + [REST_MS]
            first.save(path, save_all=True, append_images=rest, duration=held, loop=0, quality=MOVING_QUALITY, method=6)
        else:
            cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, 82])
        log.info("%s, %d kB", path.name, path.stat().st_size // 1000)


def main() -> None:
    """Draw and write the pictures."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    jobs = {job.__name__.removeprefix("of_"): job for job in JOBS}
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("jobs", nargs="*", choices=[[], *jobs, "canvas"], help="all by default; canvas needs a browser")
    arguments.add_argument("--run", action="store_true", help="canvas: run each graph first, so that its nodes show reports")
    chosen = arguments.parse_args()
    names = chosen.jobs or [*jobs, "canvas"]
    with tempfile.TemporaryDirectory() as folder, running_host() as client:
        options = Options(out=Path(folder), size=SIZE)
        for name in names:
            drawn = jobs[name](client, options) if name in jobs else {}
            write({node: rows(parts) for node, parts in drawn.items()})
        if "canvas" in names:
            write(graph_pictures.draw(client, options, list(graph_pictures.NODES), whole=False, after_run=chosen.run))


if __name__ == "__main__":
    main()
