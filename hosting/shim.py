"""Make a CUDA torchvision importable beside a CPU torch.

torchvision's registry wheel is a CUDA build. Its compiled half does not load beside a CPU torch, and then its Python half fails
on ``operator torchvision::nms does not exist``. Declaring the two operators first is enough: nothing here ever calls them.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

logger = logging.getLogger(__name__)
NMS = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
QNMS = NMS


def torchvision_is_cuda_build() -> bool:
    """Read the installed torchvision's build tag without importing it."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    version = Path(spec.origin).with_name("version.py")
    return version.is_file() and "+cu" in version.read_text(encoding="utf-8").partition("\n")[0]


def shim_torchvision() -> bool:
    """Declare torchvision's operators when torch is a CPU build and torchvision is not. Returns whether they are declared.

    Call before anything imports torchvision (the host does). Repeated calls do nothing.
    """
    import torch

    if torch.version.cuda is not None or not torchvision_is_cuda_build():
        return False
    for name, signature in (("nms", NMS), ("qnms", QNMS)):
        if not hasattr(torch.ops.torchvision, name):
            torch.library.define(f"torchvision::{name}", signature)
    logger.debug("declared torchvision::nms and qnms for a CPU torch")
    return True
