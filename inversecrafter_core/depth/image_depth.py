"""Raw depth values from the depth pictures of other nodes.

Pictures are ``[F, H, W, 3]`` (or one channel) float. Most are 8-bit grey with one scale for the whole clip, near white. Eight
bits make terraces, which
a warp shows as stripes: values that sit on an 8-bit grid are smoothed *within* half a step, so no stored value is contradicted.
"""

from __future__ import annotations

from enum import StrEnum

import torch
import torch.nn.functional as F

from ..errors import InputError, require_choice
from .protocol import RawDepth
from .upsample import joint_bilateral_upsample, resize_map

COLOURED = 0.08  # mean spread between the channels from which a picture counts as coloured; video compression stays far below
SMOOTHING_RADII = (16, 16, 8, 8, 4, 4, 2, 2)


class Encoding(StrEnum):
    """The meaning of a grey value in a depth picture.

    ``disparity``: white is near, unknown scale and shift. ``white_far``: 0...1 is the near to the far end, linearly;
    ``white_near``: the same, inverted. ``scaled``: value times scale is depth; ``inverse_scaled``: scale over value. In the
    last two 0 is "no depth".
    """

    DISPARITY = "disparity"
    WHITE_FAR = "white_far"
    WHITE_NEAR = "white_near"
    SCALED = "scaled"
    INVERSE_SCALED = "inverse_scaled"


def depth_from_images(
    images: torch.Tensor,
    encoding: Encoding = Encoding.DISPARITY,
    near: float = 1.0,
    far: float = 20.0,
    scale: float = 1.0,
    metric: bool = False,
    dequantise: bool = True,
) -> RawDepth:
    """Return the raw values of a depth video.

    Args:
        images: ``[F, H, W, 3]`` or ``[F, H, W, 1]``. Grey, so the channels are averaged. +-inf is "no depth here".
        encoding: the meaning of a grey value.
        near, far: depths at the ends of the range, for the two linear encodings.
        scale: factor of the two scaled encodings.
        metric: near, far and scale are in metres.
        dequantise: smooth the terraces of 8-bit pictures.

    Raises:
        InputError: an unknown encoding, a shape that is no video, an alpha channel, a coloured map, NaN, or an empty range.
    """
    encoding, values = require_choice("encoding", encoding, Encoding), _grey(images)
    if dequantise and is_eight_bit(values, images.shape[-1]):
        values = smooth_terraces(values)
    if encoding == Encoding.DISPARITY:
        return RawDepth(values, "disparity", source="depth images")
    if encoding in (Encoding.WHITE_FAR, Encoding.WHITE_NEAR):
        if not 0 < near < far:
            raise InputError("near and far", f"{near} and {far}", "Give 0 < near < far.")
        part = values if encoding == Encoding.WHITE_FAR else 1 - values
        depth = torch.where(values.isfinite(), near + part * (far - near), torch.inf)
    else:
        if scale <= 0:
            raise InputError("scale", f"{scale}", "Give a scale above 0.")
        depth = values * scale if encoding == Encoding.SCALED else torch.where(values > 0, scale / values, torch.inf)
    return RawDepth(depth, "metric_depth" if metric else "relative_depth", source="depth images")


def _grey(images: torch.Tensor) -> torch.Tensor:
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        alpha = images.ndim == 4 and images.shape[-1] == 4
        raise InputError(
            "depth images",
            "4 channels (an alpha channel)" if alpha else f"a tensor of shape {tuple(images.shape)}",
            "Split the alpha off first." if alpha else "Give a batch of images [frames, height, width, 3].",
        )
    nans = int(images.isnan().sum())
    if nans:
        raise InputError("depth images", f"{nans} NaN values", "Check the node that made them.")
    images = images.float()
    if images.shape[-1] == 3:
        finite = images.isfinite().all(-1)
        spread = (images.amax(-1) - images.amin(-1))[finite]
        top = float(images[finite].abs().max()) if bool(finite.any()) else 1.0
        if spread.numel() and float(spread.mean()) > COLOURED * max(top, 1e-12):
            raise InputError(
                "depth images",
                "a coloured depth map (its channels differ)",
                "Colours cannot be turned back into depth: switch the other node's output to grey or raw.",
            )
    return images.mean(-1)


def is_eight_bit(values: torch.Tensor, channels: int = 1) -> bool:
    """Return whether ``values [F, H, W]`` are averages of ``channels`` 8-bit values."""
    sample = values[values.isfinite()][:200_000]
    if sample.numel() == 0 or float(sample.min()) < 0 or float(sample.max()) > 1:
        return False
    steps = sample * 255 * channels
    return bool(((steps - steps.round()).abs() < 0.02).all()) and sample.unique().numel() > 2


def smooth_terraces(values: torch.Tensor) -> torch.Tensor:
    """Return ``values [F, H, W]`` smoothed, each within half an 8-bit step of its stored value.

    It runs from coarse to fine, so that wide terraces become slopes too. Edges are kept by the bound.
    """
    known = values.isfinite()
    stored = torch.where(known, values, 0.0)
    low, high = stored - 0.5 / 255, stored + 0.5 / 255
    smooth = stored
    for radius in SMOOTHING_RADII:
        smooth = torch.minimum(torch.maximum(_blur(smooth, radius), low), high)
    edge = _local_range(stored) > 2.5 / 255
    return torch.where(known & ~edge, smooth, values)


def _blur(values: torch.Tensor, radius: int) -> torch.Tensor:
    radius = min(radius, min(values.shape[-2:]) - 1)
    padded = F.pad(values[:, None], (radius,) * 4, mode="replicate")
    return F.avg_pool2d(padded, 2 * radius + 1, 1)[:, 0]


def _local_range(values: torch.Tensor) -> torch.Tensor:
    padded = F.pad(values[:, None], (1, 1, 1, 1), mode="replicate")
    return (F.max_pool2d(padded, 3, 1) + F.max_pool2d(-padded, 3, 1))[:, 0]


def match_size(raw: RawDepth, video: torch.Tensor, edge_aware: bool = True) -> RawDepth:
    """Return raw values at the size of ``video [F, H, W, 3]``; values that are not finite are resized by nearest neighbours."""
    size = (video.shape[1], video.shape[2])
    if tuple(raw.values.shape[1:]) == size:
        return raw
    known = raw.values.isfinite()
    filled = torch.where(known, raw.values, raw.values[known].max() if bool(known.any()) else 1.0)
    if edge_aware and size[0] >= filled.shape[1]:
        resized = joint_bilateral_upsample(filled, video.float().to(filled.device))
    else:
        resized = resize_map(filled, size, "bilinear")
    lost = resize_map((~known).float(), size, "nearest-exact") > 0.5
    return RawDepth(torch.where(lost, torch.inf, resized), raw.kind, raw.fov, raw.source)
