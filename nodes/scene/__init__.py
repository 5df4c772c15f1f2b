"""Scene states, and their adapter to a video model."""
