"""The nodes of the menu's depth category."""
