"""Steady depth: scale and shift of whole frames, flicker of pixels."""
