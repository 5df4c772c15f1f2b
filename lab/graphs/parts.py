"""What the workflows share: pictures in, models and prompts, the measurement, sampling with a released context, video out.

Every part takes the left edge of its column and returns its nodes; links between parts go by the keys used here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .clip_vision import TOKENS, image_tokens, tokens_group
from .recapture import HEIGHT, SMALL_MODEL, SMALL_VAE, WIDTH
from .recapture import NOTE as RECAPTURE_NOTE
from .spec import BYPASSED, Group, Node

MODEL_COLOUR = "#2a363b"
FRAME_RATE = 16.0
COLUMN = 380
TOKENS_TOP = 1080
REAL_WAN = "### " + RECAPTURE_NOTE.partition("### ")[2]
"""Which two widgets to change, with links and folders."""

Links = dict[str, tuple[str, str]]


def note(text: str) -> Node:
    """The note at the left: ``text`` on this workflow, then how to use the real Wan."""
    return Node("note", "MarkdownNote", (-620, 0), {"text": text + REAL_WAN}, title="Read me", size=(560, 640), color="#332922")


def picture(key: str, left: float, top: float, file: str, title: str) -> list[Node]:
    """A picture from a file and, as ``<key>_sized``, at the size of the clip."""
    return [
        Node(key, "LoadImage", (left, top), {"image": file}, title=title, size=(300, 320)),
        Node(
            f"{key}_sized",
            "ImageScale",
            (left, top + 360),
            {"upscale_method": "area", "width": WIDTH, "height": HEIGHT, "crop": "center"},
            {"image": (key, "IMAGE")},
            title="Size: multiples of 16",
        ),
    ]


def models(left: float, prompt: str = "") -> list[Node]:
    """The video model with its shift, the VAE, both prompts; ``prompt`` is the positive one."""
    prompt_boxes = [
        Node(
            key,
            "InverseCrafterTextEncode",
            (left, top),
            {"prompt": words},
            {"clip": ("clip", "CLIP")},
            title=title,
            size=(320, 170),
        )
        for key, title, top, words in (("positive", "Prompt", 520, prompt), ("negative", "Negative prompt", 740, ""))
    ]
    return [
        Node("unet", "UNETLoader", (left, 0), {"unet_name": SMALL_MODEL, "weight_dtype": "default"}, color=MODEL_COLOUR),
        Node("vae", "VAELoader", (left, 140), {"vae_name": SMALL_VAE}, color=MODEL_COLOUR),
        Node(
            "clip",
            "CLIPLoader",
            (left, 250),
            {"clip_name": "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "type": "wan"},
            title="Load CLIP (only for the real Wan)",
            mode=BYPASSED,
        ),
        Node("shift", "ModelSamplingSD3", (left, 410), {"shift": 4.0}, {"model": ("unet", "MODEL")}),
        *prompt_boxes,
    ]


def measurement(
    left: float,
    widgets: dict[str, Any],
    video: tuple[str, str],
    holes: tuple[str, str],
    more: Links,
    condition_on: str = "first_frame",
) -> list[Node]:
    """What is known of ``video``, as measurement and as conditioning for checkpoints that take a masked video.

    Args:
        condition_on: ``whole_video`` where the first frame alone says too little.
        more: further links of both nodes: the source and the camera path, or a start image.
    """
    return [
        Node(
            "measure",
            "InverseCrafterEncodeMeasurement",
            (left, 0),
            widgets,
            {"vae": ("vae", "VAE"), "video": video, "holes": holes} | more,
        ),
        Node("mask", "PreviewImage", (left, 400), {}, {"images": ("measure", "preview")}, "Latent mask", (320, 260)),
        Node(
            "inpaint",
            "InverseCrafterInpaintConditioning",
            (left, 700),
            {"condition_on": condition_on},
            {
                "positive": ("positive", "conditioning"),
                "negative": ("negative", "conditioning"),
                "vae": ("vae", "VAE"),
                "video": video,
                "holes": holes,
                "clip_vision_output": TOKENS,
            }
            | more,
        ),
        *image_tokens(left, TOKENS_TOP, video),
    ]


def sampling(left: float, conditioning: dict[str, Any], steps: int = 20, cfg: float = 1.0) -> list[Node]:
    """Schedule, context with its release, sampling."""
    return [
        Node(
            "schedule",
            "BasicScheduler",
            (left, 0),
            {"scheduler": "simple", "steps": steps, "denoise": 1.0},
            {"model": ("shift", "MODEL")},
        ),
        Node(
            "release",
            "InverseCrafterStochasticConditioning",
            (left, 160),
            conditioning,
            {"measurement": ("measure", "measurement"), "sigmas": ("schedule", "SIGMAS"), "model": ("shift", "MODEL")},
            size=(340, 560),
        ),
        Node(
            "sampler",
            "SamplerCustom",
            (left, 780),
            {"add_noise": True, "noise_seed": 0, "cfg": cfg},
            {
                "model": ("shift", "MODEL"),
                "positive": ("inpaint", "positive"),
                "negative": ("inpaint", "negative"),
                "sampler": ("release", "sampler"),
                "sigmas": ("schedule", "SIGMAS"),
                "latent_image": ("inpaint", "latent"),
            },
            size=(340, 320),
        ),
    ]


def video_out(left: float, name: str) -> list[Node]:
    """Decoded and saved as a video."""
    return [
        Node("decode", "VAEDecode", (left, 0), links={"samples": ("sampler", "output"), "vae": ("vae", "VAE")}),
        Node("video", "CreateVideo", (left, 90), {"fps": FRAME_RATE}, {"images": ("decode", "IMAGE")}),
        Node(
            "save",
            "SaveVideo",
            (left, 220),
            {"filename_prefix": f"video/InverseCrafter_{name}"},
            {"video": ("video", "VIDEO")},
        ),
    ]


def compared_out(left: float, name: str, known: tuple[str, str], holes: tuple[str, str]) -> list[Node]:
    """Return :func:`video_out` with the known pixels put back, and the drift of the decoded clip from them."""
    clip = {"video": ("decode", "IMAGE"), "source": known, "holes": holes}
    keep = Node("keep", "InverseCrafterKeepKnownPixels", (left, 420), {"seam": 2}, clip, size=(340, 110))
    drift = Node("drift", "InverseCrafterDriftReport", (left, 580), {}, clip | {"vae": ("vae", "VAE")}, size=(340, 280))
    decode, video, save = video_out(left, name)
    return [decode, replace(video, links={"images": ("keep", "video")}), save, keep, drift]


def columns(*titles: str) -> list[Group]:
    """A group around each column, from the left, and one around the image tokens below the measurement."""
    groups = [Group(title, (i * COLUMN - 20, -80, COLUMN - 20, 1240)) for i, title in enumerate(titles)]
    measured = next(i for i, title in enumerate(titles) if title.endswith("measurement"))
    tall = replace(groups[measured], bounding=(measured * COLUMN - 20, -80, COLUMN - 20, 1540))
    return [*groups[:measured], tall, *groups[measured + 1 :], tokens_group(measured * COLUMN, TOKENS_TOP)]
