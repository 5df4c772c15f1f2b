"""Linear inverse problems in latent space: measurements, operators, conjugate gradients, data consistency."""

from ..coder import LatentCoder
from .clip_fit import fit_clip
from .conjugate_gradient import conjugate_gradient
from .data_consistency import SOLVERS, ProximalSettings, Solver, Step, prepare, solve_conjugate_gradients
from .encode import encode_measurement
from .mask_schedule import MaskSchedule, mask_power
from .measurement import Measurement
from .operators import Degradation, DiagonalMask, Operator, VideoOperator
from .passes import OVERLAP, join_pass, join_sound, next_pass

__all__ = [
    "OVERLAP",
    "SOLVERS",
    "Degradation",
    "DiagonalMask",
    "LatentCoder",
    "MaskSchedule",
    "Measurement",
    "Operator",
    "ProximalSettings",
    "Solver",
    "Step",
    "VideoOperator",
    "conjugate_gradient",
    "encode_measurement",
    "fit_clip",
    "join_pass",
    "join_sound",
    "mask_power",
    "next_pass",
    "prepare",
    "solve_conjugate_gradients",
]
