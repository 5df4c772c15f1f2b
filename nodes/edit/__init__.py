"""Editing nodes."""
