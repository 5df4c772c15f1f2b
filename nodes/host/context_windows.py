"""Context windows of the host: the frames of a long clip that the network sees in one call.

The host fuses the predictions of all windows before guidance sees them, so the measurement is always of the whole clip. Only
what a model call itself gets is cut to the window. Hosts before 0.21 pass the masked video of Fun-InP and image-to-video
checkpoints (``c_concat``) uncut, and fail with sizes that do not match; :func:`concat_in_window` cuts it.
"""

from __future__ import annotations

import comfy.model_patcher
import comfy.patcher_extension
import torch
from comfy.context_windows import IndexListContextWindow
from comfy.patcher_extension import WrapperExecutor, WrappersMP

KEY = "inversecrafter_context_windows"
Options = dict[str, object]


def cut_to_window(values: torch.Tensor, window: IndexListContextWindow | None, retained: list[int]) -> torch.Tensor:
    """Return the frames of ``values [b, c, T', H', W']`` in a context window, all of them without a window.

    The window's own method does it, because newer hosts add a frame before it (``causal_anchor_index``) or ``retained`` ones.
    """
    if window is None:
        return values
    newer = {"retain_index_list": retained} if retained else {}
    return window.get_tensor(values, **newer)


def concat_in_window(
    executor: WrapperExecutor,
    x: torch.Tensor,
    t: torch.Tensor,
    c_concat: torch.Tensor | None = None,
    c_crossattn: torch.Tensor | None = None,
    control: object = None,
    transformer_options: Options | None = None,
    **more: object,
) -> torch.Tensor:
    """Wrap APPLY_MODEL: cut the masked video that goes beside ``x`` to the frames of the window, where the host has not."""
    options = {} if transformer_options is None else transformer_options
    window = options.get("context_window")
    if c_concat is not None and c_concat.ndim == x.ndim and c_concat.shape[2] != x.shape[2]:
        c_concat = cut_to_window(c_concat, window, [])
    return executor(x, t, c_concat, c_crossattn, control, options, **more)


def with_concat_in_window(extra_args: Options | None) -> Options:
    """Return a sampler's ``extra_args`` with :func:`concat_in_window` around the model of this run."""
    extra_args = extra_args or {}
    options = comfy.model_patcher.create_model_options_clone(extra_args.get("model_options") or {})
    comfy.patcher_extension.add_wrapper_with_key(WrappersMP.APPLY_MODEL, KEY, concat_in_window, options, is_model_options=True)
    return extra_args | {"model_options": options}
