"""Common parts of the workflows, from clip to video: lists of nodes for a column each. Links between parts go by the keys used here."""

from __future__ import annotations

from typing import Any

from .spec import BYPASSED, Column, Link, Links, Node

SMALL_MODEL = "inversecrafter_small_wan_t2v.safetensors"
SMALL_VAE = "inversecrafter_small_wan_vae.safetensors"
CLIP_VISION = "clip_vision_h.safetensors"
TEXT_ENCODER = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
MODEL_COLOUR = "#2a363b"
WIDTH, HEIGHT, FRAMES = 192, 128, 17
STEPS = 20
FRAME_RATE = 16.0
PICTURE_ROOM = 272
VIDEO_ROOM = 300
PROMPT_ROOM = 200
SEAM = 4
SIZED = {"upscale_method": "area", "width": WIDTH, "height": HEIGHT, "crop": "center"}
CLIP: Link = ("resize", "IMAGE")
TOKENS: Link = ("clip_vision_encode", "CLIP_VISION_OUTPUT")


def preview(key: str, images: Link, title: str) -> Node:
    """A node that shows pictures."""
    return Node(key, "PreviewImage", {}, {"images": images}, title, PICTURE_ROOM)


def mask_preview(key: str, mask: Link, title: str) -> Node:
    """A node that shows masks."""
    return Node(key, "MaskPreview", {}, {"mask": mask}, title, PICTURE_ROOM)


def clip_in() -> list[Node]:
    """A clip from a file, cut and resized to what the VAE takes; ``resize`` is the clip, ``parts`` knows its frames a second."""
    return [
        Node("load", "LoadVideo", {"file": "choose_a_clip.mp4"}, height=VIDEO_ROOM),
        Node("parts", "GetVideoComponents", links={"video": ("load", "VIDEO")}),
        Node("trim", "ImageFromBatch", {"batch_index": 0, "length": FRAMES}, {"image": ("parts", "images")}, "Frames: 4k+1"),
        Node("resize", "ImageScale", SIZED, {"image": ("trim", "IMAGE")}, "Size: multiples of 16"),
    ]


def picture(key: str, file: str, title: str, mode: int = 0) -> list[Node]:
    """A picture from a file and, as ``<key>_sized``, at the size of the clip."""
    sized = Node(f"{key}_sized", "ImageScale", SIZED, {"image": (key, "IMAGE")}, "Size: multiples of 16", mode=mode)
    return [Node(key, "LoadImage", {"image": file}, {}, title, VIDEO_ROOM, mode), sized]


def depth(images: Link, widgets: dict[str, Any] | None = None) -> list[Node]:
    """Depth by the embedded model, and its picture."""
    return [
        Node("depth_model", "InverseCrafterLoadDepthModel"),
        Node(
            "depth",
            "InverseCrafterEstimateDepth",
            widgets or {},
            {"depth_model": ("depth_model", "depth_model"), "video": images},
        ),
        preview("depth_picture", ("depth", "preview"), "Depth: near is bright"),
    ]


def camera_path(video: Link) -> list[Node]:
    """A path as long as ``video``, and its picture."""
    return [
        Node("path", "InverseCrafterCameraPath", {"preset": "arc_left", "frames": FRAMES}, {"video": video}),
        preview("path_picture", ("path", "preview"), "The path"),
    ]


def warp(video: Link, geometry: Link) -> list[Node]:
    """The clip along the path, its holes filled for the encoder; both shown."""
    along = {"video": video, "geometry": geometry, "camera_path": ("path", "camera_path")}
    return [
        Node("warp", "InverseCrafterWarpVideo", {}, along),
        preview("warped", ("warp", "video"), "The warp"),
        mask_preview("holes", ("warp", "holes"), "Holes: white is generated"),
        Node("fill", "InverseCrafterFillHoles", {}, {"video": ("warp", "video"), "holes": ("warp", "holes")}),
    ]


def text(prompt: str = "") -> list[Node]:
    """The text encoder of the real Wan, bypassed, and both prompts; ``prompt`` is the positive one."""
    boxes = [
        Node(key, "InverseCrafterTextEncode", {"prompt": words}, {"clip": ("clip", "CLIP")}, title, PROMPT_ROOM)
        for key, title, words in (("positive", "Prompt", prompt), ("negative", "Negative prompt", ""))
    ]
    loader = Node(
        "clip",
        "CLIPLoader",
        {"clip_name": TEXT_ENCODER, "type": "wan"},
        title="Load CLIP (real Wan only)",
        mode=BYPASSED,
        color=MODEL_COLOUR,
    )
    return [loader, *boxes]


def vae() -> Node:
    """The VAE."""
    return Node("vae", "VAELoader", {"vae_name": SMALL_VAE}, color=MODEL_COLOUR)


def models(prompt: str = "") -> list[Node]:
    """The video model with its shift, the VAE, the prompts."""
    unet = Node("unet", "UNETLoader", {"unet_name": SMALL_MODEL, "weight_dtype": "default"}, color=MODEL_COLOUR)
    return [unet, Node("shift", "ModelSamplingSD3", {"shift": 4.0}, {"model": ("unet", "MODEL")}), vae(), *text(prompt)]


def measurement(
    widgets: dict[str, Any], video: Link, holes: Link, more: Links, condition_on: str = "first_frame"
) -> list[Node]:
    """Return the known part of ``video``, as measurement and as conditioning for checkpoints that take a masked video.

    Args:
        more: further links of both nodes: the source and the camera path, or a start image.
        condition_on: ``whole_video`` where the first frame alone says too little.
    """
    known = {"vae": ("vae", "VAE"), "video": video, "holes": holes} | more
    prompts = {"positive": ("positive", "conditioning"), "negative": ("negative", "conditioning")}
    return [
        Node("measure", "InverseCrafterEncodeMeasurement", widgets, known),
        preview("mask", ("measure", "preview"), "Latent mask: white is known"),
        Node(
            "inpaint",
            "InverseCrafterInpaintConditioning",
            {"condition_on": condition_on},
            prompts | known | {"clip_vision_output": TOKENS},
        ),
    ]


def tokens(video: Link, under: str) -> Column:
    """The first frame as CLIP-vision tokens, for checkpoints that attend to an image; bypassed, the embedded model does not."""
    frame = Node(
        "clip_vision_frame",
        "ImageFromBatch",
        {"batch_index": 0, "length": 1},
        {"image": video},
        "The clip's first frame",
        mode=BYPASSED,
    )
    loader = Node("clip_vision", "CLIPVisionLoader", {"clip_name": CLIP_VISION}, mode=BYPASSED, color=MODEL_COLOUR)
    encode = Node(
        "clip_vision_encode",
        "CLIPVisionEncode",
        {"crop": "none"},
        {"clip_vision": ("clip_vision", "CLIP_VISION"), "image": ("clip_vision_frame", "IMAGE")},
        mode=BYPASSED,
    )
    return Column("Image tokens (I2V, Fun-InP)", [loader, frame, encode], "optional", under)


def conditioned(widgets: dict[str, Any], steps: int = STEPS, cfg: float = 1.0) -> list[Node]:
    """Schedule, clean context with its release, sampling."""
    known = {"measurement": ("measure", "measurement"), "sigmas": ("schedule", "SIGMAS"), "model": ("shift", "MODEL")}
    return [
        Node(
            "schedule",
            "BasicScheduler",
            {"scheduler": "simple", "steps": steps, "denoise": 1.0},
            {"model": ("shift", "MODEL")},
        ),
        Node("release", "InverseCrafterStochasticConditioning", widgets, known, height=560),
        Node(
            "sampler",
            "SamplerCustom",
            {"add_noise": True, "noise_seed": 0, "cfg": cfg},
            {
                "model": ("shift", "MODEL"),
                "positive": ("inpaint", "positive"),
                "negative": ("inpaint", "negative"),
                "sampler": ("release", "sampler"),
                "sigmas": ("schedule", "SIGMAS"),
                "latent_image": ("inpaint", "latent"),
            },
            height=480,
        ),
    ]


def decoded(latent: Link, known: Link, holes: Link) -> list[Node]:
    """The latent decoded, and ``known`` put back where it is known: ``keep`` is the result."""
    pictures = {"video": ("decode", "IMAGE"), "source": known, "holes": holes}
    return [
        Node("decode", "VAEDecode", {}, {"samples": latent, "vae": ("vae", "VAE")}),
        Node("keep", "InverseCrafterKeepKnownPixels", {"seam": SEAM}, pictures),
    ]


def drift(source: Link, holes: Link) -> Node:
    """Return the node that reports how far the kept part drifted, as the VAE gave it."""
    pictures = {"video": ("decode", "IMAGE"), "source": source, "holes": holes, "vae": ("vae", "VAE")}
    return Node("drift", "InverseCrafterDriftReport", {}, pictures)


def video_out(name: str, images: Link, fps: Link | None = None, key: str = "") -> list[Node]:
    """Frames as a saved video, at the rate ``fps`` or at that of Wan."""
    rate: dict[str, Any] = {} if fps else {"fps": FRAME_RATE}
    links = {"images": images} | ({"fps": fps} if fps else {})
    return [
        Node(f"{key}video", "CreateVideo", rate, links),
        Node(
            f"{key}save",
            "SaveVideo",
            {"filename_prefix": f"video/InverseCrafter_{name}"},
            {"video": (f"{key}video", "VIDEO")},
            height=VIDEO_ROOM + 60,
        ),
    ]


def beside(source: Link, result: Link) -> list[Node]:
    """Source and result side by side, as pictures."""
    together = Node(
        "beside",
        "ImageStitch",
        {"direction": "right", "match_image_size": True, "spacing_width": 4, "spacing_color": "black"},
        {"image1": source, "image2": result},
        "Source beside result",
    )
    return [together, preview("compared", ("beside", "IMAGE"), "Source | result")]
