"""Small networks and VAEs of a family with random weights, as files that the host's stock loaders read."""

from __future__ import annotations

import inspect
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import save_file

from lab.host.smaller import host_class, smaller

from .record import Build, Family

BUFFERS_OF_THE_FILE = ("per_channel_statistics", "mask_token", "_conditioning")


def write(build: Build, path: Path, seed: int = 0) -> Path:
    """Write a small network with seeded random weights. Raises HostLacks when the host has no such class; returns the path."""
    model = initialise(_module(build), seed)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    state |= {name: torch.zeros(shape) for name, shape in build.extra.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, path, {key: json.dumps(value) for key, value in build.metadata.items()})
    return path


def _module(build: Build) -> torch.nn.Module:
    from lab.host.modules.wan import disable_weight_init

    chosen: Any = host_class(build.name)
    settings = {"operations": disable_weight_init, "dtype": torch.float32}
    arguments = build.arguments
    if build.accepts:
        listed = inspect.signature(host_class(build.accepts)).parameters
        arguments = {key: value for key, value in arguments.items() if key in listed}
    taken = inspect.signature(chosen).parameters
    with smaller(build.constants):
        return chosen(**arguments, **{key: value for key, value in settings.items() if key in taken})


def initialise(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Set every weight: norms to one, biases small, matrices to variance 1 / fan-in, so activations stay of order one.

    Buffers keep the values they were built with, except those that the host leaves to the file.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in sorted(model.state_dict(keep_vars=True).items()):
            if name.endswith("inv_freq"):
                tensor.copy_(10000.0 ** -torch.linspace(0, 1, len(tensor)))
            elif name in weights or any(part in name for part in BUFFERS_OF_THE_FILE):
                tensor.copy_(_random_weight(name, tensor, generator))
    return model


def _random_weight(name: str, tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    fresh = torch.randn(tensor.shape, generator=generator)
    if _is_scale(name):
        return 1 + 0.02 * fresh
    if tensor.ndim < 2 or "modulation" in name:
        return 0.02 * fresh
    return fresh / math.sqrt(tensor[0].numel())


def _is_scale(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last in {"gamma", "scale", "std-of-means"} or ("norm" in name and last == "weight")


def load_network(family: Family, path: Path, **options: Any) -> Any:
    """Load a network file as ``UNETLoader`` does. Returns a ``ModelPatcher``."""
    from lab.host.modules.loaders import load_diffusion_model

    with smaller(family.network.constants):
        return load_diffusion_model(str(path), model_options=options)


def conditioning(family: Family, tokens: int = 8, seed: int = 0) -> list[list[Any]]:
    """Make CONDITIONING as the family's encoders would: ``[[text [1, tokens, width], extras]]``."""
    generator = torch.Generator().manual_seed(seed)
    random = lambda *shape: torch.randn(shape, generator=generator)  # noqa: E731
    needed = family.conditioning
    extras: dict[str, Any] = {"pooled_output": random(1, needed.pooled) if needed.pooled else None}
    if needed.mask:
        extras["attention_mask"] = torch.ones(1, tokens, dtype=torch.long)
    if needed.image_tokens:
        image = random(1, *needed.image_tokens)
        extras["clip_vision_output"] = SimpleNamespace(penultimate_hidden_states=image, last_hidden_state=image)
    if needed.clean_channels:
        extras["condition"] = random(1, needed.clean_channels, *family.latent_shape[1:])
    return [[random(1, tokens, needed.width), extras]]


def empty_latent(family: Family) -> Any:
    """Make the empty latent of the smallest clip: a tensor, or the host's nested tensor of video and sound."""
    video = torch.zeros(1, *family.latent_shape)
    if family.audio is None:
        return video
    from lab.host.modules.loaders import NestedTensor

    return NestedTensor((video, torch.zeros(1, *family.audio)))
