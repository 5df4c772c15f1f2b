"""Measurements, training and the embedded host: none of it ships."""
