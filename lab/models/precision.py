"""Half precision where it is faster: on GPUs, and on processors that multiply bfloat16.

PyTorch multiplies bfloat16 fast from AVX-512 on. Below it converts number by number, thirty times slower than float32.
"""

from __future__ import annotations

import torch

FAST_ON_CPU = torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def half_is_fast(device: torch.device) -> bool:
    """Return whether a device multiplies in half precision faster than in float32."""
    return device.type != "cpu" or FAST_ON_CPU


def autocast(device: torch.device, precision: torch.dtype = torch.bfloat16) -> torch.autocast:
    """Return mixed precision; nothing for float32, nor on a processor that is faster without."""
    half = precision != torch.float32 and half_is_fast(device)
    return torch.autocast(device.type, precision if half else torch.bfloat16, enabled=half)
