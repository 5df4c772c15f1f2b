"""The embedded networks as modules of the host, and the shipped files loaded into them."""
