"""The mask encoder."""
