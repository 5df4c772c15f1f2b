"""The nodes of the menu's edit category."""
