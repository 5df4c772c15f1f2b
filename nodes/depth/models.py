"""Search for the depth models on this machine, and their loading.

They are in the folders ``geometry_estimation`` and ``depth_estimation`` of the host's models (or where
``extra_model_paths.yaml`` puts these) and in ``weights/depth`` of the pack. A model is a folder saved by the ``transformers``
library, an ``.onnx`` file, or a small depth network in the pack's own format, one of which ships with the pack.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import comfy.model_management
import folder_paths
import torch
from comfy.model_patcher import ModelPatcher

from ...inversecrafter_core.depth import (
    PRIOR_NAME,
    SMALL_FORMAT,
    DepthEstimator,
    Kind,
    OnnxDepth,
    SmallDepth,
    TransformersDepth,
    VerticalGradientPrior,
    load_transformers_depth,
)
from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.files import is_marked
from ..host.checks import choose
from ..host.model_folders import WEIGHTS

FOLDERS = ("geometry_estimation", "depth_estimation")
AUTO = "auto"
ONNX_KINDS: dict[str, Kind] = {"fastdepth": "metric_depth"}
"""Kinds of ONNX networks by what their files are called; the files themselves do not say."""
PRECISIONS = {"float32": torch.float32, "float16": torch.float16}
ACTIVATIONS = 700 * 2**20
"""Bytes for one frame in a ViT-L at 518 pixels, the largest network in common use."""
SMALL_ACTIVATIONS = 100 * 2**20
"""Bytes for one frame in the small network, most of them for the frame itself at full HD."""


@dataclass(frozen=True)
class LoadedDepthModel:
    """An estimator on the socket INVERSECRAFTER_DEPTH_MODEL, and the host's handle on its weights, if it has any."""

    estimator: DepthEstimator
    patcher: ModelPatcher | None = None
    frame_bytes: int = ACTIVATIONS

    def prepare(self, batch_size: int) -> None:
        """Let the host move the weights to the device that they run on."""
        if self.patcher is not None:
            comfy.model_management.load_models_gpu([self.patcher], memory_required=batch_size * self.frame_bytes)


def found_models() -> dict[str, Path]:
    """Return paths by listed names: ``transformers`` networks, ONNX files, then small networks of the pack's format."""
    folders: dict[str, Path] = {}
    files: dict[str, Path] = {}
    small: dict[str, Path] = {}
    for root in _roots():
        for config in sorted([*root.glob("*/config.json"), *root.glob("*/*/config.json")]):
            if _is_depth_config(config):
                folders.setdefault(config.parent.relative_to(root).as_posix(), config.parent)
        for path in sorted([*root.glob("*.onnx"), *root.glob("*/*.onnx")]):
            files.setdefault(path.relative_to(root).as_posix(), path)
        for path in sorted([*root.glob("*.safetensors"), *root.glob("*/*.safetensors")]):
            if is_marked(path, SMALL_FORMAT):
                small.setdefault(path.relative_to(root).as_posix(), path)
    return folders | files | small


def _roots() -> list[Path]:
    roots = [Path(folder_paths.models_dir) / name for name in FOLDERS]
    for name in FOLDERS:
        if name in folder_paths.folder_names_and_paths:
            roots += [Path(p) for p in folder_paths.get_folder_paths(name)]
    roots.append(WEIGHTS / "depth")
    return [root for root in dict.fromkeys(roots) if root.is_dir()]


def _is_depth_config(path: Path) -> bool:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    names = config.get("architectures") if isinstance(config, dict) else None
    return any("DepthEstimation" in str(name) for name in names or [])


def load_model(choice: str, hub_id: str, kind: Kind | None, precision: str, edge_aware: bool) -> LoadedDepthModel:
    """Load the listed model ``choice``, or ``hub_id`` (a hub id or a path) unless it is empty.

    Raises:
        InputError: a model that is not listed any more, an unknown precision, or a file that cannot be loaded.
    """
    hub_id = hub_id.strip()
    if hub_id:
        path = Path(hub_id).expanduser()
        return _load(str(path) if path.exists() else hub_id, kind, _dtype(precision), edge_aware, _stamp(path))
    models = found_models()
    if choice == AUTO:
        choice = next((name for name, path in models.items() if _can_run(path, kind)), PRIOR_NAME)
        logging.info("InverseCrafter: depth model chosen: %s", choice)
    if choice == PRIOR_NAME:
        return LoadedDepthModel(VerticalGradientPrior())
    if choice not in models:
        raise InputError(
            "model", f"'{choice}'", f"Reload the page and choose one of: {', '.join([AUTO, *models, PRIOR_NAME])}."
        )
    return _load(str(models[choice]), kind, _dtype(precision), edge_aware, _stamp(models[choice]))


def _can_run(path: Path, kind: Kind | None) -> bool:
    if path.suffix == ".onnx" and (kind or _onnx_kind(path)) is None:
        return False
    return path.suffix == ".safetensors" or find_spec("onnxruntime" if path.suffix == ".onnx" else "transformers") is not None


def _onnx_kind(path: Path) -> Kind | None:
    """Return the kind of an ONNX network's values, None where nothing tells."""
    name = path.stem.lower().replace("_", "").replace("-", "")
    return next((kind for part, kind in ONNX_KINDS.items() if part in name), None)


def _dtype(precision: str) -> torch.dtype:
    half = comfy.model_management.should_use_fp16(comfy.model_management.get_torch_device())
    return choose("precision", precision, PRECISIONS | {AUTO: torch.float16 if half else torch.float32})


def _stamp(path: Path) -> float:
    """Return the time of the last change, so that a replaced file is loaded anew."""
    return path.stat().st_mtime if path.exists() else 0.0


@lru_cache(maxsize=1)
def _load(source: str, kind: Kind | None, dtype: torch.dtype, edge_aware: bool, stamp: float) -> LoadedDepthModel:
    path = Path(source)
    if path.suffix == ".onnx":
        kind = kind or _onnx_kind(path)
        if kind is None:
            advice = "Choose metric_depth, relative_depth or disparity (near is large, as of MiDaS and Depth Anything)."
            raise InputError("kind", f"auto for {path.name}: an ONNX file does not say what its values are", advice)
        return LoadedDepthModel(OnnxDepth(path, kind, edge_aware))
    if path.suffix == ".safetensors":
        return wrap(_load_small(path, kind, edge_aware))
    return wrap(load_transformers_depth(source, kind, dtype, edge_aware))


def _load_small(path: Path, kind: Kind | None, edge_aware: bool) -> SmallDepth:
    if kind not in (None, SmallDepth.kind):
        raise InputError("kind", f"'{kind}' for {path.name}", f"Its values are {SmallDepth.kind}: choose this, or auto.")
    return SmallDepth.load(path, edge_aware)


def wrap(estimator: TransformersDepth | SmallDepth) -> LoadedDepthModel:
    """Return an estimator whose network is under the host's memory management."""
    device = comfy.model_management.get_torch_device()
    patcher = ModelPatcher(estimator.module, device, comfy.model_management.unet_offload_device())
    small = isinstance(estimator, SmallDepth)
    return LoadedDepthModel(estimator, patcher, SMALL_ACTIVATIONS if small else ACTIVATIONS)
