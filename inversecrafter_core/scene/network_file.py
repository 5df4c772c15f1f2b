"""The file of the scene network: safetensors with the metadata ``format = "inversecrafter.scene_network"`` and ``version``.

Tensors are the network's state dict in fp16 under its own names; ``sizes`` in the metadata are the fields of its
:class:`~.network.SceneNetworkSpec` as JSON, and ``network`` is the name that its states carry. States of other weights mean
other things, so the name ends with a digest of the weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path

import torch
from safetensors.torch import save_file

from ..errors import InputError
from ..files import first_mismatch, read_marked
from .layers import FUNCTIONS
from .network import SceneNetwork, SceneNetworkSpec

FORMAT = "inversecrafter.scene_network"
VERSION = "1"
NAME = "scene model file"
EXPECTED = f"Expected a scene network as safetensors with the metadata format={FORMAT}."
LARGEST = 4096
"""Largest accepted size, so that a damaged file does not ask for all the memory there is."""


def save_scene_network(path: str | Path, network: SceneNetwork, **notes: str) -> None:
    """Write the network in fp16; ``notes`` (licence, recipe, commit) are more metadata strings."""
    state = {name: value.detach().cpu().half().contiguous() for name, value in network.state_dict().items()}
    metadata = {"format": FORMAT, "version": VERSION, "sizes": json.dumps(asdict(network.spec))}
    metadata["network"] = f"{Path(path).stem}-{_digest(state)}"
    save_file(state, str(path), metadata | notes)


def load_scene_network(path: str | Path) -> SceneNetwork:
    """Read a file into a float32 network in evaluation mode, on the CPU.

    Raises:
        InputError: the file is missing, unreadable, something else, or does not fit the network it describes.
    """
    path = Path(path)
    state, metadata = read_marked(path, NAME, FORMAT, VERSION, EXPECTED)
    network = SceneNetwork(_spec(path.name, metadata), metadata.get("network", path.stem))
    wrong = first_mismatch(state, network.state_dict())
    if wrong is not None:
        raise InputError(NAME, f"{path.name}: tensor '{wrong}' is missing, unknown or of another shape", EXPECTED)
    network.load_state_dict({key: value.float() for key, value in state.items()})
    return network.train(False)


def _digest(state: dict[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(state[name].numpy().tobytes())
    return digest.hexdigest()[:8]


def _spec(name: str, metadata: dict[str, str]) -> SceneNetworkSpec:
    try:
        found = json.loads(metadata.get("sizes", ""))
        sizes = {field.name: found[field.name] for field in fields(SceneNetworkSpec)}
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(NAME, f"{name} has no readable sizes in its metadata", EXPECTED) from error
    if not all(type(value) is int and 0 < value <= LARGEST for value in sizes.values()):
        raise InputError(NAME, f"{name} has sizes {sizes}", f"They must be whole numbers of 1 to {LARGEST}.")
    spec = SceneNetworkSpec(**sizes)
    if spec.width % FUNCTIONS or spec.width % spec.heads:
        found = f"{name} has width {spec.width} for {spec.heads} heads"
        raise InputError(NAME, found, f"It must be a multiple of both {FUNCTIONS} and that.")
    return spec
