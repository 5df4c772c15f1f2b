"""The demonstration: one command, a real headless ComfyUI, a real clip, a new camera."""
