"""The video model."""
