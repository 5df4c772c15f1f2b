"""Text-guided inpainting: a thing is named by a box or a mask, followed, and replaced by what the prompt says."""

from __future__ import annotations

from dataclasses import replace

from .clip import clip_in
from .editing_parts import edited_out, region_preview
from .parts import COLUMN, columns, measurement, models, note, picture, sampling
from .recapture import FRAMES, HEIGHT, WIDTH
from .spec import BYPASSED, Group, Node, Workflow

TEXT = """\
## Replace a thing by words

1. **Load Video**: choose a clip. *Frames* must be 4k+1 (17, 33, 49, 81), *width* and *height* multiples of 16.
2. **Track Mask**: draw the box around the thing in the first frame, or connect a mask (*Load Image (as Mask)*, or paint one in the mask
   editor): one for the first frame is tracked, one for every frame is taken as it is. Look at *The region*. The outline and
   two pixels, those of its edge, are enough; for a new thing of another shape set *shape* to *box* and *grow* to the room it needs.
3. **Prompt**: the whole clip as it shall be, not only the new thing.
4. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

What is replaced is infilled before the clip is encoded, so that nothing of it is left. *mask* on **Encode Measurement** is *area*; the paper's own,
*known_source*, is one switch away: it also holds to the infill where that looks like what stood there.

**First frame by any image editor**: save frame 0 of the clip, edit it (or connect an image inpainting), un-bypass *First frame, edited* (Ctrl+B, both
nodes): it becomes frame 0, wholly known, and the rest follows it.

**Report Drift** says how far the rest has moved, and how much of that is the VAE. **Keep Known Pixels**, un-bypassed (Ctrl+B), puts the clip's own pixels back there.

"""

CLIP, HOLES, FILLED = ("resize", "IMAGE"), ("track", "holes"), ("fill", "video")
FIRST_FRAME = [
    replace(node, mode=BYPASSED)
    for node in picture("edited", COLUMN, 1270, "choose_the_edited_first_frame.png", "First frame, edited")
]
SMALL_PROMPT = "a plain red box"

WORKFLOW = Workflow(
    name="editing",
    nodes=[
        note(TEXT),
        *clip_in(WIDTH, HEIGHT, FRAMES),
        Node(
            "track",
            "InverseCrafterTrackMask",
            (COLUMN, 0),
            {"grow": 2},
            {"video": CLIP},
            title="Box around the thing",
            size=(340, 380),
        ),
        region_preview(COLUMN, 430),
        Node("fill", "InverseCrafterFillHoles", (COLUMN, 750), links={"video": CLIP, "holes": HOLES}),
        *FIRST_FRAME,
        *models(2 * COLUMN, SMALL_PROMPT),
        *measurement(
            3 * COLUMN,
            {"mask": "area", "mask_strength": 0.35},
            FILLED,
            HOLES,
            {"source": CLIP, "start_image": ("edited_sized", "IMAGE")},
            "whole_video",
        ),
        *sampling(4 * COLUMN, {"release": 0.0, "start_percent": 0.0}, steps=12, cfg=6.0),
        *edited_out(5 * COLUMN, "editing", CLIP, HOLES),
    ],
    groups=[
        *columns(
            "1 · clip", "2 · what is replaced", "3 · models and prompt", "4 · measurement", "5 · context", "6 · drift and video"
        ),
        Group("Optional: first frame, edited", (COLUMN - 20, 1190, COLUMN - 20, 630), "#b58b2a"),
    ],
)
