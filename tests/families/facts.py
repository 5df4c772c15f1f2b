"""What the tests expect of the families on the host: detection, schedule, empty latent, and times of parts of a clip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lab.models.families import Family


class Sampling(StrEnum):
    """Kinds of schedule, each by the name of a class that the host's ``model_sampling`` object derives from."""

    FLOW = "CONST"
    COSMOS = "COSMOS_RFLOW"
    AUDIO_VIDEO_FLOW = "ModelSamplingAV"
    V_PREDICTION = "V_PREDICTION_DDPM"


class Times(StrEnum):
    """Forms in which a network takes a time of its own for parts of the clip."""

    TOKEN = "timestep [B, tokens]"
    FRAME = "timestep [B, T']"
    MASK = "denoise_mask [B, 1, T', H', W'], a factor of the time"
    NONE = "one timestep [B]"


@dataclass(frozen=True)
class Facts:
    """Facts of a family.

    Attributes:
        model_class: name of the host's ``comfy.model_base`` class that a network file is detected as.
        times: form in which its network takes times of parts of the clip.
        latent_node: the host's node that makes an empty latent for it, ``module:id``.
        sampling: kind of schedule.
        own_format: name of the model's class in ``comfy.latent_formats`` where that is not the VAE's.
    """

    model_class: str
    times: Times = Times.NONE
    latent_node: str = "comfy_extras.nodes_hunyuan:EmptyHunyuanLatentVideo"
    sampling: Sampling = Sampling.FLOW
    own_format: str = ""


LTX_LATENT = "comfy_extras.nodes_lt:EmptyLTXVLatentVideo"
FACTS = {
    "Wan 2.1": Facts("WAN21", Times.TOKEN),
    "Wan 2.1 Fun-InP": Facts("WAN21", Times.TOKEN),
    "Wan 2.2 5B": Facts("WAN22", Times.TOKEN, "comfy_extras.nodes_wan:Wan22ImageToVideoLatent"),
    "Wan 2.1 VACE": Facts("WAN21_Vace"),
    "Wan 2.1 Fun-Camera": Facts("WAN21_Camera"),
    "Wan 2.2 Fun-Camera": Facts("WAN21_Camera"),
    "Cosmos Predict 2": Facts(
        "CosmosPredict2", Times.FRAME, "comfy_extras.nodes_cosmos:CosmosPredict2ImageToVideoLatent", Sampling.COSMOS
    ),
    "HunyuanVideo": Facts("HunyuanVideo"),
    "HunyuanVideo 1.5": Facts("HunyuanVideo15", latent_node="comfy_extras.nodes_hunyuan:EmptyHunyuanVideo15Latent"),
    "Kandinsky 5": Facts("Kandinsky5"),
    "LTX-Video": Facts("LTXV", Times.TOKEN, LTX_LATENT),
    "LTX-2": Facts("LTXAV", Times.TOKEN, LTX_LATENT, own_format="LTXAV"),
    "MiniMax H3": Facts(
        "MiniMaxH3",
        Times.MASK,
        "comfy_extras.nodes_minimax_h3:EmptyMiniMaxH3LatentAV",
        Sampling.AUDIO_VIDEO_FLOW,
        "MiniMaxH3AV",
    ),
    "Mochi": Facts("GenmoMochi", latent_node="comfy_extras.nodes_mochi:EmptyMochiLatentVideo"),
    "CogVideoX": Facts("CogVideoX", sampling=Sampling.V_PREDICTION),
    "SeedVR2": Facts("SeedVR2", latent_node="nodes:VAEEncode"),
}
"""Facts by the family's name."""


def facts_of(family: Family) -> Facts:
    """Return the facts of a family."""
    return FACTS[family.name]


def latent_format_of(family: Family) -> str:
    """Return the name of its model's class in ``comfy.latent_formats``."""
    return facts_of(family).own_format or family.grid.latent_format
