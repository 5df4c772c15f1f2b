"""Stock graphs of the families: which nodes of the host load the text encoder, condition and make the latent."""

from __future__ import annotations

from dataclasses import dataclass

from lab.models.families import Family


@dataclass(frozen=True)
class Recipe:
    """The nodes of a family's stock graph beside *Load Diffusion Model*, *Load VAE* and *CLIP Text Encode*.

    Attributes:
        clip: node that loads the text encoder, and its ``type`` where it has one.
        conditioning: node between the prompts and the sampler, ``module:id``; empty: none is needed.
        latent: node that makes the audio-video pack, ``module:id``; empty: the family's own latent node is all.
        note: a remark for the table.
    """

    clip: tuple[str, str] = ("CLIPLoader", "wan")
    conditioning: str = ""
    latent: str = ""
    note: str = ""


CAMERA = Recipe(conditioning="comfy_extras.nodes_wan:WanCameraImageToVideo", note="its camera is made by WanCameraEmbedding")
RECIPES = {
    "Wan 2.1": Recipe(note="Wan 2.2 14B: two experts, as in the workflow two_experts"),
    "Wan 2.1 Fun-InP": Recipe(
        conditioning="comfy_extras.nodes_wan:WanFunInpaintToVideo",
        note="or Add Inpaint Conditioning; CLIP Vision Encode of the first frame",
    ),
    "Wan 2.2 5B": Recipe(note="an image at its latent node stays as it is"),
    "Wan 2.1 VACE": Recipe(
        conditioning="comfy_extras.nodes_wan:WanVaceToVideo",
        note="reference_frames = its trim_latent: 1 with a reference image",
    ),
    "Wan 2.1 Fun-Camera": CAMERA,
    "Wan 2.2 Fun-Camera": CAMERA,
    "Cosmos Predict 2": Recipe(("CLIPLoader", "cosmos"), note="dds_euler or Apply Guidance"),
    "HunyuanVideo": Recipe(("DualCLIPLoader", "hunyuan_video")),
    "HunyuanVideo 1.5": Recipe(
        ("DualCLIPLoader", "hunyuan_video_15"),
        "comfy_extras.nodes_hunyuan:HunyuanVideo15ImageToVideo",
        note="the conditioning node only with an image; workflow hunyuan_video_1_5",
    ),
    "Kandinsky 5": Recipe(("DualCLIPLoader", "kandinsky5"), note="the VAE is HunyuanVideo's"),
    "LTX-Video": Recipe(
        ("CLIPLoader", "ltxv"),
        "comfy_extras.nodes_lt:LTXVConditioning",
        note="model and VAE from Load Checkpoint; guide_frames = number of LTXV Add Guide; workflow ltx",
    ),
    "LTX-2": Recipe(
        ("LTXAVTextEncoderLoader", ""),
        "comfy_extras.nodes_lt:LTXVConditioning",
        "comfy_extras.nodes_lt:LTXVConcatAVLatent",
        "model and VAE from Load Checkpoint; audio stays as sampled",
    ),
    "MiniMax H3": Recipe(
        ("CLIPLoader", "minimax"),
        "comfy_extras.nodes_minimax_h3:MiniMaxH3ImageToVideo",
        note="17k+5 frames, one clip at a time; audio stays as sampled",
    ),
    "Mochi": Recipe(("CLIPLoader", "mochi")),
}
"""Recipes by the family's name."""


def recipe_of(family: Family) -> Recipe:
    """Return the recipe of a family."""
    return RECIPES[family.name]
