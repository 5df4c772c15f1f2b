"""Optical flow: what moved where between frames of a clip, and where that can be trusted."""

from .neighbours import ClipFlow, clip_flow

__all__ = ["ClipFlow", "clip_flow"]
