"""Single image: a photo seen from a moving camera. Depth once, warp along the path, completion with the photo as first frame."""

from __future__ import annotations

from .parts import COLUMN, columns, compared_out, measurement, models, note, picture, sampling
from .recapture import FRAMES
from .spec import Node, Workflow

TEXT = """\
## One photo, a new camera

1. **Load Image**: choose a photo. *width* and *height* are multiples of 16; for a portrait photo set the height above the width.
2. **Repeat Photo**: how many frames, 4k+1 (17, 33, 49, 81).
3. **Plan Camera Path**: choose a trajectory.
4. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

What the camera saw of the photo stands clean beside the noise until the *release*, then everything but the first frame, the photo, is denoised
together, so that torn edges of the warp are repaired. Raise *release* where they stay, lower it where the photo is forgotten. The picture on the node shows the windows.
**Keep Known Pixels** puts the warp's own pixels back where the photo saw the place; bypass it (Ctrl+B) to see what the model and the VAE make of everything.

"""

WARPED, HOLES = ("fill", "video"), ("warp", "holes")

WORKFLOW = Workflow(
    name="single_image",
    nodes=[
        note(TEXT),
        *picture("photo", 0, 0, "choose_a_photo.png", "The photo"),
        Node("depth_model", "InverseCrafterLoadDepthModel", (COLUMN, 0)),
        Node(
            "depth",
            "InverseCrafterEstimateDepth",
            (COLUMN, 220),
            links={"depth_model": ("depth_model", "depth_model"), "video": ("photo_sized", "IMAGE")},
        ),
        Node(
            "still",
            "InverseCrafterPhotoClip",
            (COLUMN, 480),
            {"frames": FRAMES},
            {"photo": ("photo_sized", "IMAGE"), "geometry": ("depth", "geometry")},
            title="Frames: 4k+1",
        ),
        Node(
            "path",
            "InverseCrafterCameraPath",
            (COLUMN, 620),
            {"preset": "arc_left", "frames": FRAMES},
            {"video": ("still", "video")},
            size=(300, 320),
        ),
        Node(
            "warp",
            "InverseCrafterWarpVideo",
            (2 * COLUMN, 0),
            links={"video": ("still", "video"), "geometry": ("still", "geometry"), "camera_path": ("path", "camera_path")},
        ),
        Node("fill", "InverseCrafterFillHoles", (2 * COLUMN, 300), links={"video": ("warp", "video"), "holes": HOLES}),
        Node(
            "warped", "PreviewImage", (2 * COLUMN, 560), links={"images": ("warp", "video")}, title="The warp", size=(300, 260)
        ),
        *models(3 * COLUMN),
        *measurement(4 * COLUMN, {}, WARPED, HOLES, {"source": ("still", "video"), "camera_path": ("path", "camera_path")}),
        *sampling(5 * COLUMN, {"release": 0.7, "keep_first_frame": True, "start_percent": 0.63}, steps=8),
        *compared_out(6 * COLUMN, "single_image", WARPED, HOLES),
    ],
    groups=columns(
        "1 · photo",
        "2 · depth and camera path",
        "3 · warp",
        "4 · models and prompt",
        "5 · measurement",
        "6 · context and release",
        "7 · video",
    ),
)
