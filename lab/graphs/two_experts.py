"""Recapture with two experts, as Wan 2.2 14B is run: a high-noise model for the first steps, a low-noise model for the rest."""

from __future__ import annotations

from dataclasses import replace

from .notes import HUGGING_FACE, KEPT, LENGTHS, PREVIEW
from .parts import CLIP, MODEL_COLOUR, SMALL_MODEL, STEPS, beside, decoded, text, vae, video_out
from .recapture import HOLES, RESULT, WARPED, clip_to_warp, measured, metrics
from .spec import BYPASSED, Column, Link, Links, Node, Workflow

REPACKAGED = f"{HUGGING_FACE}/Comfy-Org/Wan_2.2_ComfyUI_Repackaged/tree/main/split_files"
NOTE = f"""\
## Two experts: Wan 2.2 14B

The graph of *recapture* with two models, one sampler each. Here both are the small model of this pack, so it runs at once, and gives what one
model gives. Choose a clip in **Load Video** and run. {LENGTHS} **Steps** and **Switch at step** stand once and count for both samplers.

| route | how |
|---|---|
| **5a · guided, stock samplers**, on | **Apply Guidance, high noise** and **Apply Guidance, low noise** models, two *KSampler (Advanced)* |
| **5b · exact schedule** and **5b · exact sampling**, bypassed | **Select Guided Sampler**, the exact update: *SplitSigmas*, two *SamplerCustomAdvanced*. Select both groups and press Ctrl+B, and bypass 5a |

Windows are percents of the model's own schedule: each sampler guides its part of them, and both together do what one would.
*Run Guided KSampler* does all of 5b: give it the second model as `low_noise_model`.

{PREVIEW}
{KEPT}

### The real Wan 2.2

| widget | file | folder |
|---|---|---|
| **High-noise expert** | [wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors]({REPACKAGED}/diffusion_models) | `models/diffusion_models` |
| **Low-noise expert** | [wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors]({REPACKAGED}/diffusion_models) | `models/diffusion_models` |
| **Load VAE** | [wan_2.1_vae.safetensors]({REPACKAGED}/vae) | `models/vae` |
| **Load CLIP (real Wan only)**: un-bypass it | [umt5_xxl_fp8_e4m3fn_scaled.safetensors]({REPACKAGED}/text_encoders) | `models/text_encoders` |
| **Speed LoRA, high noise** and **Speed LoRA, low noise**: un-bypass them | [wan2.2_t2v_lightx2v_4steps_lora_v1.1_high_noise and _low_noise.safetensors]({REPACKAGED}/loras) | `models/loras` |

| | steps | switch at step | shift, both | cfg, both | gamma |
|---|---|---|---|---|---|
| without LoRAs | 20 | 10 | 8 | 3.5 | 8 |
| speed LoRAs, 2 + 2 | 4 | 2 | 5 | 1 | 20 |
| speed LoRAs, 3 + 3 | 6 | 3 | 5 | 1 | 20 |

With 4 steps also set `start_percent` to 0.25, so that three of them are guided. The image-to-video experts work too: **Add Inpaint Conditioning**
gives them the first frame. Then 832 x 480 and 81 frames.
"""
TWO_LORAS = "wan2.2_t2v_lightx2v_4steps_lora_v1.1_{}_noise.safetensors"
SWITCH = 8
"""At shift 4 the eighth step is the last that begins above sigma 0.875."""
FIXED = {"control_after_generate": "fixed"}
EXPERTS = ("high", "low")
CONDITIONING: Links = {"positive": ("inpaint", "positive"), "negative": ("inpaint", "negative")}
STEPS_LINK: Link = ("steps", "INT")
SWITCH_LINK: Link = ("switch", "INT")
GUIDED, TEXT = "5a · guided, stock samplers", "VAE and prompt"


def experts() -> list[Node]:
    """Two models with their speed LoRAs and one shift each, and the two numbers that both samplers share."""
    nodes = [
        Node("steps", "PrimitiveInt", {"value": STEPS} | FIXED, title="Steps"),
        Node("switch", "PrimitiveInt", {"value": SWITCH} | FIXED, title="Switch at step"),
    ]
    for name in EXPERTS:
        unet, lora = f"unet_{name}", f"lora_{name}"
        files = {"unet_name": SMALL_MODEL, "weight_dtype": "default"}
        speed = {"lora_name": TWO_LORAS.format(name), "strength_model": 1.0}
        nodes += [
            Node(unet, "UNETLoader", files, title=f"{name.capitalize()}-noise expert", color=MODEL_COLOUR),
            Node(lora, "LoraLoaderModelOnly", speed, {"model": (unet, "MODEL")}, f"Speed LoRA, {name} noise", mode=BYPASSED),
            Node(f"shift_{name}", "ModelSamplingSD3", {"shift": 4.0}, {"model": (lora, "MODEL")}),
        ]
    return nodes


def guides() -> list[Node]:
    """Guidance on both models."""
    measured_by: Links = {"measurement": ("measure", "measurement")}
    return [
        Node(
            f"guide_{name}",
            "InverseCrafterApplyGuidance",
            {},
            measured_by | {"model": (f"shift_{name}", "MODEL")},
            f"Apply Guidance, {name} noise",
        )
        for name in EXPERTS
    ]


def samplers() -> list[Node]:
    """One KSamplerAdvanced for each model, the second going on where the first stops."""
    common = {"noise_seed": 0, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple"} | FIXED
    first: Links = {"model": ("guide_high", "model"), "latent_image": ("inpaint", "latent"), "end_at_step": SWITCH_LINK}
    second: Links = {"model": ("guide_low", "model"), "latent_image": ("sampler_high", "LATENT"), "start_at_step": SWITCH_LINK}
    return [
        Node(
            "sampler_high",
            "KSamplerAdvanced",
            common | {"add_noise": "enable", "start_at_step": 0, "return_with_leftover_noise": "enable"},
            CONDITIONING | first | {"steps": STEPS_LINK},
            "First: high noise",
            580,
        ),
        Node(
            "sampler",
            "KSamplerAdvanced",
            common | {"add_noise": "disable", "end_at_step": 10000, "return_with_leftover_noise": "disable"},
            CONDITIONING | second | {"steps": STEPS_LINK},
            "Then: low noise",
            580,
        ),
    ]


def bypassed(nodes: list[Node]) -> list[Node]:
    """The nodes, bypassed."""
    return [replace(node, mode=BYPASSED) for node in nodes]


def exact_schedule() -> list[Node]:
    """The exact sampler, its schedule split at the switch, and the noise."""
    return [
        Node(
            "schedule",
            "BasicScheduler",
            {"scheduler": "simple", "denoise": 1.0},
            {"model": ("shift_high", "MODEL"), "steps": STEPS_LINK},
        ),
        Node("split", "SplitSigmas", {}, {"sigmas": ("schedule", "SIGMAS"), "step": SWITCH_LINK}),
        Node("exact", "InverseCrafterSampler", {}, {"measurement": ("measure", "measurement")}, "Select Guided Sampler"),
        Node("noise", "RandomNoise", {"noise_seed": 0} | FIXED),
        Node("no_noise", "DisableNoise"),
    ]


def exact_sampling() -> list[Node]:
    """The exact sampler on both models, decoded and saved."""
    nodes = []
    for name, noise, latent in (
        ("high", ("noise", "NOISE"), ("inpaint", "latent")),
        ("low", ("no_noise", "NOISE"), ("exact_high", "output")),
    ):
        sampling: Links = {
            "noise": noise,
            "guider": (f"guider_{name}", "GUIDER"),
            "sampler": ("exact", "sampler"),
            "sigmas": ("split", f"{name}_sigmas"),
            "latent_image": latent,
        }
        model: Links = {"model": (f"shift_{name}", "MODEL")}
        nodes += [
            Node(f"guider_{name}", "CFGGuider", {"cfg": 1.0}, CONDITIONING | model),
            Node(f"exact_{name}", "SamplerCustomAdvanced", {}, sampling, f"Exact: {name} noise"),
        ]
    decode = Node("exact_decode", "VAEDecode", {}, {"samples": ("exact_low", "output"), "vae": ("vae", "VAE")})
    return [*nodes, decode, *video_out("two_experts_exact", ("exact_decode", "IMAGE"), ("parts", "fps"), "exact_")]


WORKFLOW = Workflow(
    name="two_experts",
    note=NOTE,
    columns=[
        *clip_to_warp(),
        Column(TEXT, [vae(), *text()], "models"),
        *measured(),
        Column("Two experts", experts(), "models", TEXT),
        Column(GUIDED, [*guides(), *samplers()], "sampling"),
        Column(
            "6 · result",
            [
                *decoded(("sampler", "LATENT"), WARPED, HOLES),
                *video_out("two_experts", RESULT, ("parts", "fps")),
                *beside(CLIP, RESULT),
                metrics(("decode", "IMAGE")),
            ],
        ),
        Column("5b · exact schedule", bypassed(exact_schedule()), "optional"),
        Column("5b · exact sampling", bypassed(exact_sampling()), "optional"),
    ],
)
