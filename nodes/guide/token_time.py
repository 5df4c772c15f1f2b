"""Times for single tokens: clean context beside a noisy clip in one model call.

The host gives a model one time a clip. Wan's own network also takes a time for every token, ``[B, tokens]``, or for every
frame; its relatives (VACE, camera control, Animate and others) do not. A network may take times that it was not trained
with: Wan's published weights were trained with one time a clip, Wan 2.2 5B with one a frame, the model of this pack with
one a token. The host drops a file's metadata when it loads Wan, so the pack's own weights are recognised by a tensor of theirs.

The times are put in by a ``DIFFUSION_MODEL`` wrapper that lives in the options of one sampling run, so the model itself stays
as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import comfy.model_base
import comfy.model_patcher
import comfy.patcher_extension
import torch
import torch.nn.functional as F
from comfy.context_windows import ContextWindowABC
from comfy.ldm.wan.model import WanModel
from comfy.model_base import BaseModel
from comfy.patcher_extension import WrapperExecutor, WrappersMP
from safetensors import safe_open

from ...inversecrafter_core.errors import InputError, require_choice
from ...inversecrafter_core.sampling.stochastic import TokenTimes, token_times
from ..host.model_folders import WEIGHTS

KEY = "inversecrafter_token_time"
Model = Callable[..., torch.Tensor]
ONE_TIME = "Choose context_time 'one_time' for this model."
MARK = "head.modulation"
"""A small tensor that no LoRA changes."""
SAME = 0.99
"""Cosine above which two marks are one, stored in whatever precision."""


def network_of(base_model: BaseModel) -> WanModel:
    """Return the network of a host's base model, without the wrapper of ``torch.compile``."""
    network = base_model.diffusion_model
    while hasattr(network, "_orig_mod"):
        network = network._orig_mod
    return network


def takes_times(base_model: BaseModel) -> bool:
    """Return whether the network accepts a time for every token."""
    network = network_of(base_model)
    # Subclasses have a forward of their own; a reference picture puts tokens ahead of the clip's.
    return type(network) is WanModel and getattr(network, "ref_conv", None) is None


def trained_times(base_model: BaseModel) -> TokenTimes:
    """Return the times that a host's base model was trained with."""
    if not takes_times(base_model):
        return TokenTimes.ONE_TIME
    if isinstance(base_model, comfy.model_base.WAN22):
        return TokenTimes.PER_FRAME
    return TokenTimes.PER_TOKEN if is_ours(network_of(base_model).head.modulation) else TokenTimes.ONE_TIME


def is_ours(modulation: torch.Tensor) -> bool:
    """Return whether a Wan's :data:`MARK` is that of a video model of this pack, trained with a time for every token."""
    found = modulation.detach().float().cpu().flatten()
    for file in sorted((WEIGHTS / "diffusion_models").glob("*.safetensors")):
        with safe_open(file, "pt") as weights:
            own = weights.get_tensor(MARK).float().flatten()
        if own.shape == found.shape and float(F.cosine_similarity(own, found, dim=0)) > SAME:
            return True
    return False


def choose_times(context_time: str, base_model: BaseModel) -> TokenTimes:
    """Return the times of a widget or, for ``auto``, those that the model was trained with.

    Raises:
        InputError: the model does not take them.
    """
    if context_time == "auto":
        return trained_times(base_model)
    times = require_choice("context_time", context_time, TokenTimes)
    if times is not TokenTimes.ONE_TIME and not takes_times(base_model):
        raise InputError(
            "context_time", f"'{times}' with a {type(network_of(base_model)).__name__}, which takes one time", ONE_TIME
        )
    return times


def model_with_clean(model: Model, clean: torch.Tensor, per_frame: bool = False) -> Callable[..., torch.Tensor]:
    """Return a sampler's ``model`` with the cells ``clean [b, 1, T', H', W']`` at token-time 0."""

    def with_times(
        retained: list[int], executor: WrapperExecutor, x: torch.Tensor, timestep: torch.Tensor, *rest: object, **more: object
    ) -> torch.Tensor:
        given = (more.get("transformer_options"), *reversed(rest))
        options = next((options for options in given if isinstance(options, dict)), {})
        seen = in_window(clean, options.get("context_window"), retained)
        if any(torch.is_tensor(extra) and extra.ndim == 5 for extra in rest) or seen.shape[2:] != x.shape[2:]:
            raise InputError("model", "it sees other frames beside the clip, or a part of it", ONE_TIME)
        time = timestep.reshape(len(x), -1)[:, 0]
        return executor(x, token_times(time, seen, per_frame), *rest, **more)

    def predict(x: torch.Tensor, sigma: torch.Tensor, **extra_args: object) -> torch.Tensor:
        options = comfy.model_patcher.create_model_options_clone(extra_args.get("model_options") or {})
        retained = getattr(options.get("context_handler"), "latent_retain_index_list", [])
        comfy.patcher_extension.add_wrapper_with_key(
            WrappersMP.DIFFUSION_MODEL, KEY, partial(with_times, retained), options, is_model_options=True
        )
        return model(x, sigma, **(extra_args | {"model_options": options}))

    return predict


def in_window(clean: torch.Tensor, window: ContextWindowABC | None, retained: list[int]) -> torch.Tensor:
    """Return the frames of ``clean`` that a context window of the host shows; all of them without one.

    The window itself cuts: newer hosts put a frame in front of it (``causal_anchor_index``) or keep ``retained`` frames.
    """
    if window is None:
        return clean
    return window.get_tensor(clean, retain_index_list=retained) if retained else window.get_tensor(clean)
