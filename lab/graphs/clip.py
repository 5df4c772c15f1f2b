"""A clip from a file, cut and resized to what the VAE takes; ``resize`` is the clip, ``parts`` knows its frames a second."""

from __future__ import annotations

from .spec import Node


def clip_in(width: int, height: int, frames: int) -> list[Node]:
    """The first column: load, take apart, trim, resize."""
    return [
        Node("load", "LoadVideo", (0, 0), {"file": "choose_a_clip.mp4"}),
        Node("parts", "GetVideoComponents", (0, 380), links={"video": ("load", "VIDEO")}),
        Node(
            "trim",
            "ImageFromBatch",
            (0, 500),
            {"batch_index": 0, "length": frames},
            {"image": ("parts", "images")},
            title="Frames: 4k+1",
        ),
        Node(
            "resize",
            "ImageScale",
            (0, 640),
            {"upscale_method": "area", "width": width, "height": height, "crop": "center"},
            {"image": ("trim", "IMAGE")},
            title="Size: multiples of 16",
        ),
    ]
