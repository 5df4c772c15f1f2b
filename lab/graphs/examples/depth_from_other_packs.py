"""Depth made by other nodes in place of Estimate Depth: a depth video, and the geometry of newer hosts."""

from __future__ import annotations

from dataclasses import replace

from ..parts import CLIP, camera_path, clip_in, preview
from ..spec import BYPASSED, Column, Links, Node, Workflow

TEXT = """\
## Depth from other nodes

1. **Load Video**, twice: the clip, and its depth as a grey video of as many frames, as most depth nodes and Video Depth Anything make it. In place of
   the second file any node may be connected that makes depth images.
2. **Convert Depth to Geometry**: *encoding* says what grey means. Most depth nodes give *disparity*, white is near.
3. **Run** and look at **The warp**. Then put this geometry in place of **Estimate Depth** in the workflow *recapture*.

**MoGe** and **Depth Anything 3** are part of newer versions of ComfyUI. Connect their geometry to **Convert MoGe to Geometry** or **Convert Depth Anything 3
to Geometry**, un-bypass that node (Ctrl+B) and connect it to **Warp Video**.
"""

CLIPS, GEOMETRY = "1 · the clip", "2 · geometry"


def depth_clip() -> list[Node]:
    """Return a second loading column, for the depth video."""
    renamed = {"load": "depth_load", "parts": "depth_parts", "trim": "depth_trim", "resize": "depth_resize"}
    nodes = []
    for node in clip_in():
        widgets = node.widgets | ({"file": "choose_its_depth.mp4"} if node.key == "load" else {})
        links = {name: (renamed[key], output) for name, (key, output) in node.links.items()}
        nodes.append(replace(node, key=renamed[node.key], widgets=widgets, links=links))
    return nodes


def bypassed(key: str, kind: str) -> Node:
    """Return a bypassed converter of a newer host's geometry."""
    return Node(key, kind, links={"video": CLIP}, mode=BYPASSED)


ALONG: Links = {"video": CLIP, "geometry": ("geometry", "geometry"), "camera_path": ("path", "camera_path")}
WORKFLOW = Workflow(
    name="depth_from_other_packs",
    note=TEXT,
    columns=[
        Column(CLIPS, clip_in()),
        Column("1 · its depth", depth_clip(), under=CLIPS),
        Column(
            GEOMETRY,
            [
                Node(
                    "geometry",
                    "InverseCrafterGeometryFromDepth",
                    links={"depth_images": ("depth_resize", "IMAGE"), "video": CLIP},
                ),
                preview("depth", ("geometry", "preview"), "Depth"),
            ],
        ),
        Column(
            "Optional: newer hosts",
            [bypassed("moge", "InverseCrafterGeometryFromMoGe"), bypassed("da3", "InverseCrafterGeometryFromDA3")],
            "optional",
            GEOMETRY,
        ),
        Column(
            "3 · warp",
            [
                *camera_path(CLIP),
                Node("warp", "InverseCrafterWarpVideo", links=ALONG),
                preview("warped", ("warp", "video"), "The warp"),
            ],
        ),
    ],
)
