"""What the two editing workflows share: the result, decoded, measured where nothing was to change, and saved."""

from __future__ import annotations

from .spec import BYPASSED, Node


def edited_out(left: float, name: str, source: tuple[str, str], holes: tuple[str, str]) -> list[Node]:
    """Decoded, with what became of the rest, and saved at the clip's own frame rate."""
    return [
        Node("decode", "VAEDecode", (left, 0), links={"samples": ("sampler", "output"), "vae": ("vae", "VAE")}),
        Node(
            "drift",
            "InverseCrafterDriftReport",
            (left, 90),
            {},
            {"video": ("decode", "IMAGE"), "source": source, "holes": holes, "vae": ("vae", "VAE")},
            size=(340, 280),
        ),
        Node(
            "keep",
            "InverseCrafterKeepKnownPixels",
            (left, 420),
            {},
            {"video": ("decode", "IMAGE"), "source": source, "holes": holes},
            size=(340, 110),
            mode=BYPASSED,
        ),
        Node("video", "CreateVideo", (left, 580), links={"images": ("keep", "video"), "fps": ("parts", "fps")}),
        Node(
            "save",
            "SaveVideo",
            (left, 700),
            {"filename_prefix": f"video/InverseCrafter_{name}"},
            {"video": ("video", "VIDEO")},
        ),
    ]


def region_preview(left: float, top: float) -> Node:
    """The clip with the tracked region in magenta."""
    return Node("region", "PreviewImage", (left, top), {}, {"images": ("track", "preview")}, "The region", (320, 260))
