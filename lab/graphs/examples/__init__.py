"""Small graphs for the nodes that no shipped workflow needs; composed into ``workflows/examples``."""
