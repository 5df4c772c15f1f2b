"""The cost of the method from the source clip to the new one, beside the bare model's run: the shipped graph, node by node.

The recapture workflow runs in this process on a rendered clip, its nodes in order, each timed. The bare run beside it is the
host's own: first frame encoded (``WanImageToVideo``), the same steps, decoded. Depth is shown and left out of the ratio, since
any pack's may be used. Encodings and optical flows are counted by wrapping the VAE and OpenCV's flow.

The embedded model has no input for a first frame, so the pack encodes none for it. *Image to video* is the same run with the
first frame encoded all the same, as checkpoints that take it need. That ratio on paper, for a real Wan 2.1 1.3B of that kind,
comes from operations counted on its real layers (:mod:`lab.metrics.flops`) and the encodings counted here.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

import torch

from inversecrafter_client import Workflow
from lab.benchmarks.report import Place, Row, row
from lab.data.unseen import scene_seeds
from lab.host import graph
from lab.metrics.flops import network_flops, vae_flops
from lab.metrics.graph_cost import DEPTH, Cost, Outputs, execute, node_classes
from lab.world import frame_times, random_scene, render

FRAMES, HEIGHT, WIDTH = 17, 128, 192
MOST = 1.25
SHARED = (
    "UNETLoader",
    "VAELoader",
    "CLIPLoader",
    "InverseCrafterLoadDepthModel",
    "ModelSamplingSD3",
    "InverseCrafterTextEncode",
)
"""Made once for both runs: loaded models and text."""
GUIDED, BARE = "InverseCrafterKSampler", "KSampler"
INPAINT, FIRST_FRAME = "InverseCrafterInpaintConditioning", "WanImageToVideo"
REAL_VIDEO, REAL_LATENT, REAL_STEPS = (81, 480, 832), (21, 60, 104), 50


class Runs(NamedTuple):
    """The costs of every repeat: the guided run, the same as for an image-to-video checkpoint, and the bare one."""

    guided: list[Cost]
    image_to_video: list[Cost]
    bare: list[Cost]


def guided_prompt(clip: torch.Tensor) -> tuple[graph.Prompt, Outputs]:
    """Return the shipped recapture graph down to the decoded clip, its source given."""
    prompt = Workflow.named("recapture").json
    source = graph.feeding(prompt, graph.find(prompt, DEPTH), "video")
    return graph.only_outputs(prompt, [graph.find(prompt, "VAEDecode")]), {source: (clip,)}


def image_to_video_prompt(guided: graph.Prompt) -> graph.Prompt:
    """Return the guided graph with its first frame encoded whatever the model takes."""
    key = graph.find(guided, INPAINT)
    inputs = {name: entry for name, entry in guided[key]["inputs"].items() if name != "model"}
    return guided | {key: guided[key] | {"inputs": inputs}}


def bare_prompt(guided: graph.Prompt, clip: torch.Tensor) -> graph.Prompt:
    """Return a graph of the same model, text, steps and size, sampled by the host alone from the first frame."""
    key, decode = graph.find(guided, GUIDED), graph.find(guided, "VAEDecode")
    inpaint = guided[graph.find(guided, INPAINT)]["inputs"]
    prompt = graph.only_outputs(guided, [decode])
    frames, height, width = clip.shape[:3]
    text = {name: inpaint[name] for name in ("positive", "negative", "vae")}
    first = graph.add(prompt, FIRST_FRAME, **text, width=width, height=height, length=frames, batch_size=1)
    prompt[first]["inputs"]["start_image"] = clip[:1]
    kept = {name: guided[key]["inputs"][name] for name in ("model", "seed", "steps", "cfg", "scheduler")}
    made = {name: [first, output] for output, name in enumerate(("positive", "negative", "latent_image"))}
    prompt[key] = {"class_type": BARE, "inputs": {**kept, **made, "sampler_name": "euler", "denoise": 1.0}}
    return graph.only_outputs(prompt, [decode])


def measure(seed: int, repeats: int) -> Runs:
    """Measure the runs on an unseen scene, in turn."""
    clip = render(random_scene(scene_seeds(seed, 1)[0]), frame_times(FRAMES), HEIGHT, WIDTH).colour
    classes = node_classes()
    guided, given = guided_prompt(clip)
    loaded, _ = execute(shared(guided), {}, classes)
    prompts, runs = (guided, image_to_video_prompt(guided), bare_prompt(guided, clip)), Runs([], [], [])
    for _ in range(repeats):
        for prompt, costs in zip(prompts, runs, strict=True):
            costs.append(execute(prompt, loaded | given, classes)[1])
    return runs


def shared(prompt: graph.Prompt) -> graph.Prompt:
    """Return the part of a graph that loads models and encodes text."""
    return {key: node for key, node in prompt.items() if node["class_type"] in SHARED}


def on_this_model(runs: Runs) -> list[Row]:
    """Return the rows of :func:`measure`, medians over its repeats."""
    guided, image_to_video, bare = runs
    place, plain = Place(case="embedded model, whole run"), median(cost.whole for cost in bare)
    own, share = guided[0].encodings - 1 - bare[0].encodings, "% of the bare run"
    sampled = [cost.whole - cost.seconds.get(FIRST_FRAME, 0.0) for cost in bare]
    rows = [
        row("over the bare model's", over(guided, [cost.whole for cost in bare]), "x", most=MOST, **place),
        row("encodings beyond E(y) and the bare model's own", own, most=1, **place),
        row("optical flows, depth aside", guided[0].flows, most=0, **place),
        row("VAE encodings", guided[0].encodings, **place),
        row("over the bare model's, image to video", over(image_to_video, [cost.whole for cost in bare]), "x", **place),
        row("VAE encodings, image to video", image_to_video[0].encodings, **place),
        row("over the bare model's from text, nothing encoded", over(guided, sampled), "x", **place),
        row("the bare model's, first frame encoded", plain, "s", **place),
    ]
    for name in guided[0].seconds:
        taken = median(cost.seconds[name] for cost in guided)
        aside = ", not counted above" if name == DEPTH else ""
        rows.append(row(f"{name.removeprefix('InverseCrafter')}{aside}", 100 * taken / plain, share, **place))
    return rows


def over(costs: list[Cost], bare: list[float]) -> float:
    """Return the median ratio of whole runs to the seconds of the bare ones."""
    return median(one.whole / other for one, other in zip(costs, bare, strict=True))


def on_paper(encodings: int) -> list[Row]:
    """Return the same ratio for Wan 2.1 1.3B: 50 steps of two passes each, and as many encodings as were counted here."""
    network, (encoding, decoding) = network_flops(REAL_LATENT), vae_flops(REAL_VIDEO)
    bare = 2 * REAL_STEPS * network + encoding + decoding
    place, share = Place(case="Wan 2.1 1.3B, 81x480x832, counted operations"), "% of the bare run"
    return [
        row("whole run over the bare model's", (bare + (encodings - 1) * encoding) / bare, "x", most=MOST, **place),
        row(f"bare run, {REAL_STEPS} steps with CFG", bare / 1e15, "PFLOP", **place),
        row("one encoding", 100 * encoding / bare, share, **place),
        row("decoding", 100 * decoding / bare, share, **place),
    ]


def whole_run_rows(seed: int, repeats: int) -> list[Row]:
    """Measure the whole run and count it on paper."""
    runs = measure(seed, repeats)
    return on_this_model(runs) + on_paper(runs.image_to_video[0].encodings)
