"""Linear inverse problems in latent space: measurements, operators, conjugate gradients, data consistency."""

from ..coder import LatentCoder
from .conjugate_gradient import conjugate_gradient
from .data_consistency import SOLVERS, ProximalSettings, Solver, Step, prepare, solve_conjugate_gradients
from .encode import encode_measurement
from .measurement import Measurement
from .operators import DiagonalMask, Operator
from .passes import OVERLAP, join_pass, next_pass

__all__ = [
    "OVERLAP",
    "SOLVERS",
    "DiagonalMask",
    "LatentCoder",
    "Measurement",
    "Operator",
    "ProximalSettings",
    "Solver",
    "Step",
    "conjugate_gradient",
    "encode_measurement",
    "join_pass",
    "next_pass",
    "prepare",
    "solve_conjugate_gradients",
]
