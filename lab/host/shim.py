"""Let a host start beside a CPU torch, where the registry's torchvision and torchaudio do not load.

torchvision's registry wheel is a CUDA build. Its compiled half does not load beside a CPU torch, and then its Python half fails
on ``operator torchvision::nms does not exist``. Declaring the two operators first is enough: nothing here ever calls them.

torchaudio's wheel is one too, so it is not installed; but newer hosts (0.33 is one) import it while they start. An empty
stand-in is enough for that: only nodes for sound call it.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import logging
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

logger = logging.getLogger(__name__)
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
AUDIO_MODULES = ("torchaudio", "torchaudio.functional", "torchaudio.transforms")


def _version_file(package: str) -> str:
    """The text of an installed package's ``version.py``, read without importing the package; empty when it is not there."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return ""
    path = Path(spec.origin).with_name("version.py")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def shim() -> None:
    """Put both stand-ins in place where they are needed. Call before anything imports torchvision or torchaudio."""
    shim_torchvision()
    shim_torchaudio()


def shim_is_needed() -> bool:
    """Return whether torchvision is a CUDA build and torch is not."""
    cpu_torch = re.search(r"^cuda\b.*= None$", _version_file("torch"), re.MULTILINE)
    cuda_torchvision = re.search(r"^__version__ = .*\+cu", _version_file("torchvision"), re.MULTILINE)
    return bool(cpu_torch and cuda_torchvision)


def shim_torchvision() -> bool:
    """Declare torchvision's operators where that is needed. Returns whether they are declared.

    Call before anything imports torchvision (the host does). Repeated calls do nothing. Where it is not needed, torch is not
    imported either: the host wants to set its GPU allocator first.
    """
    if not shim_is_needed():
        return False
    import torch

    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", SIGNATURE)
    logger.debug("declared torchvision::nms and qnms for a CPU torch")
    return True


class _StandIn(ModuleType):
    """An importable module without content; using it names what is missing."""

    def __init__(self, name: str):
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=True)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.__name__}.{name}: torchaudio is not installed, this is a stand-in for tests without sound")


def shim_torchaudio() -> bool:
    """Put a stand-in where torchaudio is not installed. Returns whether it stands there. Repeated calls do nothing."""
    if "torchaudio" in sys.modules:
        return isinstance(sys.modules["torchaudio"], _StandIn)
    if importlib.util.find_spec("torchaudio") is not None:
        return False
    for name in AUDIO_MODULES:
        module = sys.modules[name] = _StandIn(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    return True
