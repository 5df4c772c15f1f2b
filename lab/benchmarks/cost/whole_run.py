"""The cost of the method from the source clip to the new one, beside the bare model's run: the shipped graph, node by node.

The recapture workflow runs in this process on a rendered clip, its nodes in order, each timed. The bare run beside it is the
host's own: first frame encoded (``WanImageToVideo``), the same steps, decoded. Depth is shown and left out of the ratio, since
any pack's may be used. Encodings and optical flows are counted by wrapping the VAE and OpenCV's flow. The same ratio on paper,
for a real Wan 2.1 1.3B, comes from operations counted on its real layers (:mod:`lab.metrics.flops`) and the encodings
counted here.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from unittest.mock import patch

import cv2
import torch

from lab.benchmarks.report import Place, Row, row
from lab.data.unseen import scene_seeds
from lab.demo import graph
from lab.host.inprocess import load_pack
from lab.metrics.flops import network_flops, vae_flops
from lab.metrics.timing import seconds
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
DEPTH = "InverseCrafterEstimateDepth"
GUIDED, BARE = "InverseCrafterKSampler", "KSampler"
REAL_VIDEO, REAL_LATENT, REAL_STEPS = (81, 480, 832), (21, 60, 104), 50
Outputs = dict[str, tuple[Any, ...]]


@dataclass
class Cost:
    """The cost of one run.

    Attributes:
        seconds: processor time by class of node.
        encodings, flows: how often the VAE encoded, and how often optical flow was set up outside of depth.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    encodings: int = 0
    flows: int = 0

    @property
    def whole(self) -> float:
        """Seconds, depth left out."""
        return sum(taken for name, taken in self.seconds.items() if name != DEPTH)


def node_classes() -> dict[str, Any]:
    """Return the host's nodes and the pack's by class name."""
    load_pack()
    host = importlib.import_module("nodes").NODE_CLASS_MAPPINGS
    return host | {
        "ModelSamplingSD3": importlib.import_module("comfy_extras.nodes_model_advanced").ModelSamplingSD3,
        "WanImageToVideo": importlib.import_module("comfy_extras.nodes_wan").WanImageToVideo,
    }


def call(node: Any, inputs: dict[str, Any]) -> tuple[Any, ...]:
    """Return the outputs of a node, of either generation."""
    made = node.execute(**inputs).args if hasattr(node, "GET_SCHEMA") else getattr(node(), node.FUNCTION)(**inputs)
    return tuple(made)


def execute(prompt: graph.Prompt, given: Outputs, classes: dict[str, Any]) -> tuple[Outputs, Cost]:
    """Run all that the last nodes of ``prompt`` need and is not ``given``; return the outputs and their cost."""
    made, cost = dict(given), Cost()

    def value(entry: Any) -> Any:
        linked = isinstance(entry, list) and len(entry) == 2 and entry[0] in prompt
        return run(entry[0])[entry[1]] if linked else entry

    def run(key: str) -> tuple[Any, ...]:
        if key not in made:
            node = prompt[key]
            inputs = {name: value(entry) for name, entry in node["inputs"].items()}
            answer: list[tuple[Any, ...]] = []
            with counting(cost, inputs.get("vae"), flows=node["class_type"] != DEPTH), torch.inference_mode():
                taken = seconds(lambda: answer.append(call(classes[node["class_type"]], inputs)))
            cost.seconds[node["class_type"]] = cost.seconds.get(node["class_type"], 0.0) + taken
            made[key] = answer[0]
        return made[key]

    fed = {entry[0] for node in prompt.values() for entry in node["inputs"].values() if isinstance(entry, list)}
    for key in prompt.keys() - fed:
        run(key)
    return made, cost


@contextmanager
def counting(cost: Cost, vae: Any, flows: bool) -> Iterator[None]:
    """Count the encodings of ``vae`` and the optical flows inside."""
    create = cv2.DISOpticalFlow.create

    class Flow:
        @staticmethod
        def create(*settings: Any) -> Any:
            cost.flows += 1
            return create(*settings)

    with patch.object(cv2, "DISOpticalFlow", Flow if flows else cv2.DISOpticalFlow):
        if vae is None:
            yield
            return
        encode = vae.encode

        def counted(*video: Any) -> Any:
            cost.encodings += 1
            return encode(*video)

        with patch.object(vae, "encode", counted):
            yield


def guided_prompt(clip: torch.Tensor) -> tuple[graph.Prompt, Outputs]:
    """Return the shipped recapture graph down to the decoded clip, its source given."""
    prompt = graph.load("recapture")
    source = graph.feeding(prompt, graph.find(prompt, DEPTH), "video")
    return graph.only_outputs(prompt, [graph.find(prompt, "VAEDecode")]), {source: (clip,)}


def bare_prompt(guided: graph.Prompt, clip: torch.Tensor) -> graph.Prompt:
    """Return a graph of the same model, text, steps and size, sampled by the host alone from the first frame."""
    key, decode = graph.find(guided, GUIDED), graph.find(guided, "VAEDecode")
    inpaint = guided[graph.find(guided, "InverseCrafterInpaintConditioning")]["inputs"]
    prompt = graph.only_outputs(guided, [decode])
    frames, height, width = clip.shape[:3]
    text = {name: inpaint[name] for name in ("positive", "negative", "vae")}
    first = graph.add(prompt, "WanImageToVideo", **text, width=width, height=height, length=frames, batch_size=1)
    prompt[first]["inputs"]["start_image"] = clip[:1]
    kept = {name: guided[key]["inputs"][name] for name in ("model", "seed", "steps", "cfg", "scheduler")}
    made = {name: [first, output] for output, name in enumerate(("positive", "negative", "latent_image"))}
    prompt[key] = {"class_type": BARE, "inputs": {**kept, **made, "sampler_name": "euler", "denoise": 1.0}}
    return graph.only_outputs(prompt, [decode])


def measure(seed: int, repeats: int) -> tuple[list[Cost], list[Cost]]:
    """Measure the guided and the bare run on an unseen scene, in turn."""
    clip = render(random_scene(scene_seeds(seed, 1)[0]), frame_times(FRAMES), HEIGHT, WIDTH).colour
    classes = node_classes()
    guided, given = guided_prompt(clip)
    loaded, _ = execute(shared(guided), {}, classes)
    bare = bare_prompt(guided, clip)
    runs: tuple[list[Cost], list[Cost]] = [], []
    for _ in range(repeats):
        for prompt, costs in zip((guided, bare), runs, strict=True):
            costs.append(execute(prompt, loaded | given, classes)[1])
    return runs


def shared(prompt: graph.Prompt) -> graph.Prompt:
    """Return the part of a graph that loads models and encodes text."""
    return {key: node for key, node in prompt.items() if node["class_type"] in SHARED}


def on_this_model(guided: list[Cost], bare: list[Cost]) -> list[Row]:
    """Return the rows of :func:`measure`, medians over its runs."""
    place, plain = Place(case="embedded model, whole run"), median(cost.whole for cost in bare)
    ratio = median(one.whole / other.whole for one, other in zip(guided, bare, strict=True))
    own, share = guided[0].encodings - 1 - bare[0].encodings, "% of the bare run"
    rows = [
        row("over the bare model's", ratio, "x", most=MOST, **place),
        row("encodings beyond E(y) and the bare model's own", own, most=1, **place),
        row("optical flows, depth aside", guided[0].flows, most=0, **place),
        row("VAE encodings", guided[0].encodings, **place),
        row("the bare model's, first frame encoded", plain, "s", **place),
    ]
    for name in guided[0].seconds:
        taken = median(cost.seconds[name] for cost in guided)
        aside = ", not counted above" if name == DEPTH else ""
        rows.append(row(f"{name.removeprefix('InverseCrafter')}{aside}", 100 * taken / plain, share, **place))
    return rows


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
    guided, bare = measure(seed, repeats)
    return on_this_model(guided, bare) + on_paper(guided[0].encodings)
