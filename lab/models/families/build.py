"""Small networks and VAEs of a family with random weights, as files that the host's stock loaders read."""

from __future__ import annotations

import inspect
import json
import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from lab.host.smaller import host_class, smaller

from .record import Build, Conditioning, Family


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

    Statistics kept as buffers become a standard deviation near one and a mean near zero.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = dict(model.named_parameters())
    with torch.no_grad():
        for name, tensor in sorted(model.state_dict(keep_vars=True).items()):
            if name not in weights and "statistics" not in name:
                continue
            fresh = torch.randn(tensor.shape, generator=generator)
            if _is_scale(name):
                fresh = 1 + 0.02 * fresh
            elif tensor.ndim < 2 or "modulation" in name:
                fresh = 0.02 * fresh
            else:
                fresh = fresh / math.sqrt(tensor[0].numel())
            tensor.copy_(fresh)
    return model


def _is_scale(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last in {"gamma", "scale", "std-of-means"} or ("norm" in name and last == "weight")


def load_network(family: Family, path: Path, **options: Any) -> Any:
    """Load a network file as ``UNETLoader`` does. Returns a ``ModelPatcher``."""
    from lab.host.modules.loaders import load_diffusion_model

    with smaller(family.network.constants):
        return load_diffusion_model(str(path), model_options=options)


def load_vae(family: Family, path: Path) -> Any:
    """Load a VAE file as ``VAELoader`` does. Returns a ``comfy.sd.VAE``."""
    from lab.host.modules.loaders import VAE, load_torch_file

    with smaller(family.vae.constants):
        vae = VAE(sd=load_torch_file(str(path)))
    vae.throw_exception_if_invalid()
    return vae


def conditioning(needed: Conditioning, tokens: int = 8, seed: int = 0) -> list[list[Any]]:
    """Make CONDITIONING as the family's encoders would: ``[[text [1, tokens, width], extras]]``."""
    generator = torch.Generator().manual_seed(seed)
    random = lambda *shape: torch.randn(shape, generator=generator)  # noqa: E731
    extras: dict[str, Any] = {}
    if needed.pooled:
        extras["pooled_output"] = random(1, needed.pooled)
    if needed.mask:
        extras["attention_mask"] = torch.ones(1, tokens, dtype=torch.long)
    if needed.image_tokens:
        extras["clip_vision_output"] = _clip_vision(random(1, *needed.image_tokens))
    return [[random(1, tokens, needed.width), extras]]


def _clip_vision(tokens: torch.Tensor) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(penultimate_hidden_states=tokens, last_hidden_state=tokens)
