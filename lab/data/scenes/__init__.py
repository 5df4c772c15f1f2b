"""Scenes that benchmarks measure on: views of a path, damaged depth, staged and recoloured things."""
