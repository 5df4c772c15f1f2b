"""Linear measurement operators with exact adjoints, on latents and on clips."""

from .blur import Blur, SeparableBlur, blur_of_image, gaussian_blur, smoothing
from .border import Border
from .compose import ByFrame, Composition, streamed
from .degradation import HIDDEN_SPREAD, Degradation
from .diagonal import DiagonalMask, PixelMask, random_visible
from .pooling import AveragePool
from .protocol import Operator, VideoOperator, VideoSize, size_of
from .roughness import Roughness
from .temporal import TemporalAverage

__all__ = [
    "HIDDEN_SPREAD",
    "AveragePool",
    "Blur",
    "Border",
    "ByFrame",
    "Composition",
    "Degradation",
    "DiagonalMask",
    "Operator",
    "PixelMask",
    "Roughness",
    "SeparableBlur",
    "TemporalAverage",
    "VideoOperator",
    "VideoSize",
    "blur_of_image",
    "gaussian_blur",
    "random_visible",
    "size_of",
    "smoothing",
    "streamed",
]
