"""The scene adapter as one file: state adapter, pose control, and the change of the video model's self-attention.

The file is safetensors with the metadata ``format = "inversecrafter.scene_adapter"``, ``version = "1"``, ``network`` (of the
states), ``every`` (the states used, see :func:`kept_states`) and ``dim`` (width of the video model's tokens), and these
tensors:

=======================================  =======================================================================================
tensors                                  contents
=======================================  =======================================================================================
``adapter.*``                            :class:`StateAdapter`
``pose.*``                               :class:`PoseControl`
``diffusion_model.blocks.0.self_attn.*``  changes of the video model's weights (``.diff``), as the host's LoRA loader reads them
``signature``                            the video model's ``head.modulation``, by which it is recognised
=======================================  =======================================================================================

The other sizes follow from the tensors' shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from ..errors import InputError
from ..files import first_mismatch, read_marked
from ..latent_grid import WAN
from .adapter import StateAdapter
from .attention import SceneContext
from .pose_control import PoseControl, TokenCameras

FORMAT = "inversecrafter.scene_adapter"
VERSION = "1"
NAME = "scene adapter file"
EXPECTED = f"Expected a scene adapter as safetensors with the metadata format={FORMAT}."
WEIGHTS = "diffusion_model."
"""Prefix of the video model's changed weights."""
SIGNATURE = "signature"


@dataclass(frozen=True)
class AdapterSpec:
    """Sizes of a scene adapter and the models that it was trained with.

    Attributes:
        network: name of the network that made the states.
        every: distance of the states used, in source frames.
        state_width: ``d`` of the states.
        channels: of the VAE.
        layers, dim: blocks of the video model, and the width of its tokens.
        width, depth, hidden: of the adapter, and of the pose control.
    """

    network: str
    every: int
    state_width: int
    channels: int = 16
    layers: int = 6
    dim: int = 256
    width: int = 128
    depth: int = 2
    hidden: int = 192


class SceneAdapter(nn.Module):
    """The networks of a scene adapter, besides the video model's own."""

    def __init__(self, spec: AdapterSpec):
        super().__init__()
        self.spec = spec
        self.adapter = StateAdapter(spec.state_width, spec.channels, spec.width, spec.depth)
        self.pose = PoseControl(spec.layers, spec.dim, spec.hidden)

    def context(
        self,
        latents: torch.Tensor,
        states: torch.Tensor | None,
        times: list[int],
        source: TokenCameras,
        target: TokenCameras,
    ) -> SceneContext:
        """Return the context of a run.

        Args:
            latents: ``[b, C, T', h, w]``, the source clip in model space.
            states: ``[k, s, d]`` of the moments ``times``, or None.
            times: latent frames of the states.
            source, target: cameras of the latent frames, ``T'`` each.
        """
        height, width = latents.shape[-2:]
        rows, columns = -(-height // WAN.patch), -(-width // WAN.patch)
        control = [self.pose.of_source(source.features(rows, columns), of_states=False)]
        frames, moments = [latents], list(range(latents.shape[2]))
        if states is not None:
            found = self.adapter(states, height, width).transpose(0, 1)[None].to(latents)
            frames.append(found.expand(len(latents), -1, -1, -1, -1))
            control.append(self.pose.of_source(source[times].features(rows, columns), of_states=True))
            moments += times
        toward = self.pose.of_target(target.features(rows, columns))
        return SceneContext(torch.cat(frames, 2), moments, torch.cat(control, -2), toward)


@dataclass(frozen=True)
class AdapterFile:
    """The contents of a file: the networks, the changes of the video model's weights by their keys, and its signature."""

    model: SceneAdapter
    changes: dict[str, torch.Tensor]
    signature: torch.Tensor


def read_scene_adapter(path: str | Path) -> AdapterFile:
    """Return the scene adapter in a file, on the CPU in float32.

    Raises:
        InputError: the file is missing, corrupt, or no scene adapter; the message names what was found and what was expected.
    """
    path = Path(path)
    state, metadata = read_marked(path, NAME, FORMAT, VERSION, EXPECTED)
    signature = state.pop(SIGNATURE, None)
    changes = {key: state.pop(key) for key in list(state) if key.startswith(WEIGHTS)}
    if signature is None or not changes:
        missing = SIGNATURE if signature is None else f"tensors {WEIGHTS}..."
        raise InputError(NAME, f"{path.name} has no {missing}", EXPECTED)
    spec = _spec(path.name, state, metadata)
    model = SceneAdapter(spec)
    _require_tensors(path.name, model.state_dict(), state)
    model.load_state_dict({key: value.float() for key, value in state.items()})
    return AdapterFile(model.train(False).requires_grad_(False), changes, signature.float())


def save_scene_adapter(
    path: str | Path, file: AdapterFile, notes: Mapping[str, str] | None = None, kind: torch.dtype = torch.float16
) -> None:
    """Write a scene adapter; ``notes`` are more metadata, ``kind`` is the type of the numbers."""
    spec = file.model.spec
    metadata = {"format": FORMAT, "version": VERSION, "network": spec.network, "every": str(spec.every)}
    metadata |= {"dim": str(spec.dim), **(notes or {})}
    tensors = {**file.model.state_dict(), **file.changes, SIGNATURE: file.signature}
    stored = {key: value.detach().cpu().to(kind).contiguous() for key, value in tensors.items()}
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    save_file(stored, str(path), metadata)


def _spec(name: str, state: dict[str, torch.Tensor], metadata: dict[str, str]) -> AdapterSpec:
    every, network = metadata.get("every", ""), metadata.get("network", "")
    if not every.isdigit() or int(every) < 1 or not network:
        raise InputError(NAME, f"{name} has network='{network}' and every='{every}' in its metadata", EXPECTED)
    try:
        read, write = state["adapter.norm.weight"], state["adapter.write.weight"]
        hidden, out = state["pose.target.0.weight"], state["pose.target.4.weight"]
    except KeyError as error:
        raise InputError(NAME, f"{name} has no tensor {error}", EXPECTED) from error
    dim = metadata.get("dim", "")
    if not dim.isdigit() or len(out) % max(1, int(dim)):
        raise InputError(NAME, f"{name} has dim='{dim}' for a pose control of {len(out)} outputs", EXPECTED)
    depth = len({key.split(".")[2] for key in state if key.startswith("adapter.layers.")})
    layers = len(out) // int(dim)
    sizes = (len(read), len(write), layers, int(dim), write.shape[1], depth, len(hidden))
    return AdapterSpec(network, int(every), *sizes)


def _require_tensors(name: str, wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor]) -> None:
    """Raise :class:`InputError` unless both have the same names and shapes."""
    key = first_mismatch(found, wanted)
    if key is not None:
        shapes = [str(tuple(state[key].shape)) if key in state else "nothing" for state in (found, wanted)]
        advice = "The file is damaged or of another version: download it once more, or train one."
        raise InputError(NAME, f"{name} has {shapes[0]} for '{key}' instead of {shapes[1]}", advice)
