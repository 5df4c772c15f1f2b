"""Recapture: a clip from a new camera path. Real Wan: change two file names, un-bypass the text encoder."""

from __future__ import annotations

from .clip import clip_in
from .clip_vision import TOKENS, image_tokens, tokens_group
from .spec import BYPASSED, Group, Node, Workflow

SMALL_MODEL = "inversecrafter_small_wan_t2v.safetensors"
SMALL_VAE = "inversecrafter_small_wan_vae.safetensors"

NOTE = """\
## Recapture: your clip, a new camera

1. **Load Video**: choose a clip. *Frames* must be 4k+1 (17, 33, 49, 81), *width* and *height* multiples of 16.
2. **Plan Camera Path**: choose a trajectory. It takes the number of frames from the clip.
3. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

### The real Wan 2.1: change two widgets

| widget | file | folder |
|---|---|---|
| **Load Diffusion Model** | [wan2.1_t2v_1.3B_fp16.safetensors](https://huggingface.co/Comfy-Org/Wan_2.1_ComfyUI_repackaged/tree/main/split_files/diffusion_models), or a Fun-InP checkpoint: [Wan2.1-Fun-V1.1-1.3B-InP](https://huggingface.co/alibaba-pai/Wan2.1-Fun-V1.1-1.3B-InP/tree/main) | `models/diffusion_models` |
| **Load VAE** | [wan_2.1_vae.safetensors](https://huggingface.co/Comfy-Org/Wan_2.1_ComfyUI_repackaged/tree/main/split_files/vae) | `models/vae` |

For prompts also put [umt5_xxl_fp8_e4m3fn_scaled.safetensors](https://huggingface.co/Comfy-Org/Wan_2.1_ComfyUI_repackaged/tree/main/split_files/text_encoders)
into `models/text_encoders`, choose it in **Load CLIP** and un-bypass that node (Ctrl+B): the prompt boxes then use it.
Then set 832 x 480, 81 frames, shift 8, 30 to 50 steps, cfg 6.

Image-to-video checkpoints of Wan 2.1 and **Fun-InP** also attend to their first frame: put
[clip_vision_h.safetensors](https://huggingface.co/Comfy-Org/Wan_2.1_ComfyUI_repackaged/tree/main/split_files/clip_vision) into
`models/clip_vision`, choose it in **Load CLIP Vision** and un-bypass the three nodes of its group. Without it the run stops and says so.
"""

WIDTH, HEIGHT, FRAMES = 192, 128, 17

WORKFLOW = Workflow(
    name="recapture",
    nodes=[
        Node("note", "MarkdownNote", (-620, 0), {"text": NOTE}, title="Read me", size=(560, 640), color="#332922"),
        # clip
        *clip_in(WIDTH, HEIGHT, FRAMES),
        # geometry
        Node("depth_model", "InverseCrafterLoadDepthModel", (360, 0)),
        Node(
            "depth",
            "InverseCrafterEstimateDepth",
            (360, 220),
            links={"depth_model": ("depth_model", "depth_model"), "video": ("resize", "IMAGE")},
        ),
        Node(
            "path",
            "InverseCrafterCameraPath",
            (360, 480),
            {"preset": "arc_left", "frames": FRAMES},
            {"video": ("resize", "IMAGE")},
            size=(300, 320),
        ),
        Node("path_picture", "PreviewImage", (360, 850), links={"images": ("path", "preview")}, size=(300, 260)),
        # warp
        Node(
            "warp",
            "InverseCrafterWarpVideo",
            (720, 0),
            links={
                "video": ("resize", "IMAGE"),
                "geometry": ("depth", "geometry"),
                "camera_path": ("path", "camera_path"),
            },
        ),
        Node(
            "fill",
            "InverseCrafterFillHoles",
            (720, 300),
            links={"video": ("warp", "video"), "holes": ("warp", "holes")},
        ),
        Node("warped", "PreviewImage", (720, 560), links={"images": ("warp", "video")}, title="The warp", size=(300, 260)),
        # models
        Node("unet", "UNETLoader", (1080, 0), {"unet_name": SMALL_MODEL, "weight_dtype": "default"}, color="#2a363b"),
        Node("vae", "VAELoader", (1080, 140), {"vae_name": SMALL_VAE}, color="#2a363b"),
        Node(
            "clip",
            "CLIPLoader",
            (1080, 250),
            {"clip_name": "umt5_xxl_fp8_e4m3fn_scaled.safetensors", "type": "wan"},
            title="Load CLIP (only for the real Wan)",
            mode=BYPASSED,
        ),
        Node("shift", "ModelSamplingSD3", (1080, 410), {"shift": 4.0}, {"model": ("unet", "MODEL")}),
        Node(
            "positive",
            "InverseCrafterTextEncode",
            (1080, 520),
            {"prompt": ""},
            {"clip": ("clip", "CLIP")},
            title="Prompt",
            size=(320, 170),
        ),
        Node(
            "negative",
            "InverseCrafterTextEncode",
            (1080, 740),
            {"prompt": ""},
            {"clip": ("clip", "CLIP")},
            title="Negative prompt",
            size=(320, 170),
        ),
        # measurement
        Node(
            "measure",
            "InverseCrafterEncodeMeasurement",
            (1460, 0),
            links={
                "vae": ("vae", "VAE"),
                "video": ("fill", "video"),
                "holes": ("warp", "holes"),
                "source": ("resize", "IMAGE"),
                "camera_path": ("path", "camera_path"),
            },
        ),
        Node(
            "mask",
            "PreviewImage",
            (1460, 360),
            links={"images": ("measure", "preview")},
            title="Latent mask",
            size=(320, 260),
        ),
        Node(
            "inpaint",
            "InverseCrafterInpaintConditioning",
            (1460, 680),
            links={
                "positive": ("positive", "conditioning"),
                "negative": ("negative", "conditioning"),
                "vae": ("vae", "VAE"),
                "video": ("fill", "video"),
                "holes": ("warp", "holes"),
                "source": ("resize", "IMAGE"),
                "camera_path": ("path", "camera_path"),
                "clip_vision_output": TOKENS,
            },
        ),
        *image_tokens(1080, 1020, ("fill", "video")),
        # sampling
        Node(
            "sampler",
            "InverseCrafterKSampler",
            (1840, 0),
            {"seed": 0, "steps": 20, "cfg": 1.0},
            {
                "model": ("shift", "MODEL"),
                "measurement": ("measure", "measurement"),
                "positive": ("inpaint", "positive"),
                "negative": ("inpaint", "negative"),
                "latent_image": ("inpaint", "latent"),
            },
            size=(320, 560),
        ),
        Node("decode", "VAEDecode", (2220, 0), links={"samples": ("sampler", "latent"), "vae": ("vae", "VAE")}),
        Node("video", "CreateVideo", (2220, 90), links={"images": ("decode", "IMAGE"), "fps": ("parts", "fps")}),
        Node(
            "save",
            "SaveVideo",
            (2220, 220),
            {"filename_prefix": "video/InverseCrafter_recapture"},
            {"video": ("video", "VIDEO")},
        ),
        Node(
            "metrics",
            "InverseCrafterMetrics",
            (2220, 620),
            links={"video": ("decode", "IMAGE"), "reference": ("warp", "video"), "holes": ("warp", "holes")},
        ),
    ],
    groups=[
        Group("1 · clip", (-20, -80, 330, 1220)),
        Group("2 · depth and camera path", (340, -80, 340, 1220)),
        Group("3 · warp", (700, -80, 340, 1220)),
        Group("4 · models and prompt", (1060, -80, 360, 1500), "#a1309b"),
        Group("5 · measurement", (1440, -80, 360, 1220)),
        Group("6 · guided sampling and video", (1820, -80, 740, 1220), "#8a8"),
        tokens_group(1080, 1020),
    ],
)
