"""Solvers and related methods under video models of any strength, and where recapture breaks."""
