"""Floating-point operations of a real Wan 2.1 1.3B and of its VAE, counted on the host's own modules without weights or memory.

The modules are built on torch's *meta* device at their real sizes and run once there under ``torch.utils.flop_counter``:
matrix products and convolutions are counted, two operations a multiplication and addition, attention as its two products.
Pointwise work (norms, guidance itself) is not; it is a thousandth of this.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch.utils.flop_counter import FlopCounterMode

from lab.host.inprocess import use_host

WAN_1_3B = {"dim": 1536, "ffn_dim": 8960, "num_layers": 30, "num_heads": 12}
WAN_VAE = {"dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_scales": []}
TEXT_TOKENS = 512


def counted(run: Callable[[], Any]) -> int:
    """Count the operations of a function whose tensors are on the meta device."""
    with FlopCounterMode(display=False) as counter, torch.no_grad(), _attention_as_products():
        run()
    return counter.get_total_flops()


@contextlib.contextmanager
def _attention_as_products() -> Iterator[None]:
    """Replace the host's attention, picked by device and memory, by the two products that all of them compute."""

    def attention(
        q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *rest: Any, heads: int = 1, **options: Any
    ) -> torch.Tensor:
        heads = rest[0] if rest else heads
        query, key, value = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
        return ((query @ key.transpose(-1, -2)) @ value).transpose(1, 2).flatten(2)

    with patch("comfy.ldm.wan.model.optimized_attention", attention):
        yield


def _picture_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """As :func:`_attention_as_products` for ``[B, C, H, W]``, as the VAE gives it."""
    query, key, value = (x.flatten(2) for x in (q, k, v))
    return (value @ (query.transpose(1, 2) @ key).transpose(1, 2)).view_as(q)


def network_flops(latent: tuple[int, int, int], **sizes: int) -> int:
    """Count one forward pass of a Wan text-to-video network on a latent of ``(frames, height, width)`` cells."""
    use_host()
    import comfy.ops
    from comfy.ldm.wan.model import WanModel

    operations = comfy.ops.disable_weight_init
    model = WanModel(model_type="t2v", device="meta", dtype=torch.float32, operations=operations, **(WAN_1_3B | sizes))
    x, text = torch.empty(1, 16, *latent, device="meta"), torch.empty(1, TEXT_TOKENS, 4096, device="meta")
    return counted(lambda: model(x, torch.empty(1, device="meta"), text))


def vae_flops(video: tuple[int, int, int], **sizes: Any) -> tuple[int, int]:
    """Count one encoding and one decoding by a Wan 2.1 VAE of a clip of ``(frames, height, width)`` pixels."""
    use_host()
    from comfy.ldm.wan.vae import AttentionBlock, WanVAE

    with torch.device("meta"):
        model = WanVAE(temperal_downsample=[False, True, True], **(WAN_VAE | sizes))
    for module in model.modules():
        if isinstance(module, AttentionBlock):
            module.optimized_attention = _picture_attention
    frames, height, width = video
    clip = torch.empty(1, 3, *video, device="meta")
    latent = torch.empty(1, 16, (frames + 3) // 4, height // 8, width // 8, device="meta")
    return counted(lambda: model.encode(clip)), counted(lambda: model.decode(latent))
