"""Inverse problems: measurements, operators, conjugate gradients, data consistency."""

from ..coder import LatentCoder
from .conjugate_gradient import conjugate_gradient
from .data_consistency import SOLVERS, ProximalSettings, Step, prepare, solve_closed_form, solve_conjugate_gradients
from .encode import encode_measurement
from .measurement import Measurement
from .operators import DiagonalMask, Operator

__all__ = [
    "SOLVERS",
    "DiagonalMask",
    "LatentCoder",
    "Measurement",
    "Operator",
    "ProximalSettings",
    "Step",
    "conjugate_gradient",
    "encode_measurement",
    "prepare",
    "solve_closed_form",
    "solve_conjugate_gradients",
]
