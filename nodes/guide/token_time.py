"""Diffusion times of single tokens, so that clean context and a noisy clip share one model call.

The host passes a model one time a clip. Wan's own network also accepts one a token, ``[B, tokens]``, or one a frame; its
variants (VACE, camera control, Animate and others) do not. LTX-Video's and LTX-2's accept one a token, MiniMax H3's a mask that
is a factor of the time. A network may accept times that it was not trained with: Wan's published weights were trained with one
time a clip, Wan 2.2 5B with one a frame, LTX-Video, LTX-2 and this pack's model with one a token. Where the host itself gives
frames a time, under a noise mask, theirs is kept. The host drops a file's metadata when it loads Wan, so this pack's weights
are recognised by one of their tensors.

A ``DIFFUSION_MODEL`` wrapper in the options of one sampling run sets the times; the model itself is not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import comfy.model_base
import comfy.model_patcher
import comfy.patcher_extension
import torch
import torch.nn.functional as F
from comfy.ldm.lightricks.model import LTXVModel
from comfy.ldm.wan.model import WanModel
from comfy.model_base import BaseModel
from comfy.patcher_extension import WrapperExecutor, WrappersMP
from safetensors import safe_open

from ...inversecrafter_core.errors import InputError, require_choice
from ...inversecrafter_core.latent_grid import WAN
from ...inversecrafter_core.sampling.stochastic import TokenTimes, token_times
from ..host.context_windows import cut_to_window
from ..host.model_folders import WEIGHTS

KEY = "inversecrafter_token_time"
Model = Callable[..., torch.Tensor]
MASKED_TIMES = "MiniMaxH3Model"
"""Host's class of networks whose times of tokens are a mask times the clip's."""
TOKEN_TIMES = {"WanModel", "LTXVModel", "LTXAVModel", MASKED_TIMES}
"""Host's classes of networks that accept a time a token; their subclasses override what takes it."""
ONE_TIME = "Choose context_time 'one_time' for this model."
SIGNATURE = "head.modulation"
"""Name of the tensor by which weights are recognised: small, and changed by no LoRA."""
SAME_COSINE = 0.99
"""Cosine above which two signatures are the same, whatever precision they are stored in."""


def network_of(base_model: BaseModel) -> WanModel | LTXVModel:
    """Return the network of a host's base model without the wrapper of ``torch.compile``."""
    network = base_model.diffusion_model
    while hasattr(network, "_orig_mod"):
        network = network._orig_mod
    return network


def accepts_token_times(base_model: BaseModel) -> bool:
    """Return whether the network accepts one time a token."""
    network = network_of(base_model)
    # A reference picture adds tokens before the clip's.
    return type(network).__name__ in TOKEN_TIMES and getattr(network, "ref_conv", None) is None


def accepts_frame_times(base_model: BaseModel) -> bool:
    """Return whether the network accepts one time a frame; others of :func:`accepts_token_times` need each token's."""
    return type(network_of(base_model)) is WanModel


def trained_times(base_model: BaseModel) -> TokenTimes:
    """Return the times that a host's base model was trained with."""
    if not accepts_token_times(base_model):
        return TokenTimes.ONE_TIME
    if isinstance(base_model, comfy.model_base.WAN22):
        return TokenTimes.PER_FRAME
    network = network_of(base_model)
    per_token = isinstance(network, LTXVModel) or (isinstance(network, WanModel) and is_embedded(network.head.modulation))
    return TokenTimes.PER_TOKEN if per_token else TokenTimes.ONE_TIME


def is_embedded(modulation: torch.Tensor) -> bool:
    """Return whether a Wan's :data:`SIGNATURE` is that of a video model of this pack, trained with one time a token."""
    for file in sorted((WEIGHTS / "diffusion_models").glob("*.safetensors")):
        with safe_open(file, "pt") as weights:
            if same_signature(weights.get_tensor(SIGNATURE), modulation):
                return True
    return False


def same_signature(own: torch.Tensor, found: torch.Tensor) -> bool:
    """Return whether two :data:`SIGNATURE` are of the same weights, whatever precision they are stored in."""
    one, other = (tensor.detach().float().cpu().flatten() for tensor in (own, found))
    return one.shape == other.shape and float(F.cosine_similarity(one, other, dim=0)) > SAME_COSINE


def choose_times(context_time: str, base_model: BaseModel) -> TokenTimes:
    """Return the times that a widget names or, for ``auto``, those that the model was trained with.

    Raises:
        InputError: unknown times, or times that the model does not accept.
    """
    if context_time == "auto":
        return trained_times(base_model)
    times = require_choice("context_time", context_time, TokenTimes)
    if times is not TokenTimes.ONE_TIME and not accepts_token_times(base_model):
        raise InputError(
            "context_time", f"'{times}' with a {type(network_of(base_model)).__name__}, which takes one time", ONE_TIME
        )
    return times


def with_clean_tokens(
    model: Model, clean: torch.Tensor, per_frame: bool = False, patch: int = WAN.patch
) -> Callable[..., torch.Tensor]:
    """Return a sampler's ``model`` with the tokens of ``clean [b, 1, T', H', W']`` at time 0.

    Args:
        model: the callable that the host passes to a sampler function.
        clean: bool, the cells of the video's latents that are clean.
        per_frame: give times to whole frames instead of tokens.
        patch: cells along one side of a token.
    """

    def with_times(
        retained: list[int],
        executor: WrapperExecutor,
        x: torch.Tensor | list[torch.Tensor],
        timestep: torch.Tensor,
        *rest: object,
        **more: object,
    ) -> torch.Tensor:
        candidates = (more.get("transformer_options"), *reversed(rest))
        options = next((options for options in candidates if isinstance(options, dict)), {})
        window = cut_to_window(clean, options.get("context_window"), retained)
        video = x[0] if isinstance(x, list) else x
        if any(torch.is_tensor(extra) and extra.ndim == 5 for extra in rest) or window.shape[2:] != video.shape[2:]:
            raise InputError("model", "its input has frames besides the clip's, or only a part of the clip", ONE_TIME)
        if isinstance(x, list):  # LTX-2 takes times of frames for those of tokens unless this mask varies within a frame
            more["denoise_mask"] = time_mask(window, more.get("denoise_mask"))
        if type(executor.class_obj).__name__ != MASKED_TIMES:
            timestep = token_times(timestep.reshape(len(video), -1), window, per_frame, patch)
        return executor(x, timestep, *rest, **more)

    def predict(x: torch.Tensor, sigma: torch.Tensor, **extra_args: object) -> torch.Tensor:
        options = comfy.model_patcher.create_model_options_clone(extra_args.get("model_options") or {})
        retained = getattr(options.get("context_handler"), "latent_retain_index_list", [])
        comfy.patcher_extension.add_wrapper_with_key(
            WrappersMP.DIFFUSION_MODEL, KEY, partial(with_times, retained), options, is_model_options=True
        )
        return model(x, sigma, **(extra_args | {"model_options": options}))

    return predict


def time_mask(clean: torch.Tensor, given: object) -> torch.Tensor:
    """Return the host's mask ``[b, 1, T', H', W']`` of times, 0 in ``clean`` cells; elsewhere ``given``, or 1 without it.

    Of clips that are not known alike the host looks at the first, so the one whose cells vary most within a frame comes first.
    """
    cells = clean[clean.float().flatten(3).std(3).amax((1, 2)).argsort(descending=True)] if len(clean) > 1 else clean
    mask = given if torch.is_tensor(given) else torch.ones_like(cells, dtype=torch.float32)
    return torch.where(cells & (mask >= 0), 0.0, mask)
