"""Depth nodes."""
