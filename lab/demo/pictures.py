"""The jobs that begin with pictures: a photo seen from a moving camera, and the way between two pictures."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps

from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import masked_psnr
from lab.data import sheet
from lab.host import graph
from lab.host.server import Client

from . import clips, runs
from .runs import Options

log = logging.getLogger(__name__)


def single_image(client: Client, options: Options) -> dict[str, Any]:
    """Queue the single-image workflow on a photo, save its parts, and return the report that was written."""
    runs.check(options)
    photo, origin = source_pictures(options, {"photo": 0}, clips.RABBIT)
    prompt = graph.load("single_image")
    graph.set_widgets(prompt, "LoadImage", image=client.upload(photo["photo"]))
    graph.set_widgets(prompt, "ImageScale", width=options.size[0], height=options.size[1])
    graph.set_widgets(prompt, "InverseCrafterPhotoClip", frames=options.frames)
    runs.set_trajectory(client, prompt, options)
    _set_sampling(prompt, options)
    decoded = [graph.find(prompt, "VAEDecode"), 0]
    outputs = runs.warp_outputs(prompt, "photo", "generated") | {"decoded": decoded}
    warp = graph.find(prompt, "InverseCrafterWarpVideo")
    metrics = graph.add(prompt, "InverseCrafterMetrics", video=decoded, reference=[warp, 0], holes=[warp, 1])
    taps, texts = runs.tap_pictures(prompt, outputs), runs.tap_texts(prompt, metrics)
    outcome = runs.run(client, prompt, "single image")
    parts = runs.take_parts(client, outcome, taps)
    report = {
        "photo": origin,
        **runs.warp_report(prompt, outcome, texts, options),
        "first_frame_psnr_db": _psnr(parts["decoded"][:1], parts["photo"][:1]),
        "peak_memory_bytes": client.peak_memory(),
    }
    shown = {**parts, "warp": sheet.paint_holes(parts["warp"], parts["holes"])}
    runs.save(options.out, "single_image", shown, client.files(outcome, graph.find(prompt, "SaveVideo")), report)
    runs.save_card(options.out, "single_image", shown, ("photo", "warp"), "generated")
    return report


def interpolation(client: Client, options: Options) -> dict[str, Any]:
    """Queue the interpolation workflow on two pictures, save its parts, and return the report that was written."""
    runs.check(options)
    ends, origin = source_pictures(options, {"start": 0, "end": options.frames - 1}, clips.PASSENGER)
    prompt = graph.load("interpolation")
    between = graph.find(prompt, "InverseCrafterWarpFromEnds")
    graph.set_inputs(prompt, between, frames=options.frames)
    for name, file in ends.items():
        scale = graph.feeding(prompt, between, name)
        graph.set_inputs(prompt, scale, width=options.size[0], height=options.size[1])
        graph.set_inputs(prompt, graph.feeding(prompt, scale, "image"), image=client.upload(file))
    _set_sampling(prompt, options)
    holes = graph.add(prompt, "MaskToImage", mask=[between, 1])
    decoded = [graph.find(prompt, "VAEDecode"), 0]
    outputs = {"warps": [between, 0], "holes": [holes, 0], "decoded": decoded, "generated": runs.made(prompt)}
    if options.start is None:
        outputs["real"] = [_real_frames(client, prompt, options, scale), 0]
    taps, preview = runs.tap_pictures(prompt, outputs), graph.add(prompt, "PreviewAny", source=[between, 2])
    outcome = runs.run(client, prompt, "interpolation")
    parts = runs.take_parts(client, outcome, taps)
    fade = cross_fade(parts["warps"])
    report = {
        "ends": origin,
        "frames": options.frames,
        "size": list(options.size),
        "seed": options.seed,
        "warps": outcome.outputs[preview]["text"][0],
        "ends_psnr_db": {
            "start": _psnr(parts["decoded"][:1], parts["warps"][:1]),
            "end": _psnr(parts["decoded"][-1:], parts["warps"][-1:]),
        },
        "truth": truth(parts, fade) if "real" in parts else "unknown: the pictures are given",
        "seconds_per_stage": runs.stage_seconds(prompt, outcome),
        "peak_memory_bytes": client.peak_memory(),
    }
    rows = {"real": parts["real"]} if "real" in parts else {}
    rows["warps of both ends, holes in magenta"] = sheet.paint_holes(parts["warps"], parts["holes"])
    rows |= {"linear cross-fade": fade, "decoded": parts["decoded"], "generated": parts["generated"]}
    runs.save(options.out, "interpolation", rows, client.files(outcome, graph.find(prompt, "SaveVideo")), report)
    shown = {"start": parts["warps"][:1], "between": parts["generated"], "end": parts["warps"][-1:]}
    runs.save_card(options.out, "interpolation", shown, ("start", "end"), "between")
    return report


def truth(parts: dict[str, np.ndarray], fade: np.ndarray) -> dict[str, Any]:
    """PSNR of the open frames against the real ones, beside a cross-fade's. As information: many ways lead between ends."""
    middle = slice(1, len(fade) - 1)
    return {
        "frames": [middle.start, middle.stop - 1],
        **{f"{name}_psnr_db": _psnr(parts[name][middle], parts["real"][middle]) for name in ("generated", "decoded", "warps")},
        "cross_fade_psnr_db": _psnr(fade[middle], parts["real"][middle]),
    }


def cross_fade(clip: np.ndarray) -> np.ndarray:
    """From the first to the last picture of ``[F, H, W, 3]`` uint8 at an even pace."""
    share = np.linspace(0, 1, len(clip)).reshape(-1, 1, 1, 1)
    return np.rint(clip[:1] * (1 - share) + clip[-1:] * share).astype(np.uint8)


def read(name: str, path: Path) -> Image.Image:
    """A picture file as RGB, upright; transparent pixels are laid on white, and the log says so.

    Raises:
        InputError: no such file, or no picture.
    """
    if not path.is_file():
        raise InputError(name, f"no file {path}", "Give the path of a picture.")
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened)
            if not picture.has_transparency_data:
                return picture.convert("RGB")
            layer = picture.convert("RGBA")
    except (OSError, SyntaxError, Image.DecompressionBombError) as problem:
        raise InputError(name, f"{path.name} cannot be read as a picture ({problem})", "Give a PNG, JPEG or WebP.") from None
    if layer.getchannel("A").getextrema() != (255, 255):
        log.warning("%s: the transparent pixels of %s are laid on white", name, path.name)
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def require_fit(pictures: dict[str, Image.Image], size: tuple[int, int]) -> None:
    """Pictures of one size, upright or lying as the clip is; otherwise cropping would take most of them away unasked."""
    if len({picture.size for picture in pictures.values()}) > 1:
        sizes = " and ".join(f"{picture.width}x{picture.height}" for picture in pictures.values())
        raise InputError(" and ".join(pictures), f"sizes {sizes}", "Resize or crop both pictures to one size.")
    width, height = size
    for name, picture in pictures.items():
        if (picture.height > picture.width and width > height) or (picture.width > picture.height and height > width):
            shape = "portrait" if picture.height > picture.width else "landscape"
            found = f"a {shape} picture, {picture.width}x{picture.height}, for a clip of {width}x{height}"
            raise InputError(name, found, f"Swap the sides, SIZE={height}x{width}, or crop the picture.")


def source_pictures(options: Options, numbers: dict[str, int], cut: clips.Cut) -> tuple[dict[str, Path], str]:
    """Return the pictures that the options name, or those frames of the clip, as PNG files in the output folder, and their
    origin.
    """
    given = {name.upper(): path for name in numbers if (path := getattr(options, name)) is not None}
    if given and len(given) < len(numbers):
        raise InputError(" and ".join(given), "given alone", f"Give both {' and '.join(map(str.upper, numbers))}, or neither.")
    if given:
        pictures, origin = {name: read(name, path) for name, path in given.items()}, "given"
        require_fit(pictures, options.size)
    else:
        clip, origin = clips.choose(options.video, options.out, options.frames, cut)
        clips.require_frames(clip, max(numbers.values()) + 1)
        pictures = {name.upper(): Image.fromarray(clips.frame(clip, number)) for name, number in numbers.items()}
        require_fit(pictures, options.size)
        origin = f"frame {' and '.join(map(str, numbers.values()))} of {origin}"
    files = {name: options.out / f"{name}.png" for name in numbers}
    for name, file in files.items():
        pictures[name.upper()].save(file)
    return files, origin


def _real_frames(client: Client, prompt: graph.Prompt, options: Options, scale: str) -> str:
    """Add the clip that the ends come from, cut and resized as they are; id of the node that has its frames."""
    clip, _ = clips.choose(options.video, options.out, options.frames, clips.PASSENGER)
    load = graph.add(prompt, "LoadVideo", file=client.upload(clip))
    parts = graph.add(prompt, "GetVideoComponents", video=[load, 0])
    cut = graph.add(prompt, "ImageFromBatch", image=[parts, 0], batch_index=0, length=options.frames)
    return graph.add(prompt, "ImageScale", **{**prompt[scale]["inputs"], "image": [cut, 0]})


def _set_sampling(prompt: graph.Prompt, options: Options) -> None:
    graph.set_widgets(prompt, "SamplerCustom", noise_seed=options.seed)
    if options.steps:
        graph.set_widgets(prompt, "BasicScheduler", steps=options.steps)


def _psnr(one: np.ndarray, two: np.ndarray) -> float:
    return round(masked_psnr(torch.from_numpy(one).float() / 255, torch.from_numpy(two).float() / 255), 3)
