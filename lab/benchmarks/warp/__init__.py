"""The warp, the pivot of a path, and what errors of depth do to them."""
