"""The nodes of the menu's evaluate category."""
