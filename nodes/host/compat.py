"""Access to the host's VAEs, latent formats, layers and sampling runs, for ComfyUI 0.3.75 and newer."""

from __future__ import annotations

from dataclasses import dataclass

import comfy.latent_formats
import comfy.ldm.wan.vae
import comfy.ldm.wan.vae2_2
import comfy.model_management
import torch
from comfy.latent_formats import LatentFormat
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import CONST
from comfy.sd import VAE

from ...inversecrafter_core.errors import InputError, require_finite, require_multiple, require_wan_frames
from ...inversecrafter_core.masks import LAYERS
from ...inversecrafter_core.sampling import BoundGuidance
from .progress import progress_by_calls

LATENT_FORMATS = {16: comfy.latent_formats.Wan21, 48: comfy.latent_formats.Wan22}
WAN_VAES = (comfy.ldm.wan.vae.WanVAE, comfy.ldm.wan.vae2_2.WanVAE)
LOAD_A_WAN_VAE = "Load a Wan VAE: 16 channels for Wan 2.1 and Wan 2.2 14B, 48 for Wan 2.2 5B, or the embedded one."


@dataclass(frozen=True)
class VideoVae:
    """A Wan VAE of the host, as the core's ``LatentCoder``."""

    vae: VAE
    channels: int
    spatial: int

    @classmethod
    def of(cls, vae: VAE) -> VideoVae:
        """Return a host's VAE as a :class:`VideoVae`, or raise :class:`InputError` if it is not Wan's."""
        inner = getattr(vae, "first_stage_model", None)
        channels = getattr(vae, "latent_channels", None)
        if not isinstance(inner, WAN_VAES) or channels not in LATENT_FORMATS:
            raise InputError("vae", f"a {type(inner).__name__} with {channels} latent channels", LOAD_A_WAN_VAE)
        return cls(vae, channels, vae.spacial_compression_encode())

    @property
    def latent_format(self) -> str:
        """Name of the host's latent format that this VAE encodes to."""
        return LATENT_FORMATS[self.channels].__name__

    def require_size(self, name: str, video: torch.Tensor) -> tuple[int, int, int]:
        """Check for 4k+1 frames and sides that VAE and model can halve, and return ``(frames, height, width)``."""
        frames, height, width = video.shape[:3]
        require_wan_frames(name, frames)
        require_multiple(name, height, width, 2 * self.spatial)
        return frames, height, width

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        """Encode ``[F, H, W, 3]`` in 0...1 to latents in VAE space; moves the node's bar and can be cancelled."""
        with progress_by_calls(self.vae.first_stage_model.encoder, latent_frames(len(video))):
            latent = self.vae.encode(video)
        return require_finite("vae", latent.to(comfy.model_management.intermediate_device(), torch.float32))

    def round_trip(self, name: str, video: torch.Tensor) -> torch.Tensor:
        """Return ``video [F, H, W, 3]`` encoded and decoded; moves the node's bar and can be cancelled."""
        self.require_size(name, video)
        latent = self.encode(video)
        with progress_by_calls(self.vae.first_stage_model.decoder, latent.shape[2]):
            decoded = self.vae.decode(latent)
        return decoded.reshape(-1, *decoded.shape[-3:]).to(video)

    def normalise(self, latent: torch.Tensor) -> torch.Tensor:
        """Return latents of VAE space at zero mean and unit deviation per channel, by the format's constants."""
        return LATENT_FORMATS[self.channels]().process_in(latent)


def latent_frames(frames: int) -> int:
    """Return the number of latent frames of a clip of 4k+1 frames."""
    return (frames - 1) // 4 + 1


def require_flow(model_sampling: object) -> CONST:
    """Return the model sampling if it is a rectified flow (Wan's), or raise :class:`InputError`."""
    if not isinstance(model_sampling, CONST):
        raise InputError(
            "model",
            f"a model with {type(model_sampling).__name__}, not a flow",
            "Use a Wan model, patched with ModelSamplingSD3 at most.",
        )
    return model_sampling


def model_channels(model: ModelPatcher) -> int:
    """Return the number of latent channels of a host's MODEL."""
    return model.get_model_object("latent_format").latent_channels


def expert_boundary(model: ModelPatcher) -> float:
    """Return the sigma at which Wan 2.2 14B hands over to its low-noise expert: 0.9 for image-to-video, else 0.875."""
    return 0.9 if getattr(model.model, "image_to_video", False) else 0.875


def format_name(latent_format: LatentFormat) -> str:
    """Return the name of a host's latent format; formats of equal width differ in their constants."""
    return type(latent_format).__name__


def wan_encoder(width: int, head_channels: int) -> torch.nn.Module:
    """Return the encoder half of a Wan 2.1 VAE without its weights loaded."""
    return comfy.ldm.wan.vae.Encoder3d(dim=width, z_dim=head_channels, dropout=0.0, **LAYERS)


def run_scope(model_options: dict[str, object]) -> dict[object, BoundGuidance]:
    """Return a dictionary that lasts for one sampling run, kept in the options that the host clones for each run."""
    scope = model_options.setdefault("inversecrafter_run", {})
    assert isinstance(scope, dict)
    return scope
