"""Loading of the metrics node's networks, ``lpips_vgg16.safetensors`` and ``vit_s_focus.onnx``.

They are in ``models/inversecrafter_metrics`` (or where ``extra_model_paths.yaml`` puts ``inversecrafter_metrics``).
``python -m lab.metrics.files FOLDER`` in the repository makes both.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import comfy.model_management
import folder_paths
import torch
from comfy.model_patcher import ModelPatcher

from ...inversecrafter_core.evaluation import DistanceMap, Lpips, PatchFeatures, frame_features, read_lpips
from ...inversecrafter_core.evaluation.frame_features import SIDE
from ...inversecrafter_core.progress import Progress
from ..host.model_folders import METRICS

LPIPS_FILE, FEATURES_FILE = "lpips_vgg16.safetensors", "vit_s_focus.onnx"
LEAST_SIDE = 64
"""Smallest side in pixels of a picture that LPIPS takes."""
BYTES_A_PIXEL = 3000
"""Peak activation memory of VGG16 on two pictures: a few layers of 64 channels at full size, float32."""


def why_missing(name: str) -> str:
    """Return the reason why a network cannot be used, for the report; empty if it can."""
    if folder_paths.get_full_path(METRICS, name) is None:
        return f"no {name} in models/{METRICS}; the node's page says where to get it"
    if name == FEATURES_FILE and find_spec("onnxruntime") is None:
        return "onnxruntime is not installed"
    return ""


def why_no_lpips(video: torch.Tensor) -> str:
    """Return the reason why LPIPS cannot judge a clip ``[F, H, W, 3]``, for the report; empty if it can."""
    if missing := why_missing(LPIPS_FILE):
        return missing
    return f"pictures need sides of at least {LEAST_SIDE} pixels" if min(video.shape[1:3]) < LEAST_SIDE else ""


def lpips_maps(height: int, width: int) -> DistanceMap:
    """Return spatial LPIPS with VGG features for pictures of this size; each call can be cancelled."""
    network, device = _on_device(height, width)

    def distance(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        comfy.model_management.throw_exception_if_processing_interrupted()
        return network.maps(one.to(device), two.to(device)).to(one.device)

    return distance


def vgg_features(video: torch.Tensor, progress: Progress | None = None) -> torch.Tensor:
    """Return VGG16's features of each frame ``[F, 512]``, which are used in place of CLIP's."""
    network, device = _on_device(SIDE, SIDE)
    return frame_features(video, lambda picture: network.content(picture.to(device)).cpu(), progress)


def patch_features() -> PatchFeatures:
    """Return the ViT that is used in place of DINO, on the CPU."""
    return _load_features(*_file(FEATURES_FILE))


def _file(name: str) -> tuple[Path, float]:
    """Return a file's path and the time of its last change, so that a replaced file is loaded anew."""
    path = Path(folder_paths.get_full_path_or_raise(METRICS, name))
    return path, path.stat().st_mtime


def _on_device(height: int, width: int) -> tuple[Lpips, torch.device]:
    """Return the LPIPS network on the host's device, with room for pictures of this size."""
    patcher = _load_lpips(*_file(LPIPS_FILE))
    comfy.model_management.load_models_gpu([patcher], memory_required=BYTES_A_PIXEL * height * width)
    assert isinstance(patcher.model, Lpips)
    return patcher.model, patcher.load_device


@lru_cache(maxsize=1)
def _load_lpips(path: Path, stamp: float) -> ModelPatcher:
    device = comfy.model_management.get_torch_device()
    return ModelPatcher(read_lpips(path), device, comfy.model_management.unet_offload_device())


@lru_cache(maxsize=1)
def _load_features(path: Path, stamp: float) -> PatchFeatures:
    return PatchFeatures(path.read_bytes(), threads=0)
