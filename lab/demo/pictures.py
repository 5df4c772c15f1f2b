"""The jobs that start from pictures: a photo seen from a moving camera, and the way between two pictures."""

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
from lab.host.server import Host

from . import clips, runs
from .runs import Options

log = logging.getLogger(__name__)


def single_image(client: Host, options: Options) -> dict[str, Any]:
    """Run the single-image workflow on a photo, save its parts, and return the report that was written."""
    photo, origin = source_pictures(options, {"photo": 0}, clips.RABBIT)
    prompt = runs.prepared(client, options, "single_image", **photo)
    decoded, warp = runs.decoded(prompt), graph.find(prompt, "InverseCrafterWarpVideo")
    stages = runs.warp_stages(prompt, "photo") | {"generated": runs.result(prompt), "decoded": decoded}
    metrics = graph.add(prompt, "InverseCrafterMetrics", video=decoded, reference=[warp, 0], holes=[warp, 1])
    made = runs.run(client, prompt, "single image", stages, runs.warp_texts(prompt, metrics))
    shown = runs.with_holes(made.clips)
    runs.keep_videos(options.out, "single_image", made.videos)
    runs.save_card(options.out, "single_image", shown, ("photo", "warp"), "generated")
    first = {"first_frame_psnr_db": _psnr(shown["decoded"][:1], shown["photo"][:1])}
    report = {"photo": origin, **runs.warp_report(prompt, made, options), **first, **made.costs(client)}
    return runs.save(options.out, shown, report)


def interpolation(client: Host, options: Options) -> dict[str, Any]:
    """Run the interpolation workflow on two pictures, save its parts, and return the report that was written."""
    ends, origin = source_pictures(options, {"start": 0, "end": options.frames - 1}, clips.PASSENGER)
    prompt = runs.prepared(client, options, "interpolation", **ends)
    between = graph.find(prompt, "InverseCrafterWarpFromEnds")
    sized = graph.feeding(prompt, between, "end")
    stages: runs.Links = {"real": [_real_frames(client, prompt, options, sized), 0]} if options.start is None else {}
    stages |= {"warps": [between, 0], "holes": runs.holes(prompt, between), "decoded": runs.decoded(prompt)}
    made = runs.run(client, prompt, "interpolation", stages | {"generated": runs.result(prompt)}, {"warps": [between, 2]})
    shown = made.clips | {"linear cross-fade": cross_fade(made.clips["warps"])}
    warps, decoded = shown["warps"], shown["decoded"]
    report = {
        "ends": origin,
        **options.reported(),
        "warps": made.texts["warps"],
        "ends_psnr_db": {"start": _psnr(decoded[:1], warps[:1]), "end": _psnr(decoded[-1:], warps[-1:])},
        "truth": truth(shown) if "real" in shown else "unknown: the pictures are given",
        **made.costs(client),
    }
    rows: runs.Clips = {name: shown[name] for name in ("real", "linear cross-fade", "decoded", "generated") if name in shown}
    rows["warps of both ends, holes in magenta"] = sheet.paint_holes(warps, shown["holes"])
    runs.keep_videos(options.out, "interpolation", made.videos)
    card = {"start": warps[:1], "between": shown["generated"], "end": warps[-1:]}
    runs.save_card(options.out, "interpolation", card, ("start", "end"), "between")
    return runs.save(options.out, rows, report)


def truth(shown: runs.Clips) -> dict[str, Any]:
    """Return PSNR of the open frames against the real ones: information, for many paths lead between two ends."""
    middle = slice(1, len(shown["real"]) - 1)
    names = {"generated": "generated", "decoded": "decoded", "warps": "warps", "cross_fade": "linear cross-fade"}
    figures = {f"{key}_psnr_db": _psnr(shown[name][middle], shown["real"][middle]) for key, name in names.items()}
    return {"frames": [middle.start, middle.stop - 1], **figures}


def cross_fade(clip: np.ndarray) -> np.ndarray:
    """Return the fade from the first to the last picture of ``[F, H, W, 3]`` uint8, at an even pace."""
    share = np.linspace(0, 1, len(clip)).reshape(-1, 1, 1, 1)
    return np.rint(clip[:1] * (1 - share) + clip[-1:] * share).astype(np.uint8)


def read(name: str, path: Path) -> Image.Image:
    """Read a picture file as RGB, upright; transparent pixels are laid on white, and the log says so.

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
    """Raise InputError for pictures of different sizes, or turned otherwise than the clip: most of them would be cropped."""
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
        clip, origin = clips.choose(options.video, options.out, max(numbers.values()) + 1, cut)
        pictures = {name.upper(): Image.fromarray(clips.frame(clip, number)) for name, number in numbers.items()}
        require_fit(pictures, options.size)
        origin = f"frame {' and '.join(map(str, numbers.values()))} of {origin}"
    files = {name: options.out / f"{name}.png" for name in numbers}
    for name, file in files.items():
        pictures[name.upper()].save(file)
    return files, origin


def _real_frames(client: Host, prompt: graph.Prompt, options: Options, sized: str) -> str:
    """Add the clip that the ends come from, cut and resized as they are; return the id of the node that has its frames."""
    clip, _ = clips.choose(options.video, options.out, options.frames, clips.PASSENGER)
    load = graph.add(prompt, "LoadVideo", file=client.upload(clip))
    return graph.add(prompt, runs.FOOTAGE, **prompt[sized]["inputs"] | {"video": [load, 0], "frames": options.frames})


def _psnr(one: np.ndarray, two: np.ndarray) -> float:
    return round(masked_psnr(torch.from_numpy(one).float() / 255, torch.from_numpy(two).float() / 255), 3)
