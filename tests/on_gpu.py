"""A stand-in for a tensor on a GPU: it becomes no array before ``cpu``, and meets no tensor that was not brought ``to`` it."""

from __future__ import annotations

from typing import Any

import torch


class OnGpu(torch.Tensor):
    """A tensor on the CPU that behaves as one on a GPU would in the ways above."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.Tensor.numpy:
            raise TypeError("can't convert a tensor on a GPU to numpy")
        with torch._C.DisableTorchFunctionSubclass():
            if func is torch.Tensor.cpu:
                return args[0].as_subclass(torch.Tensor)
            if func is torch.Tensor.to and torch.is_tensor(args[1]):
                return args[0].as_subclass(type(args[1]))
        if any(type(value) is torch.Tensor and value.ndim for value in args if torch.is_tensor(value)):
            raise RuntimeError(f"tensors of two devices in {func.__name__}")
        return super().__torch_function__(func, types, args, kwargs or {})


def on_gpu(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.as_subclass(OnGpu)
