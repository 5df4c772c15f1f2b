"""Scene latents and pose control as a patch of a host's MODEL, for any sampler and beside guidance.

The change of the self-attention's weights is added as a LoRA is. The rest lives for one run: at its start the context is made
and a ``DIFFUSION_MODEL`` wrapper is put into the options of this run alone. Neither the noisy latents nor their times change,
so guidance, stochastic conditioning and the network's other wrappers work as they do without it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import comfy.lora
import comfy.model_management
import comfy.patcher_extension
import torch
from comfy.ldm.wan.model import WanModel
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrapperExecutor, WrappersMP

from ...inversecrafter_core.camera import CameraPath, SourceCameras
from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.latent_grid import WAN
from ...inversecrafter_core.scene import (
    AdapterFile,
    SceneAdapter,
    SceneContext,
    SceneStates,
    kept_states,
    read_context,
    source_and_target,
    with_memory,
)
from ..guide.token_time import network_of, same_signature
from ..host.context_windows import Options, cut_to_window

KEY = "inversecrafter_scene_latents"
SAME_ASPECT = 1.1
"""Ratio of two aspect ratios up to which pictures show the same, as 1280x720 and 832x480 do."""
ADVICE = "Load the video model that the adapter was trained with, or an adapter for this model."


@dataclass(frozen=True)
class Inputs:
    """The inputs of a context, checked against each other.

    Attributes:
        latents: ``[b, C, T', h, w]``, the source clip in VAE space.
        cameras: the source's: states or a geometry.
        path: the target's.
        states: of the source, or None for pose control alone.
    """

    latents: torch.Tensor
    cameras: SourceCameras
    path: CameraPath
    states: SceneStates | None = None

    def __post_init__(self) -> None:
        if getattr(self.latents, "is_nested", False) or self.latents.ndim != 5:
            raise InputError("source_latent", "a pack or a picture", "Encode the source clip with the Wan VAE ('VAE Encode').")
        frames = WAN.frames(self.latents.shape[2])
        counts = {"camera_path": self.path.frames, "source cameras": self.cameras.frames}
        counts |= {} if self.states is None else {"scene_states": self.states.frames}
        for name, found in counts.items():
            if found != frames:
                raise InputError(
                    f"{name} and source_latent",
                    f"{found} frames, and latents of {frames}",
                    "Make both from the same clip, of 4k+1 frames.",
                )
        (height, width), (rows, columns) = self.cameras.size, self.latents.shape[-2:]
        if not 1 / SAME_ASPECT < (width * rows) / (height * columns) < SAME_ASPECT:
            raise InputError(
                "source cameras and source_latent",
                f"pictures of {width}x{height}, and latents of {columns}x{rows} cells",
                "Cut the clip to one shape, and make both from that.",
            )

    def context(self, model: SceneAdapter, latents: torch.Tensor) -> SceneContext:
        """Return the context; ``latents`` are those of the source in model space, on the device of ``model``."""
        last = [group[-1] for group in WAN.groups(self.path.frames)]
        source, target = (cameras.to(latents.device) for cameras in source_and_target(self.cameras, self.path, last))
        kept = [frame for frame in kept_states(self.path.frames, model.spec.every) if frame in last]
        states = None if self.states is None else self.states.states[kept].to(latents.device)
        return model.context(latents, states, [last.index(frame) for frame in kept], source, target)


@dataclass
class SceneRun:
    """The context in one sampling run, and what the network has read of it for each set of prompts and each context window.

    Only what this time of sampling and the one before it needed is kept: some schedules of windows never come back to a window.
    """

    context: SceneContext
    retained: list[int]
    memories: dict[Hashable, Any] = field(default_factory=dict)
    used: set[Hashable] = field(default_factory=set)
    time: float | None = None

    def predict(
        self,
        executor: WrapperExecutor,
        x: torch.Tensor,
        timestep: torch.Tensor,
        context: torch.Tensor,
        clip_fea: torch.Tensor | None = None,
        time_dim_concat: torch.Tensor | None = None,
        transformer_options: Options | None = None,
        **more: object,
    ) -> torch.Tensor:
        """Wrap DIFFUSION_MODEL: let the clip's tokens attend to the context."""
        options = {} if transformer_options is None else transformer_options
        frames = self._seen(options)
        scene = self.context if frames is None else self.context.window(frames)
        uuids = options.get("uuids")
        prompts = (*uuids, len(x), *(frames or ())) if isinstance(uuids, list) else None
        self._forget(float(timestep.max()))
        self.used.add(prompts)
        if prompts is None or prompts not in self.memories:
            self.memories[prompts] = read_context(executor.class_obj, scene, context, options)
        with_context = with_memory(options, scene, self.memories[prompts])
        return executor(x, timestep, context, clip_fea, time_dim_concat, with_context, **more)

    def _forget(self, time: float) -> None:
        """Drop, when a new time begins, what the last one did not use."""
        if time != self.time:
            self.memories = {key: memory for key, memory in self.memories.items() if key in self.used}
            self.used, self.time = set(), time

    def _seen(self, options: Options) -> list[int] | None:
        """Return the latent frames that the network sees in a context window; None: all."""
        window = options.get("context_window")
        if window is None:
            return None
        numbers = torch.arange(self.context.target_control.shape[-2] // self.context.tokens).view(1, 1, -1, 1, 1)
        frames: list[int] = cut_to_window(numbers, window, self.retained).flatten().tolist()
        return frames


@dataclass(frozen=True)
class ScenePatch:
    """The wrapper that starts a run's context."""

    patcher: ModelPatcher
    inputs: Inputs

    def start(self, executor: WrapperExecutor, noise: torch.Tensor, *rest: object, **more: object) -> torch.Tensor:
        """Wrap OUTER_SAMPLE: make the context, and put it beside the network for this run."""
        latents, guider = self.inputs.latents, executor.class_obj
        if noise.shape[1:] != latents.shape[1:] or len(noise) % len(latents):
            raise InputError(
                "source_latent",
                f"latents {tuple(latents.shape)}, and {tuple(noise.shape)} to sample",
                "Sample a clip of the source's length and size: encode the source at the size of the latent to sample.",
            )
        comfy.model_management.load_models_gpu([self.patcher])
        model_space = guider.model_patcher.model.process_latent_in(latents).to(self.patcher.load_device, torch.float32)
        with torch.no_grad():
            context = self.inputs.context(self.patcher.model, model_space)
        retained = getattr(guider.model_options.get("context_handler"), "latent_retain_index_list", [])
        run = SceneRun(context, retained)
        comfy.patcher_extension.add_wrapper_with_key(
            WrappersMP.DIFFUSION_MODEL, KEY, run.predict, guider.model_options, is_model_options=True
        )
        return executor(noise, *rest, **more)


def patch_model(model: ModelPatcher, file: AdapterFile, inputs: Inputs) -> ModelPatcher:
    """Return a clone of a host's MODEL that attends to scene latents and follows a camera path.

    Raises:
        InputError: a model or states that are not the adapter's, or a model that has scene latents already.
    """
    require_model(model, file)
    spec, states = file.model.spec, inputs.states
    if states is not None and (states.width, states.network) != (spec.state_width, spec.network):
        raise InputError(
            "scene_states",
            f"states of width {states.width} by '{states.network}'",
            f"The adapter takes width {spec.state_width} by '{spec.network}': make them with that network.",
        )
    patched = model.clone()
    keys = comfy.lora.model_lora_keys_unet(patched.model, {})
    patched.add_patches(comfy.lora.load_lora(file.changes, keys))
    patcher = ModelPatcher(
        file.model,
        load_device=model.load_device,
        offload_device=comfy.model_management.unet_offload_device(),
    )
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, ScenePatch(patcher, inputs).start)
    return patched


def require_model(model: ModelPatcher, file: AdapterFile) -> None:
    """Raise :class:`InputError` unless a MODEL is the one that the adapter was trained with, without scene latents so far."""
    spec, network = file.model.spec, network_of(model.model)
    if type(network) is not WanModel or network.ref_conv is not None:
        raise InputError("model", f"a {type(network).__name__}, not a Wan text-to-video model", ADVICE)
    found = (len(network.blocks), network.dim, network.in_dim, network.out_dim)
    if found != (spec.layers, spec.dim, spec.channels, spec.channels):
        raise InputError(
            "model",
            f"{found[0]} blocks of width {found[1]}, {found[2]} channels in; the adapter is for {spec.layers} of {spec.dim}, "
            f"{spec.channels} channels",
            ADVICE,
        )
    if not same_signature(file.signature, network.head.modulation):
        raise InputError("model", "other weights than those that the adapter was trained with", ADVICE)
    if model.get_wrappers(WrappersMP.OUTER_SAMPLE, KEY):
        raise InputError("model", "a model with scene latents already", "Connect the model of the loader.")
