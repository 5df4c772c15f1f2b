"""Inverse problems: measurements, operators, conjugate gradients, data consistency."""

from .measurement import Measurement

__all__ = ["Measurement"]
