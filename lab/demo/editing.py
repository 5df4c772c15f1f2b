"""The editing job: a thing replaced by words, and an edit of the first frame that follows the clip; both shipped workflows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from inversecrafter_core.editing import box_region
from inversecrafter_core.errors import InputError
from lab.data import sheet
from lab.data.scenes.recoloured import recoloured
from lab.host import graph
from lab.host.server import Host
from lab.world import Scene, caption, frame_times, random_scene, render

from . import clips, pictures, runs
from .runs import Options

Box = tuple[int, int, int, int]

WORLD_SEED, WORLD_COLOUR = 3211, "red"
TIE = (0.45, 0.72, 0.27, 0.23)
"""Left, top, width and height of a box around the red bow tie in the real clip, as shares of the picture."""
RED = (1.8, 1.5)
"""Least ratios of red to green and to blue in a pixel that the demo's own edit makes blue."""


def run(client: Host, options: Options) -> dict[str, Any]:
    """Run both workflows, or the one whose input is given, and return the report that was written.

    With nothing given, words replace a thing of the rendered world, where the truth is known, and a real clip's bow tie changes
    its colour. A given clip is edited by ``prompt`` within ``box``, by the picture ``edited``, or by both.
    """
    own = options.video is not None
    if own and options.prompt is None and options.edited is None:
        raise InputError("VIDEO", "no edit of it", "Give PROMPT and BOX, or EDITED: the first frame after your edit.")
    report, rows = options.reported(), runs.Clips()
    if not own or options.prompt is not None:
        report["text"] = _by_words(client, options, rows)
    if not own or options.edited is not None:
        report["propagation"] = _by_picture(client, options, rows)
    return runs.save(options.out, rows, report | {"peak_memory_bytes": client.peak_memory()})


def _by_words(client: Host, options: Options, rows: runs.Clips) -> dict[str, Any]:
    """Replace a thing by words: add rows of the sheet and return the report."""
    world = None if options.video is not None else random_scene(WORLD_SEED)
    clip, origin, words, box = world_clip(world, options) if world is not None else _own_clip(options)
    prompt = runs.prepared(client, options, "editing", video=clip, prompt=words, **named(box))
    made, report = _made_by(client, prompt, options, "text")
    shown = made.clips
    rows |= {"clip": shown["clip"], "what is replaced": shown["region"], f"generated: {words}"[:110]: shown["edited"]}
    if world is not None:
        truth = render(recoloured(world, WORLD_COLOUR), frame_times(options.frames), *options.size[::-1]).colour
        rows["the scene rendered so"] = sheet.as_bytes(truth)
    runs.save_card(options.out, "editing", shown, ("clip", "region"), "edited")
    return {"clip": origin, "prompt": words, "box": list(box), **report}


def _by_picture(client: Host, options: Options, rows: runs.Clips) -> dict[str, Any]:
    """Propagate an edited first frame: add rows of the sheet and return the report."""
    prompt, (_, edited), origin = propagation(client, options)
    carry = graph.find(prompt, "InverseCrafterPropagateEdit")
    links = {"carried": [carry, 0], "holes": runs.holes(prompt, carry)}
    made, report = _made_by(client, prompt, options, "propagation", links, {"carried": [carry, 2]})
    shown = made.clips
    rows |= {
        "clip, to be edited in its first frame": shown["clip"],
        "the edit, followed": shown["region"],
        "carried, holes in magenta": sheet.paint_holes(shown["carried"], shown["holes"]),
        "edit propagated": shown["edited"],
    }
    ends = {"clip": shown["clip"], "first frame, edited": shown["carried"][:1], "edited": shown["edited"]}
    runs.save_card(options.out, "edit_propagation", ends, ("clip", "first frame, edited"), "edited")
    return {"clip": origin, "edit": edited.name, **report}


def _made_by(
    client: Host,
    prompt: graph.Prompt,
    options: Options,
    name: str,
    links: runs.Links | None = None,
    texts: runs.Links | None = None,
) -> tuple[runs.Made, dict[str, Any]]:
    """Run a workflow; its video goes to the output folder. Return what it made, and its part of the report."""
    track, drift = (graph.find(prompt, f"InverseCrafter{kind}") for kind in ("TrackMask", "DriftReport"))
    stages = {"clip": prompt[track]["inputs"]["video"], "region": [track, 1], "edited": runs.result(prompt)}
    made = runs.run(
        client,
        prompt,
        f"editing, {name}",
        stages | (links or {}),
        {"track": [track, 2], "outside": [drift, 1]} | (texts or {}),
    )
    runs.keep_videos(options.out, name, made.videos)
    reports: dict[str, Any] = {key: text.splitlines() for key, text in made.texts.items()}
    return made, reports | {"outside": json.loads(made.texts["outside"]), "seconds_per_stage": made.seconds}


def propagation(client: Host, options: Options) -> tuple[graph.Prompt, tuple[Path, Path], str]:
    """Return the workflow that carries an edit with its files chosen; clip and edited first frame; where the clip is from."""
    clip, origin = clips.choose(options.video, options.out, options.frames, clips.PASSENGER)
    prompt = runs.prepared(client, options, "edit_propagation", video=clip)
    edited = edited_picture(client, prompt, options)
    graph.set_widgets(prompt, "LoadImage", image=client.upload(edited))
    return prompt, (clip, edited), origin


def named(box: Box) -> dict[str, int]:
    """Return the sides of a box by the names of the workflow's inputs."""
    return dict(zip(("box_x", "box_y", "box_width", "box_height"), box, strict=True))


def edited_picture(client: Host, prompt: graph.Prompt, options: Options) -> Path:
    """Return the given edit or, as a user would make it, the workflow's first frame with what is red in a box made blue."""
    if options.edited is not None:
        pictures.require_fit({"EDITED": pictures.read("EDITED", options.edited)}, options.size)
        return options.edited
    footage = graph.feeding(prompt, graph.find(prompt, "InverseCrafterTrackMask"), "video")
    first = graph.only_outputs(prompt, [footage])
    cut = graph.add(first, "ImageFromBatch", image=[footage, 0], batch_index=0, length=1)
    frame = runs.run(client, first, "first frame", {"first": [cut, 0]}).clips["first"][0]
    picture, box = torch.from_numpy(frame).float() / 255, options.box or _shares(TIE, options.size)
    red, green, blue = picture.unbind(-1)
    inside = box_region(*box, *picture.shape[:2]) & (red > RED[0] * green) & (red > RED[1] * blue)
    edited = options.out / "edited_first_frame.png"
    Image.fromarray(np.where(inside.numpy()[..., None], frame[..., ::-1], frame)).save(edited)
    return edited


def _shares(box: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    left, top, width, height = (round(share * size[i % 2]) for i, share in enumerate(box))
    return left, top, width, height


def world_clip(world: Scene, options: Options) -> tuple[Path, str, str, Box]:
    """Render a clip; return it, where it is from, the prompt, and the box around its nearest thing in the first frame."""
    painted, size = recoloured(world, WORLD_COLOUR), options.size[::-1]
    path = clips.render_clip(world, options.out / "world.mp4", options.frames, options.size)
    plain, other = (render(scene, frame_times(1), *size).colour[0] for scene in (world, painted))
    differs = (plain - other).abs().amax(-1) > 0.1
    rows, columns = (differs.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
    box = (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    return path, clips.OF_THE_WORLD, options.prompt or caption(painted), box


def _own_clip(options: Options) -> tuple[Path, str, str, Box]:
    clip, origin = clips.choose(options.video, options.out, options.frames, clips.PASSENGER)
    if options.box is None:
        raise InputError("BOX", "none", "Give BOX=x,y,width,height around the thing in the first frame, in pixels of SIZE.")
    return clip, origin, options.prompt or "", options.box
