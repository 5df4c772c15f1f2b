"""Make a CUDA torchvision importable beside a CPU torch.

torchvision's registry wheel is a CUDA build. Its compiled half does not load beside a CPU torch, and then its Python half fails
on ``operator torchvision::nms does not exist``. Declaring the two operators first is enough: nothing here ever calls them.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from pathlib import Path

logger = logging.getLogger(__name__)
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _version_file(package: str) -> str:
    """The text of an installed package's ``version.py``, read without importing the package; empty when it is not there."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return ""
    path = Path(spec.origin).with_name("version.py")
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def shim_is_needed() -> bool:
    """Whether torchvision is a CUDA build and torch is not."""
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
