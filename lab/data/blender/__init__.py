"""A second synthetic world, rendered by Blender, for a depth network that has to know more than one maker's scenes."""
