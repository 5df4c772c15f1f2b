"""Measurement, guidance and conditioning nodes."""
