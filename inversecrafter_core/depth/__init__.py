"""Depth: estimators behind one protocol, and the conversion of their values to a geometry without flicker."""

from .convert import Depth, to_depth
from .estimators.onnx import OnnxDepth
from .estimators.prior import PRIOR_NAME, VerticalGradientPrior
from .estimators.small import SmallDepth
from .estimators.small_file import FORMAT as SMALL_FORMAT
from .estimators.transformers import TransformersDepth, load_transformers_depth
from .geometry import DEFAULT_FOV, geometry_from_depth
from .image_depth import Encoding, depth_from_images, match_size
from .interchange import ImportedGeometry, from_da3, from_moge
from .pipeline import GeometryReport, Stabilisation, build_geometry
from .protocol import KINDS, DepthEstimator, Kind, RawDepth
from .steady.denoise import denoise, noise_level
from .steady.flicker import Flicker, measure_flicker
from .steady.stabilise import Alignment, stabilise

__all__ = [
    "DEFAULT_FOV",
    "KINDS",
    "PRIOR_NAME",
    "SMALL_FORMAT",
    "Alignment",
    "Depth",
    "DepthEstimator",
    "Encoding",
    "Flicker",
    "GeometryReport",
    "ImportedGeometry",
    "Kind",
    "OnnxDepth",
    "RawDepth",
    "SmallDepth",
    "Stabilisation",
    "TransformersDepth",
    "VerticalGradientPrior",
    "build_geometry",
    "denoise",
    "depth_from_images",
    "from_da3",
    "from_moge",
    "geometry_from_depth",
    "load_transformers_depth",
    "match_size",
    "measure_flicker",
    "noise_level",
    "stabilise",
    "to_depth",
]
