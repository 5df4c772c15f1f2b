"""The scene reconstruction network."""
