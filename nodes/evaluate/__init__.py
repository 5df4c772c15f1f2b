"""Metrics nodes."""
