"""The depth network."""
