"""Depth networks in ONNX, such as FastDepth (Wofk et al. 2019, trained on the rooms of NYU Depth v2).

A network has one input ``[1, 3, h, w]`` RGB in 0...1 of a fixed size and one output ``[1, 1, h', w']``. Pictures are resized to
that size without regard to their aspect ratio, as is usual for these networks.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from ...errors import InputError
from ...progress import Progress
from ..protocol import Kind, RawDepth, batches
from ..upsample import guided_upsample, joint_bilateral_upsample, resize_map

# FastDepth's decoder ends in interpolation: its 224x224 pixels carry about 28x28 values. The guided filter fitted on that grid
# takes the motorcycle pair from 13.9 to 13.2 % of error and its warp from 15.1 to 15.4 dB (lab/benchmarks/warp/depth.py).
# Networks with
# a larger input are sharp, and their maps go through the joint bilateral filter.
SMALL_INPUT, SMALL_OVERSAMPLING, RADIUS = 256, 8, 2
NEAREST = 0.4  # metres; its training sensor saw nothing nearer


class OnnxDepth:
    """A depth network run by onnxruntime on the CPU.

    Args:
        path: the ``.onnx`` file.
        kind: meaning of the network's values; FastDepth gives metres.
        edge_aware: bring the map to the video's size along image edges (else bilinear).
        threads: CPU threads, 0 = onnxruntime's choice.

    Raises:
        InputError: onnxruntime is not installed, the file is missing, not ONNX, or of another interface.
    """

    def __init__(self, path: str | Path, kind: Kind = "metric_depth", edge_aware: bool = True, threads: int = 0):
        self.path, self.kind, self.edge_aware = Path(path), kind, edge_aware
        self.name = self.path.name
        self.session = _open(self.path, threads)
        entry = self.session.get_inputs()[0]
        if len(self.session.get_inputs()) != 1 or len(entry.shape) != 4 or entry.shape[1] != 3:
            raise InputError(self.name, f"an input of shape {entry.shape}", "Give a network that takes one image [1, 3, h, w].")
        if not all(isinstance(n, int) for n in entry.shape[2:]):
            raise InputError(self.name, f"no fixed input size ({entry.shape})", "Export it with a fixed height and width.")
        self.entry, self.input_size = entry.name, (int(entry.shape[2]), int(entry.shape[3]))

    def estimate(self, video: torch.Tensor, batch_size: int = 4, progress: Progress | None = None) -> RawDepth:
        """Estimate the depth of every frame of ``video [F, H, W, 3]``, at the video's size."""
        maps = [self._batch(frames.float().cpu()) for frames in batches(video, batch_size, progress)]
        return RawDepth(torch.cat(maps), self.kind, source=self.name)

    def _batch(self, frames: torch.Tensor) -> torch.Tensor:
        images = frames.permute(0, 3, 1, 2).clamp(0, 1)
        small = F.interpolate(images, size=self.input_size, mode="bilinear", align_corners=False, antialias=True)
        # The interface fixes a batch of one.
        raw = torch.stack([torch.from_numpy(self.session.run(None, {self.entry: s[None].numpy()})[0]) for s in small])
        values = raw.reshape(len(small), *raw.shape[-2:]).float()
        if self.kind == "disparity":
            return self._to_size(values, frames)
        return self._to_size(_without_failures(values).reciprocal(), frames).clamp(min=1e-4).reciprocal()

    def _to_size(self, values: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        size = (frames.shape[1], frames.shape[2])
        if not self.edge_aware:
            return resize_map(values, size)
        if max(self.input_size) > SMALL_INPUT:
            return joint_bilateral_upsample(values, frames)
        grid = (values.shape[-2] // SMALL_OVERSAMPLING, values.shape[-1] // SMALL_OVERSAMPLING)
        if min(grid) < 2 or size[0] < grid[0] or size[1] < grid[1]:
            return resize_map(values, size)
        return guided_upsample(resize_map(values, grid, "area"), frames, RADIUS)


def _without_failures(values: torch.Tensor) -> torch.Tensor:
    """Return ``values`` with each frame's farthest depth for zeros, which FastDepth gives where it fails, as on white skies."""
    failed = values < NEAREST
    farthest = values.flatten(1).amax(1).clamp(min=NEAREST)
    return torch.where(failed, farthest[:, None, None], values)


def _open(path: Path, threads: int) -> Any:
    if not path.is_file():
        raise InputError("depth model", f"no file at {path}", "Put the .onnx file there, or choose another model.")
    if find_spec("onnxruntime") is None:
        raise InputError(
            "depth model", "onnxruntime is not installed", "Run 'pip install onnxruntime', or choose another model."
        )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # no warnings about unused initialisers of exported files
    options.intra_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(
            "depth model", f"{path.name} is not a readable ONNX network ({error})", "Fetch the file again."
        ) from error
