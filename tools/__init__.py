"""Tools for the people who make this pack; none of it is needed to use it."""
