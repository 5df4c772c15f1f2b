"""The demonstration: one command, a real headless ComfyUI, a real clip, and what a shipped workflow makes of it."""
