"""The learned mask encoder: its loader, and the model on the socket INVERSECRAFTER_MASK_ENCODER."""

from __future__ import annotations

from dataclasses import dataclass

import comfy.model_management
import folder_paths
import torch
from comfy.model_patcher import ModelPatcher
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.latent_grid import LatentGrid
from ...inversecrafter_core.masks import MaskEncoderSpec, causal_chunks, encoder_input, head_to_mask, read_mask_encoder
from ..host.compat import wan_encoder
from ..host.model_folders import MASK_ENCODERS
from ..host.progress import host_progress
from ..host.schema import node_schema
from ..host.sockets import GUIDE, MaskEncoderSocket

BYTES_A_PIXEL_AND_WIDTH = 250
"""Peak activation memory of a float32 encoding, in bytes a pixel of one frame and a channel of base width."""


@dataclass(frozen=True)
class MaskEncoder:
    """A loaded mask encoder, whose weights are under the host's memory management."""

    spec: MaskEncoderSpec
    patcher: ModelPatcher

    def require_fit(self, grid: LatentGrid) -> MaskEncoder:
        """Return the mask encoder if it was trained for latents on such a grid, or raise :class:`InputError` naming both."""
        if not self.spec.fits(grid):
            raise InputError(
                "mask_encoder and vae",
                f"the mask encoder is for {self.spec.latent_channels} latent channels at 1/{self.spec.spatial} of the size, "
                f"the VAE of {grid.family} makes {grid.channels} at 1/{grid.cell}, {grid.rule}",
                "Load the mask encoder that was trained for this VAE, or choose another mask.",
            )
        return self

    @torch.no_grad()
    def predict(self, visible: torch.Tensor, warp: torch.Tensor) -> torch.Tensor:
        """Predict ``h [1, C, T', H', W']``, float32 in 0...1, from ``visible [F, H, W]`` and ``warp [F, H, W, 3]``."""
        stacked = encoder_input(self.spec, visible, warp)
        needed = BYTES_A_PIXEL_AND_WIDTH * self.spec.width * len(stacked) * stacked.shape[-1] * stacked.shape[-2]
        comfy.model_management.load_models_gpu([self.patcher], memory_required=needed)
        head = causal_chunks(self.patcher.model, stacked.to(self.patcher.load_device), host_progress())
        return head_to_mask(self.spec, head).to(comfy.model_management.intermediate_device())


def load_mask_encoder(path: str) -> MaskEncoder:
    """Return the mask encoder in a file, or raise :class:`InputError` if the file holds none."""
    spec, state = read_mask_encoder(path)
    model = wan_encoder(spec.width, spec.head_channels)
    _require_shapes(model, state)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if missing or unexpected:
        raise InputError(
            "mask encoder file",
            f"{len(missing)} tensors missing and {len(unexpected)} unknown, e.g. '{[*missing, *unexpected][0]}'",
            "The file is damaged or of another version: download it once more, or train one.",
        )
    patcher = ModelPatcher(
        model.float().train(False),
        load_device=comfy.model_management.vae_device(),
        offload_device=comfy.model_management.vae_offload_device(),
    )
    return MaskEncoder(spec, patcher)


def _require_shapes(model: torch.nn.Module, state: dict[str, torch.Tensor]) -> None:
    wanted = model.state_dict()
    for key in wanted.keys() & state.keys():
        if wanted[key].shape != state[key].shape:
            raise InputError(
                "mask encoder file",
                f"'{key}' is {tuple(state[key].shape)} instead of {tuple(wanted[key].shape)}",
                "The file is not the encoder half of a Wan VAE of that width.",
            )


class InverseCrafterLoadMaskEncoder(io.ComfyNode):
    """Node from a file to a mask encoder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["latent mask", "mask model"],
            node_id="InverseCrafterLoadMaskEncoder",
            display_name="Load Mask Encoder (InverseCrafter)",
            category=GUIDE,
            description="Loads a learned mask encoder: pixel mask in, latent mask per channel out.",
            inputs=[
                io.Combo.Input(
                    "mask_encoder_name",
                    options=folder_paths.get_filename_list(MASK_ENCODERS),
                    tooltip="A .safetensors file in models/mask_encoders, or one that ships with the pack.",
                ),
            ],
            outputs=[
                MaskEncoderSocket.Output(display_name="mask_encoder", tooltip="For Encode Measurement with the mask 'learned'.")
            ],
        )

    @classmethod
    def execute(cls, mask_encoder_name: str) -> io.NodeOutput:
        return io.NodeOutput(load_mask_encoder(folder_paths.get_full_path_or_raise(MASK_ENCODERS, mask_encoder_name)))


NODES: list[type[io.ComfyNode]] = [InverseCrafterLoadMaskEncoder]
