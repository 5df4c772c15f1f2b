"""The first frame as CLIP-vision tokens, for checkpoints that attend to an image; bypassed, since the embedded model does not."""

from __future__ import annotations

from .spec import BYPASSED, Group, Node

CLIP_VISION = "clip_vision_h.safetensors"
TOKENS = ("clip_vision_encode", "CLIP_VISION_OUTPUT")


def image_tokens(left: float, top: float, video: tuple[str, str]) -> list[Node]:
    """Loader, first frame of ``video``, encoder: three nodes, 340 units high."""
    return [
        Node(
            "clip_vision",
            "CLIPVisionLoader",
            (left, top),
            {"clip_name": CLIP_VISION},
            title="Load CLIP Vision (Wan 2.1 I2V, Fun-InP)",
            size=(320, 60),
            mode=BYPASSED,
        ),
        Node(
            "clip_vision_frame",
            "ImageFromBatch",
            (left, top + 110),
            {"batch_index": 0, "length": 1},
            {"image": video},
            title="First frame",
            mode=BYPASSED,
        ),
        Node(
            "clip_vision_encode",
            "CLIPVisionEncode",
            (left, top + 240),
            {"crop": "none"},
            {"clip_vision": ("clip_vision", "CLIP_VISION"), "image": ("clip_vision_frame", "IMAGE")},
            mode=BYPASSED,
        ),
    ]


def tokens_group(left: float, top: float) -> Group:
    """A frame around :func:`image_tokens`."""
    return Group("Image tokens (I2V, Fun-InP)", (left - 10, top - 70, 340, 430), "#b58b2a")
