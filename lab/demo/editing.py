"""The editing job: a thing replaced by words, and an edit of the first frame that follows the clip; both shipped workflows."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from inversecrafter_core.editing import box_region
from inversecrafter_core.errors import InputError
from lab.data import sheet
from lab.host import graph
from lab.host.server import Client, Outcome
from lab.world import Scene, caption, frame_times, random_scene, render
from lab.world.caption import named_things
from lab.world.scene import Texture

from . import clips, pictures, runs
from .runs import Options

Box = tuple[int, int, int, int]
Rows = dict[str, np.ndarray]

WORLD_SEED, WORLD_COLOUR = 3211, "red"
TIE = (0.45, 0.72, 0.27, 0.23)
"""Around the red bow tie in the real clip: left, top, width and height as shares of the picture."""
RED = (1.8, 1.5)
"""Least ratios of red to green and to blue in a pixel that the demo's own edit makes blue."""


def run(client: Client, options: Options) -> dict[str, Any]:
    """Queue both workflows, or the one whose input is given, and return the report that was written.

    With nothing given, words replace a thing of the rendered world, where the truth is known, and a real clip's bow tie changes
    its colour. A given clip is edited by ``prompt`` within ``box``, by the picture ``edited``, or by both.
    """
    runs.check(options)
    own = options.video is not None
    if own and options.prompt is None and options.edited is None:
        raise InputError("VIDEO", "no edit of it", "Give PROMPT and BOX, or EDITED: the first frame after your edit.")
    report: dict[str, Any] = {"frames": options.frames, "size": list(options.size), "seed": options.seed}
    rows: Rows = {}
    if not own or options.prompt is not None:
        report["text"] = _by_words(client, options, rows)
    if not own or options.edited is not None:
        report["propagation"] = _by_picture(client, options, rows)
    report["peak_memory_bytes"] = client.peak_memory()
    runs.save(options.out, "editing", rows, [], report)
    return report


def _by_words(client: Client, options: Options, rows: Rows) -> dict[str, Any]:
    """Text-guided inpainting."""
    world = None if options.video is not None else random_scene(WORLD_SEED)
    prompt = graph.load("editing")
    clip, origin, words, box = _world_clip(world, options) if world is not None else _own_clip(options)
    _set_clip(client, prompt, clip, options)
    left, top, width, height = box
    graph.set_widgets(prompt, "InverseCrafterTrackMask", x=left, y=top, width=width, height=height)
    positive = graph.feeding(prompt, graph.find(prompt, "InverseCrafterInpaintConditioning"), "positive")
    prompt[positive]["inputs"]["prompt"] = words
    graph.set_widgets(prompt, "SamplerCustom", noise_seed=options.seed)
    parts, reports, outcome = _taken(client, prompt, options, "text")
    rows |= {"clip": parts["clip"], "what is replaced": parts["region"], f"generated: {words}"[:110]: parts["edited"]}
    if world is not None:
        painted, _ = _painted(world)
        truth = render(painted, frame_times(options.frames), *options.size[::-1]).colour
        rows["the scene rendered so"] = (truth * 255).round().byte().numpy()
    runs.save_card(options.out, "editing", parts, ("clip", "region"), "edited")
    seconds = runs.stage_seconds(prompt, outcome)
    return {"clip": origin, "prompt": words, "box": list(box), **reports, "seconds_per_stage": seconds}


def _by_picture(client: Client, options: Options, rows: Rows) -> dict[str, Any]:
    """Edit propagation."""
    clip, origin = clips.choose(options.video, options.out, options.frames, clips.PASSENGER)
    clips.require_frames(clip, options.frames)
    prompt = graph.load("edit_propagation")
    _set_clip(client, prompt, clip, options)
    edited = _edited_picture(client, prompt, options)
    graph.set_widgets(prompt, "LoadImage", image=client.upload(edited))
    scale = graph.feeding(prompt, graph.find(prompt, "InverseCrafterPropagateEdit"), "edited")
    graph.set_inputs(prompt, scale, width=options.size[0], height=options.size[1])
    graph.set_widgets(prompt, "SamplerCustom", noise_seed=options.seed)
    parts, reports, outcome = _taken(client, prompt, options, "propagation")
    rows |= {
        "clip, to be edited in its first frame": parts["clip"],
        "the edit, followed": parts["region"],
        "carried, holes in magenta": sheet.paint_holes(parts["carried"], parts["holes"]),
        "edit propagated": parts["edited"],
    }
    ends = {"clip": parts["clip"], "first frame, edited": parts["carried"][:1], "edited": parts["edited"]}
    runs.save_card(options.out, "edit_propagation", ends, ("clip", "first frame, edited"), "edited")
    return {"clip": origin, "edit": edited.name, **reports, "seconds_per_stage": runs.stage_seconds(prompt, outcome)}


def _taken(client: Client, prompt: graph.Prompt, options: Options, name: str) -> tuple[Rows, dict[str, Any], Outcome]:
    """Run a workflow: what flowed through it, what it says of itself, the outcome; its video goes to the output folder."""
    if options.steps:
        graph.set_widgets(prompt, "BasicScheduler", steps=options.steps)
    track, drift = (graph.find(prompt, f"InverseCrafter{kind}") for kind in ("TrackMask", "DriftReport"))
    outputs = {"clip": prompt[track]["inputs"]["video"], "region": [track, 1], "edited": runs.made(prompt)}
    sources = {"track": [track, 2], "outside": [drift, 1]}
    if any(node["class_type"] == "InverseCrafterPropagateEdit" for node in prompt.values()):
        carry = graph.find(prompt, "InverseCrafterPropagateEdit")
        outputs |= {"carried": [carry, 0], "holes": [graph.add(prompt, "MaskToImage", mask=[carry, 1]), 0]}
        sources["carried"] = [carry, 2]
    taps = runs.tap_pictures(prompt, outputs)
    texts = {key: graph.add(prompt, "PreviewAny", source=source) for key, source in sources.items()}
    outcome = runs.run(client, prompt, f"editing, {name}")
    parts = runs.take_parts(client, outcome, taps)
    for video in client.files(outcome, graph.find(prompt, "SaveVideo")):
        shutil.move(video, options.out / f"{name}{video.suffix}")
    reports: dict[str, Any] = {key: outcome.outputs[node]["text"][0].splitlines() for key, node in texts.items()}
    return parts, reports | {"outside": json.loads("".join(reports["outside"]))}, outcome


def _set_clip(client: Client, prompt: graph.Prompt, clip: Path, options: Options) -> None:
    graph.set_widgets(prompt, "LoadVideo", file=client.upload(clip))
    track = graph.find(prompt, "InverseCrafterTrackMask")
    scale = graph.feeding(prompt, track, "video")
    graph.set_inputs(prompt, scale, width=options.size[0], height=options.size[1])
    graph.set_inputs(prompt, graph.feeding(prompt, scale, "image"), length=options.frames)


def _edited_picture(client: Client, prompt: graph.Prompt, options: Options) -> Path:
    """The given edit or, as a user would, the first frame out of the workflow with what is red in a box made blue."""
    if options.edited is not None:
        pictures.require_fit({"EDITED": pictures.read("EDITED", options.edited)}, options.size)
        return options.edited
    first = graph.only_outputs(prompt, [graph.feeding(prompt, graph.find(prompt, "InverseCrafterTrackMask"), "video")])
    cut = graph.add(first, "ImageFromBatch", image=[max(first, key=int), 0], batch_index=0, length=1)
    tap = runs.tap_pictures(first, {"first": [cut, 0]})
    frame = runs.take_parts(client, runs.run(client, first, "first frame"), tap)["first"][0]
    picture, box = torch.from_numpy(frame).float() / 255, options.box or _shares(TIE, options.size)
    red, green, blue = picture.unbind(-1)
    inside = box_region(*box, *picture.shape[:2]) & (red > RED[0] * green) & (red > RED[1] * blue)
    edited = options.out / "edited_first_frame.png"
    Image.fromarray(np.where(inside.numpy()[..., None], frame[..., ::-1], frame)).save(edited)
    return edited


def _shares(box: tuple[float, float, float, float], size: tuple[int, int]) -> Box:
    left, top, width, height = (round(share * size[i % 2]) for i, share in enumerate(box))
    return left, top, width, height


def _painted(world: Scene) -> tuple[Scene, str]:
    """The scene with its nearest thing in the wanted colour, and its caption."""
    thing = named_things(world)[0]
    texture = Texture("plain", WORLD_COLOUR, WORLD_COLOUR, 1.0, 0)
    things = tuple(dataclasses.replace(each, texture=texture) if each is thing else each for each in world.things)
    painted = dataclasses.replace(world, things=things)
    return painted, caption(painted)


def _world_clip(world: Scene, options: Options) -> tuple[Path, str, str, Box]:
    """A rendered clip, where it is from, the prompt, and the box around its nearest thing in the first frame."""
    painted, words = _painted(world)
    size = options.size[::-1]
    clip = render(world, frame_times(options.frames), *size).colour
    path = options.out / "world.mp4"
    sheet.write_video(path, (clip * 255).round().byte().numpy(), fps=clips.WORLD_RATE)
    differs = (clip[0] - render(painted, frame_times(1), *size).colour[0]).abs().amax(-1) > 0.1
    rows, columns = (differs.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
    box = (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    return path, "rendered by the synthetic world", options.prompt or words, box


def _own_clip(options: Options) -> tuple[Path, str, str, Box]:
    clip, origin = clips.choose(options.video, options.out, options.frames, clips.PASSENGER)
    clips.require_frames(clip, options.frames)
    if options.box is None:
        raise InputError("BOX", "none", "Give BOX=x,y,width,height around the thing in the first frame, in pixels of SIZE.")
    return clip, origin, options.prompt or "", options.box
