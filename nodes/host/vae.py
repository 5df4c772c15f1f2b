"""Video VAEs of the host as the core's coders: the one place that knows which class of the host has which latent grid."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import comfy.latent_formats
import comfy.model_management
import comfy.utils
import torch
from comfy.sd import VAE

from ...inversecrafter_core.errors import InputError, require_finite
from ...inversecrafter_core.latent_grid import GRIDS, LatentGrid
from .compat import NOT_GUIDED
from .progress import progress_by_calls

CLASSES = {
    ("comfy.ldm.wan.vae.WanVAE", 16): "Wan21",
    ("comfy.ldm.wan.vae2_2.WanVAE", 48): "Wan22",
    ("comfy.ldm.models.autoencoder.AutoencoderKL", 16): "HunyuanVideo",
    ("comfy.ldm.models.autoencoder.AutoencodingEngine", 32): "HunyuanVideo15",
    ("comfy.ldm.lightricks.vae.causal_video_autoencoder.VideoVAE", 128): "LTXV",
    ("comfy.ldm.minimax.vae.MiniMaxH3VideoVAE", 24): "MiniMaxH3Video",
    ("comfy.ldm.genmo.vae.model.VideoVAE", 12): "Mochi",
}
"""Latent format by class and latent channels of a VAE. Strings, since older hosts lack some of the classes."""
REFUSED = {
    "CausalContinuousVideoTokenizer": "Cosmos 1 predicts with an EDM model, not a flow",
    "AutoencoderKLCogVideoX": NOT_GUIDED["CogVideoX"],
    "VideoAutoencoderKLWrapper": NOT_GUIDED["SeedVR2"],
    "TAEHV": "tiny VAEs are for previews: measurements need the family's own VAE",
}
"""Reasons to refuse a video VAE, by the name of its class."""
TILE = 512
"""Pixels along one side of a tile.

Tiles overlap by a quarter; the embedded VAE's latents then differ by 0.5 % of their deviation. Time is not tiled: a tile would
start with a group of one frame where the clip has four, an error of 11 to 17 %, and encoders that go through time group by
group gain nothing by it.
"""
LENGTHS_TESTED = 40
"""Latent frames up to which a VAE's own count of frames is compared with the grid's."""


@dataclass(frozen=True)
class VideoVae:
    """A host VAE of a known family, the core's ``LatentCoder``.

    Attributes:
        vae, grid: the VAE and the geometry of its latents.
        tile: pixels along one side of the tiles that it encodes; None: whole frames, unless the host runs out of memory.
    """

    vae: VAE
    grid: LatentGrid
    tile: int | None = None

    @classmethod
    def of(cls, vae: VAE, tile: int | None = None) -> VideoVae:
        """Recognise a VAE, and encode with it in tiles of so many pixels if given.

        Raises:
            InputError: an image VAE, a family that cannot be guided, or one that this pack does not know.
        """
        inner = getattr(vae, "first_stage_model", None)
        channels = getattr(vae, "latent_channels", 0)
        latent_format = CLASSES.get((f"{type(inner).__module__}.{type(inner).__name__}", channels))
        video = getattr(vae, "latent_dim", 2) == 3 and not getattr(vae, "not_video", False)
        grid = next((grid for grid in GRIDS if grid.latent_format == latent_format), None)
        if grid is None or not video or not _agree(vae, grid):
            reason = REFUSED.get(type(inner).__name__, "it is none of the video VAEs that this pack knows")
            known = ", ".join(grid.family for grid in GRIDS)
            raise InputError(
                "vae",
                f"a {type(inner).__name__} with {channels} latent channels: {reason}",
                f"Load the VAE of: {known}.",
            )
        return cls(vae, grid, tile)

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        """Encode ``[F, H, W, 3]`` in 0...1 to latents in VAE space. Shows progress, can be cancelled."""
        frames, height, width = self.grid.require_frames("video", len(video)), *video.shape[1:3]
        side, overlap = self.tile or max(height, width), (self.tile or 0) // 4
        tiles = comfy.utils.get_tiled_scale_steps(width, height, side, side, overlap)
        with self._progress("encoder", frames * tiles):
            if tiles == 1:
                latent = self.vae.encode(video)
            else:
                latent = self.vae.encode_tiled(video, side, side, overlap, tile_t=None, overlap_t=None)
        return require_finite("vae", latent.to(comfy.model_management.intermediate_device(), torch.float32))

    def empty(self, video: torch.Tensor) -> torch.Tensor:
        """Return zeros of the shape of ``video [F, H, W, 3]``, encoded, on the device of the host's latents."""
        frames, height, width = video.shape[:3]
        cells = self.grid.require_frames("video", frames), height // self.grid.cell, width // self.grid.cell
        return torch.zeros(1, self.grid.channels, *cells, device=comfy.model_management.intermediate_device())

    def round_trip(self, name: str, video: torch.Tensor) -> torch.Tensor:
        """Return ``video [F, H, W, 3]`` encoded and decoded. Shows progress, can be cancelled."""
        self.grid.require_clip(name, video)
        latent = self.encode(video)
        with self._progress("decoder", latent.shape[2]):
            decoded = self.vae.decode(latent)
        return decoded.reshape(-1, *decoded.shape[-3:]).to(video)

    def normalise(self, latent: torch.Tensor) -> torch.Tensor:
        """Bring latents from VAE space to zero mean and unit deviation per channel, with the format's constants."""
        return getattr(comfy.latent_formats, self.grid.latent_format)().process_in(latent)

    def _progress(self, part: str, calls: int) -> AbstractContextManager[None]:
        return progress_by_calls(getattr(self.vae.first_stage_model, part), calls)


def grid_of(vae: VAE | None) -> LatentGrid | None:
    """Return the grid of a VAE that is connected, else None."""
    return None if vae is None else VideoVae.of(vae).grid


def _agree(vae: VAE, grid: LatentGrid) -> bool:
    """Return whether a VAE counts frames and cells as the grid of its class does."""
    frames_of, height, width = vae.upscale_ratio
    valid = [grid.require_frames("clip", grid.least(count)) for count in range(1, LENGTHS_TESTED)]
    return (height, width) == (grid.cell, grid.cell) and all(frames_of(count) == grid.frames(count) for count in valid)
