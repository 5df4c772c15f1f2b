"""Nodes of restoration: a known linear degradation, and the clip before it."""
