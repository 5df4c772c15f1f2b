"""Depth: estimators behind one protocol, and what turns their answers into a steady Geometry."""

from .convert import Depth, to_depth
from .denoise import denoise, noise_level
from .estimator import KINDS, DepthEstimator, Kind, RawDepth
from .flicker import Flicker, measure_flicker
from .flow import ClipFlow, clip_flow
from .geometry import DEFAULT_FOV, geometry_from_depth
from .image_depth import ENCODINGS, depth_from_images, match_size
from .interchange import ImportedGeometry, from_da3, from_moge
from .onnx import OnnxDepth
from .pipeline import GeometryReport, build_geometry
from .preview import depth_preview
from .prior import PRIOR_NAME, VerticalGradientPrior
from .small_estimator import SmallDepth
from .small_file import FORMAT as SMALL_FORMAT
from .stabilise import Alignment, stabilise
from .transformers import TransformersDepth, load_transformers_depth

__all__ = [
    "DEFAULT_FOV",
    "ENCODINGS",
    "KINDS",
    "PRIOR_NAME",
    "SMALL_FORMAT",
    "Alignment",
    "ClipFlow",
    "Depth",
    "DepthEstimator",
    "Flicker",
    "GeometryReport",
    "ImportedGeometry",
    "Kind",
    "OnnxDepth",
    "RawDepth",
    "SmallDepth",
    "TransformersDepth",
    "VerticalGradientPrior",
    "build_geometry",
    "clip_flow",
    "denoise",
    "depth_from_images",
    "depth_preview",
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
