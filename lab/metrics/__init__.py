"""The networks that the core's metrics compare with, out of packages."""
