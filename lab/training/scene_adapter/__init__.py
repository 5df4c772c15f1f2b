"""The scene adapter."""
