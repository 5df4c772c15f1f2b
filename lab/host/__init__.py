"""The project's own ComfyUI: set it up, start it, talk to it. Nothing here ships with the pack."""
