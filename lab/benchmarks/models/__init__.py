"""The embedded models against their targets, and their cards."""
