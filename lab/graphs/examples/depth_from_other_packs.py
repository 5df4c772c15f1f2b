"""Depth made by other nodes in place of Estimate Depth: a depth video, and the geometry of newer hosts."""

from __future__ import annotations

from dataclasses import replace

from ..clip import clip_in
from ..recapture import FRAMES, HEIGHT, WIDTH
from ..spec import BYPASSED, Group, Node, Workflow

TEXT = """\
## Depth from other nodes

1. **Load Video**, twice: the clip, and its depth as a grey video of as many frames, as most depth nodes and Video Depth Anything make it. In place of
   the second file any node may be connected that makes depth images.
2. **Convert Depth to Geometry**: *encoding* says what grey means. Most depth nodes give *disparity*, white is near.
3. **Run** and look at *The warp*. Then put this geometry in place of **Estimate Depth** in the workflow *recapture*.

**MoGe** and **Depth Anything 3** are part of newer versions of ComfyUI. Connect their geometry to **Convert MoGe to Geometry** or **Convert Depth Anything 3
to Geometry**, un-bypass that node (Ctrl+B) and connect it to **Warp Video**.
"""

CLIP = ("resize", "IMAGE")


def depth_clip() -> list[Node]:
    """Return a second loading column for the depth video, below the first."""
    renamed = {"load": "depth_load", "parts": "depth_parts", "trim": "depth_trim", "resize": "depth_resize"}
    nodes = []
    for node in clip_in(WIDTH, HEIGHT, FRAMES):
        widgets = node.widgets | ({"file": "choose_its_depth.mp4"} if node.key == "load" else {})
        links = {name: (renamed[key], output) for name, (key, output) in node.links.items()}
        place = (node.pos[0], node.pos[1] + 900)
        nodes.append(replace(node, key=renamed[node.key], pos=place, widgets=widgets, links=links))
    return nodes


def bypassed(key: str, kind: str, top: float) -> Node:
    """Return a bypassed converter of a newer host's geometry."""
    return Node(key, kind, (360, top), links={"video": CLIP}, size=(320, 170), mode=BYPASSED)


WORKFLOW = Workflow(
    name="depth_from_other_packs",
    nodes=[
        Node("note", "MarkdownNote", (-620, 0), {"text": TEXT}, title="Read me", size=(560, 460), color="#332922"),
        *clip_in(WIDTH, HEIGHT, FRAMES),
        *depth_clip(),
        Node(
            "geometry",
            "InverseCrafterGeometryFromDepth",
            (360, 0),
            links={"depth_images": ("depth_resize", "IMAGE"), "video": CLIP},
            size=(320, 320),
        ),
        bypassed("moge", "InverseCrafterGeometryFromMoGe", 960),
        bypassed("da3", "InverseCrafterGeometryFromDA3", 1200),
        Node("depth", "PreviewImage", (360, 400), links={"images": ("geometry", "preview")}, title="Depth", size=(320, 260)),
        Node("report", "PreviewAny", (360, 710), links={"source": ("geometry", "report")}, title="Report", size=(320, 160)),
        Node("path", "InverseCrafterCameraPath", (740, 0), {"frames": FRAMES}, {"video": CLIP}, size=(320, 320)),
        Node(
            "warp",
            "InverseCrafterWarpVideo",
            (740, 400),
            links={"video": CLIP, "geometry": ("geometry", "geometry"), "camera_path": ("path", "camera_path")},
            size=(320, 220),
        ),
        Node("warped", "PreviewImage", (740, 710), links={"images": ("warp", "video")}, title="The warp", size=(320, 260)),
    ],
    groups=[
        Group("1 · clip and its depth", (-20, -80, 340, 1740)),
        Group("2 · geometry", (340, -80, 360, 980)),
        Group("Optional: newer hosts", (340, 910, 360, 520), "#b58b2a"),
        Group("3 · warp", (720, -80, 360, 1080)),
    ],
)
