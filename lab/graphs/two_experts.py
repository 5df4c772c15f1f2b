"""Recapture with two experts, as Wan 2.2 14B is run: a high-noise model for the first steps, a low-noise model for the rest."""

from __future__ import annotations

from dataclasses import replace

from .parts import MODEL_COLOUR, video_out
from .recapture import SMALL_MODEL
from .recapture import WORKFLOW as RECAPTURE
from .spec import BYPASSED, Group, Node, Workflow

REPACKAGED = "https://huggingface.co/Comfy-Org/Wan_2.2_ComfyUI_Repackaged/tree/main/split_files"
NOTE = f"""\
## Two experts: Wan 2.2 14B

The graph of *recapture* with two models, one sampler each. Here both are the small model of this pack, so it runs at once, and gives what one
model gives. **Steps** and **Switch at step** are asked once and count for both samplers.

| route | how |
|---|---|
| **6a**, on | **Apply Guidance** on both models, two *KSampler (Advanced)*. Any stock sampler |
| **6b**, bypassed | **Select Guided Sampler**, the exact update: *SplitSigmas*, two *SamplerCustomAdvanced*. Select the group and press Ctrl+B, and bypass 6a |

Windows are percents of the model's own schedule: each sampler guides its part of them, and both together do what one would.
**Run Guided KSampler** does all of 6b in one box: give it the second model as `low_noise_model`.

### The real Wan 2.2

| widget | file | folder |
|---|---|---|
| **High-noise expert** | [wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors]({REPACKAGED}/diffusion_models) | `models/diffusion_models` |
| **Low-noise expert** | [wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors]({REPACKAGED}/diffusion_models) | `models/diffusion_models` |
| **Load VAE** | [wan_2.1_vae.safetensors]({REPACKAGED}/vae) | `models/vae` |
| **Load CLIP**: un-bypass it | [umt5_xxl_fp8_e4m3fn_scaled.safetensors]({REPACKAGED}/text_encoders) | `models/text_encoders` |
| **Speed LoRA**, both: un-bypass them | [wan2.2_t2v_lightx2v_4steps_lora_v1.1_high_noise and _low_noise.safetensors]({REPACKAGED}/loras) | `models/loras` |

| | steps | switch at step | shift, both | cfg, both | gamma |
|---|---|---|---|---|---|
| without LoRAs | 20 | 10 | 8 | 3.5 | 8 |
| speed LoRAs, 2 + 2 | 4 | 2 | 5 | 1 | 20 |
| speed LoRAs, 3 + 3 | 6 | 3 | 5 | 1 | 20 |

With 4 steps also set `start_percent` to 0.25, so that three of them are guided. The image-to-video experts work too: **Add Inpaint Conditioning**
gives them the first frame. Then 832 x 480 and 81 frames.
"""
TWO_LORAS = "wan2.2_t2v_lightx2v_4steps_lora_v1.1_{}_noise.safetensors"
MODELS, GUIDES, SAMPLERS, OUT = 1840, 2220, 2600, 2980
BELOW = 1240
"""Where the second route begins."""
STEPS, SWITCH = 20, 8
"""At shift 4 the eighth step is the last that begins above sigma 0.875."""
FIXED = {"control_after_generate": "fixed"}
EXPERTS = {"high": 0, "low": 1}


def shared() -> list[Node]:
    """The graph of recapture up to the conditioning, without its model; its note replaced."""
    left_out = {"note", "unet", "shift", "sampler", "decode", "video", "save", "metrics"}
    note = next(node for node in RECAPTURE.nodes if node.key == "note")
    return [replace(note, widgets={"text": NOTE}), *(node for node in RECAPTURE.nodes if node.key not in left_out)]


def experts() -> list[Node]:
    """Two models with their speed LoRAs and one shift each, and the two numbers that both samplers share."""
    nodes = [
        Node("steps", "PrimitiveInt", (MODELS, 780), {"value": STEPS} | FIXED, title="Steps", size=(320, 90)),
        Node("switch", "PrimitiveInt", (MODELS, 920), {"value": SWITCH} | FIXED, title="Switch at step", size=(320, 90)),
    ]
    for name, place in EXPERTS.items():
        top = 380 * place
        nodes += [
            Node(
                f"unet_{name}",
                "UNETLoader",
                (MODELS, top),
                {"unet_name": SMALL_MODEL, "weight_dtype": "default"},
                title=f"{name.capitalize()}-noise expert",
                size=(320, 90),
                color=MODEL_COLOUR,
            ),
            Node(
                f"lora_{name}",
                "LoraLoaderModelOnly",
                (MODELS, top + 130),
                {"lora_name": TWO_LORAS.format(name), "strength_model": 1.0},
                {"model": (f"unet_{name}", "MODEL")},
                title=f"Speed LoRA, {name} noise",
                size=(320, 90),
                mode=BYPASSED,
            ),
            Node(
                f"shift_{name}",
                "ModelSamplingSD3",
                (MODELS, top + 260),
                {"shift": 4.0},
                {"model": (f"lora_{name}", "MODEL")},
                size=(320, 60),
            ),
        ]
    return nodes


CONDITIONING = {"positive": ("inpaint", "positive"), "negative": ("inpaint", "negative")}


def patched() -> list[Node]:
    """Guidance on both models, one KSamplerAdvanced each."""
    steps, switch = ("steps", "INT"), ("switch", "INT")
    guides = [
        Node(
            f"guide_{name}",
            "InverseCrafterApplyGuidance",
            (GUIDES, 380 * place),
            {},
            {"model": (f"shift_{name}", "MODEL"), "measurement": ("measure", "measurement")},
            title=f"Guidance, {name} noise",
            size=(320, 260),
        )
        for name, place in EXPERTS.items()
    ]
    common = {"noise_seed": 0, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple"}
    first = Node(
        "sampler_high",
        "KSamplerAdvanced",
        (SAMPLERS, 0),
        common | {"add_noise": "enable", "start_at_step": 0, "return_with_leftover_noise": "enable"} | FIXED,
        CONDITIONING
        | {"model": ("guide_high", "model"), "latent_image": ("inpaint", "latent"), "steps": steps, "end_at_step": switch},
        title="First: high noise",
        size=(320, 380),
    )
    second = Node(
        "sampler",
        "KSamplerAdvanced",
        (SAMPLERS, 460),
        common | {"add_noise": "disable", "end_at_step": 10000, "return_with_leftover_noise": "disable"} | FIXED,
        CONDITIONING
        | {
            "model": ("guide_low", "model"),
            "latent_image": ("sampler_high", "LATENT"),
            "steps": steps,
            "start_at_step": switch,
        },
        title="Then: low noise",
        size=(320, 380),
    )
    return [*guides, first, second]


def exact() -> list[Node]:
    """The exact sampler on both models, its schedule split; all of it bypassed."""
    nodes = [
        Node(
            "schedule",
            "BasicScheduler",
            (GUIDES, BELOW),
            {"scheduler": "simple", "denoise": 1.0},
            {"model": ("shift_high", "MODEL"), "steps": ("steps", "INT")},
        ),
        Node("split", "SplitSigmas", (GUIDES, BELOW + 150), {}, {"sigmas": ("schedule", "SIGMAS"), "step": ("switch", "INT")}),
        Node("dds", "InverseCrafterSampler", (GUIDES, BELOW + 270), {}, {"measurement": ("measure", "measurement")}),
        Node("noise", "RandomNoise", (GUIDES, BELOW + 530), {"noise_seed": 0} | FIXED),
        Node("no_noise", "DisableNoise", (GUIDES, BELOW + 650)),
    ]
    for name, place in EXPERTS.items():
        nodes += [
            Node(
                f"guider_{name}",
                "CFGGuider",
                (SAMPLERS, BELOW + 340 * place),
                {"cfg": 1.0},
                CONDITIONING | {"model": (f"shift_{name}", "MODEL")},
            ),
            Node(
                f"exact_{name}",
                "SamplerCustomAdvanced",
                (SAMPLERS, BELOW + 340 * place + 140),
                {},
                {
                    "noise": ("no_noise" if place else "noise", "NOISE"),
                    "guider": (f"guider_{name}", "GUIDER"),
                    "sampler": ("dds", "sampler"),
                    "sigmas": ("split", f"{name}_sigmas"),
                    "latent_image": ("exact_high", "output") if place else ("inpaint", "latent"),
                },
                title="Then: low noise" if place else "First: high noise",
            ),
        ]
    out = [
        Node("exact_decode", "VAEDecode", (OUT, BELOW), {}, {"samples": ("exact_low", "output"), "vae": ("vae", "VAE")}),
        Node(
            "exact_video", "CreateVideo", (OUT, BELOW + 90), {}, {"images": ("exact_decode", "IMAGE"), "fps": ("parts", "fps")}
        ),
        Node(
            "exact_save",
            "SaveVideo",
            (OUT, BELOW + 220),
            {"filename_prefix": "video/InverseCrafter_two_experts_exact"},
            {"video": ("exact_video", "VIDEO")},
        ),
    ]
    return [replace(node, mode=BYPASSED) for node in [*nodes, *out]]


def decoded() -> list[Node]:
    """The first route's video, at the clip's own rate, and how near it is to the warp."""
    decode, video, save = video_out(OUT, "two_experts")
    metrics = next(node for node in RECAPTURE.nodes if node.key == "metrics")
    return [
        replace(decode, links=decode.links | {"samples": ("sampler", "LATENT")}),
        replace(video, widgets={}, links=video.links | {"fps": ("parts", "fps")}),
        save,
        replace(metrics, pos=(OUT, 620)),
    ]


WORKFLOW = Workflow(
    name="two_experts",
    nodes=[*shared(), *experts(), *patched(), *exact(), *decoded()],
    groups=[
        *(group for group in RECAPTURE.groups if not group.title.startswith("6")),
        Group("Two experts", (MODELS - 20, -80, 360, 1220), "#a1309b"),
        Group("6a · guided models, any stock sampler", (GUIDES - 20, -80, 1120, 1220), "#8a8"),
        Group("6b · the exact sampler (bypassed)", (GUIDES - 20, BELOW - 80, 1120, 860), "#b58b2a"),
    ],
)
