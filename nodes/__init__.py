"""The list of nodes, and the extension through which the host loads them."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io

from .depth import estimate, source_camera
from .edit import regions, report
from .evaluate import metrics, source_metrics
from .guide import conditioning, guidance, ksampler, mask_encoder, measurement, settings, stochastic, text
from .host.model_folders import register_model_folders
from .restore import degrade, restore
from .scene import apply, model, state_files, states
from .warp import camera, camera_files, camera_sockets, clips, footage, return_trip, warp

NODES: list[type[io.ComfyNode]] = [
    *estimate.NODES,
    *source_camera.NODES,
    *footage.NODES,
    *camera.NODES,
    *camera_files.NODES,
    *camera_sockets.NODES,
    *clips.NODES,
    *warp.NODES,
    *return_trip.NODES,
    *model.NODES,
    *states.NODES,
    *state_files.NODES,
    *mask_encoder.NODES,
    *measurement.NODES,
    *settings.NODES,
    *guidance.NODES,
    *ksampler.NODES,
    *stochastic.NODES,
    *conditioning.NODES,
    *apply.NODES,
    *text.NODES,
    *regions.NODES,
    *report.NODES,
    *degrade.NODES,
    *restore.NODES,
    *metrics.NODES,
    *source_metrics.NODES,
]


class InverseCrafterExtension(ComfyExtension):
    """The pack, as the host loads it."""

    def __init__(self) -> None:
        register_model_folders()

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return NODES
