"""Solvers and the relatives' methods under video models of any strength, and where recapture breaks."""
