"""Text-guided inpainting: a thing is named by a box or a mask, followed, and replaced by what the prompt says."""

from __future__ import annotations

from .clip import clip_in
from .editing_parts import edited_out, region_preview
from .parts import COLUMN, columns, measurement, models, note, sampling
from .recapture import FRAMES, HEIGHT, WIDTH
from .spec import Node, Workflow

TEXT = """\
## Replace a thing by words

1. **Load Video**: choose a clip. *Frames* must be 4k+1 (17, 33, 49, 81), *width* and *height* multiples of 16.
2. **Track Mask**: draw the box around the thing in the first frame, or connect a mask (*Load Image (as Mask)*, or paint one in the mask
   editor): one for the first frame is tracked, one for every frame is taken as it is. Look at *The region*.
   *grow* leaves room around it: a hole cut close tells the model that nothing stands there.
3. **Prompt**: the whole clip as it shall be, not only the new thing.
4. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

**Drift Report** says how far the rest has moved, and how much of that is the VAE. *composite* puts the clip's own pixels back there.

"""

CLIP, HOLES = ("resize", "IMAGE"), ("track", "masks")
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
            {"shape": "box", "grow": 12},
            {"video": CLIP},
            title="Box around the thing",
            size=(340, 380),
        ),
        region_preview(COLUMN, 430),
        *models(2 * COLUMN, SMALL_PROMPT),
        *measurement(3 * COLUMN, {"mask": "area"}, CLIP, HOLES, {}),
        *sampling(4 * COLUMN, {"release": 0.0, "start_percent": 0.0}, steps=12, cfg=6.0),
        *edited_out(5 * COLUMN, "editing", CLIP, HOLES),
    ],
    groups=columns(
        "1 · clip", "2 · what is replaced", "3 · models and prompt", "4 · measurement", "5 · context", "6 · drift and video"
    ),
)
