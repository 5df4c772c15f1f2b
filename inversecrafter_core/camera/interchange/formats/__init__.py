"""Formats of camera files: a module each, listed in :mod:`.registry`."""
