"""The cost of a graph: its nodes run in this process, each timed, with encodings and optical flows counted."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import cv2
import torch

from lab.host.inprocess import load_pack

from .timing import timed

DEPTH = "InverseCrafterEstimateDepth"
"""Shown, and left out of the whole: any pack's depth may be used."""
Prompt = dict[str, dict[str, Any]]
"""A graph in the host's API form."""
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


def execute(prompt: Prompt, given: Outputs, classes: dict[str, Any]) -> tuple[Outputs, Cost]:
    """Run all that the last nodes of ``prompt`` need and is not ``given``; return the outputs and their cost."""
    made, cost = dict(given), Cost()

    def value(entry: Any) -> Any:
        linked = isinstance(entry, list) and len(entry) == 2 and entry[0] in prompt
        return run(entry[0])[entry[1]] if linked else entry

    def run(key: str) -> tuple[Any, ...]:
        if key not in made:
            node = prompt[key]
            inputs = {name: value(entry) for name, entry in node["inputs"].items()}
            with counting(cost, inputs.get("vae"), flows=node["class_type"] != DEPTH), torch.inference_mode():
                made[key], taken = timed(lambda: call(classes[node["class_type"]], inputs))
            cost.seconds[node["class_type"]] = cost.seconds.get(node["class_type"], 0.0) + taken
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
