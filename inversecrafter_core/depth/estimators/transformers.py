"""Depth models of the ``transformers`` library: Depth Anything (1, 2, metric), DPT/MiDaS, DepthPro, ZoeDepth, GLPN and others.

They are loaded from a folder (``config.json``, ``preprocessor_config.json``, ``*.safetensors``) or by a hub id. The meaning of
their values follows from the configuration: metres for metric models, disparity for relative ones. The network is in
``.module`` and runs on that module's device.
"""

from __future__ import annotations

import inspect
import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from ...errors import InputError
from ...progress import Progress
from ..protocol import KINDS, Kind, RawDepth, batches
from ..upsample import joint_bilateral_upsample, resize_map

METRIC_TYPES = {"depth_pro", "zoedepth", "glpn", "prompt_depth_anything", "tipsv2_dpt"}
REFUSED_TYPES = {"chmv2": "it estimates the height of trees from above, not depth"}


class DepthNetwork(torch.nn.Module):
    """The library's network in a plain module, since the host sets ``device``, which is read-only in the library's."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> Any:
        return self.network(pixel_values=pixels)


class TransformersDepth:
    """A loaded model, see :func:`load_transformers_depth`.

    Args:
        network: an ``AutoModelForDepthEstimation``.
        processor: its image processor.
        kind: meaning of the values.
        name: its name in reports.
        edge_aware: upsample maps smaller than the video with the joint bilateral filter.
    """

    def __init__(self, network: torch.nn.Module, processor: Any, kind: Kind, name: str, edge_aware: bool = True):
        self.module = DepthNetwork(network.train(False))
        self.processor, self.kind, self.name, self.edge_aware = processor, kind, name, edge_aware

    @torch.inference_mode()
    def estimate(self, video: torch.Tensor, batch_size: int = 4, progress: Progress | None = None) -> RawDepth:
        """Estimate the values of ``video [F, H, W, 3]`` at its size, on the device and in the dtype of ``self.module``."""
        maps: list[torch.Tensor] = []
        views: list[float] = []
        for frames in batches(video, batch_size, progress):
            values, fov = self._batch(frames)
            maps.append(values)
            views.extend(fov)
        field_of_view = math.radians(float(torch.tensor(views).median())) if views else None
        return RawDepth(torch.cat(maps), self.kind, fov=field_of_view, source=self.name)

    def _batch(self, frames: torch.Tensor) -> tuple[torch.Tensor, list[float]]:
        weight = next(self.module.parameters())
        size = (frames.shape[1], frames.shape[2])
        images = list(frames.clamp(0, 1).mul(255).round().byte().cpu().numpy())
        pixels = self.processor(images=images, return_tensors="pt")["pixel_values"]
        outputs = self.module(pixels.to(weight.device, weight.dtype))
        results = self._post_process(outputs, size, len(images))
        values = torch.stack([r["predicted_depth"].float().reshape(r["predicted_depth"].shape[-2:]) for r in results])
        views = [float(v) for v in (r.get("field_of_view") for r in results) if v is not None and 1 < float(v) < 179]
        return self._to_size(values, frames.to(values.device)).cpu(), views

    def _post_process(self, outputs: Any, size: tuple[int, int], count: int) -> list[dict[str, Any]]:
        own = outputs.predicted_depth.shape[-2:]
        target = (min(own[0], size[0]), min(own[1], size[1]))
        options: dict[str, Any] = {"target_sizes": [target] * count}
        if "source_sizes" in inspect.signature(self.processor.post_process_depth_estimation).parameters:
            options["source_sizes"] = [size] * count  # ZoeDepth pads the picture and must know by how much
        return self.processor.post_process_depth_estimation(outputs, **options)

    def _to_size(self, values: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        size = (frames.shape[1], frames.shape[2])
        if tuple(values.shape[-2:]) == size:
            return values
        if not self.edge_aware:
            return resize_map(values, size)
        if self.kind == "disparity":
            return joint_bilateral_upsample(values, frames.float())
        return joint_bilateral_upsample(values.clamp(min=1e-6).log(), frames.float()).exp()


def load_transformers_depth(
    source: str | Path, kind: Kind | None = None, dtype: torch.dtype = torch.float32, edge_aware: bool = True
) -> TransformersDepth:
    """Return a model loaded from a folder or by a hub id, on the CPU.

    Args:
        source: a folder with ``config.json``, or ``owner/name`` on the hub (downloaded to the library's cache on first use).
        kind: meaning of the values; None to read it from the configuration.
        dtype: dtype of the weights; float16 is precise enough, bfloat16 is not (256 steps of depth an octave become 128).
        edge_aware: see :class:`TransformersDepth`.

    Raises:
        InputError: transformers is not installed; nothing is found; it is no depth model; it has no safetensors.
    """
    name = Path(source).name if Path(source).is_dir() else str(source)
    if find_spec("transformers") is None:
        raise InputError(
            "depth model", "transformers is not installed", "Run 'pip install transformers', or choose another model."
        )
    from transformers import AutoConfig, AutoImageProcessor, AutoModelForDepthEstimation

    try:
        config = AutoConfig.from_pretrained(source)
        kind = check_kind(config, name, kind)
        processor = AutoImageProcessor.from_pretrained(source)
        # The argument for the dtype changed its name after version 4.50, so the dtype is set afterwards.
        network = AutoModelForDepthEstimation.from_pretrained(source, use_safetensors=True).to(dtype)
    except InputError:
        raise
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            "depth model",
            f"'{name}' could not be loaded ({first_line})",
            "Give a folder with config.json, preprocessor_config.json and *.safetensors, or the hub id of a depth-estimation "
            "model (the first use downloads it, so it needs the network).",
        ) from error
    return TransformersDepth(network, processor, kind, name, edge_aware)


def check_kind(config: Any, name: str, kind: Kind | None = None) -> Kind:
    """Return the kind of depth that a model of this configuration estimates, or ``kind`` where it is given.

    Raises :class:`InputError` when it is not known and not given.
    """
    model_type = getattr(config, "model_type", "")
    if kind is not None:
        if kind not in KINDS:
            raise InputError("kind", f"'{kind}'", f"Choose one of {', '.join(KINDS)}.")
        return kind
    if model_type in REFUSED_TYPES:
        raise InputError(
            "depth model", f"'{name}' is of type '{model_type}': {REFUSED_TYPES[model_type]}", "Choose another model."
        )
    if model_type == "depth_pro" and not getattr(config, "use_fov_model", True):
        return "relative_depth"
    if model_type in METRIC_TYPES:
        return "metric_depth"
    if model_type == "depth_anything":
        return "metric_depth" if getattr(config, "depth_estimation_type", "relative") == "metric" else "disparity"
    if model_type == "dpt":
        backbone = getattr(getattr(config, "backbone_config", None), "model_type", "")
        return "metric_depth" if backbone == "dinov2" else "disparity"  # DINOv2's own DPT heads are trained on metres
    raise InputError(
        "depth model", f"'{name}' is of type '{model_type}', whose output is not known here", "Choose its kind in the loader."
    )
