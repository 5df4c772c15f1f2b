"""Custom sockets and menu categories.

| socket | carries | contract |
|---|---|---|
| INVERSECRAFTER_GEOMETRY | ``inversecrafter_core.camera.Geometry`` | depth, valid, intrinsics and source cameras, one a frame |
| INVERSECRAFTER_CAMERA_PATH | ``inversecrafter_core.camera.CameraPath`` | scale-free target poses, one a frame |
| INVERSECRAFTER_MEASUREMENT | ``inversecrafter_core.inverse.Measurement`` | E(y) and the latent mask h, VAE space |
| INVERSECRAFTER_OPERATOR | ``inversecrafter_core.inverse.Degradation`` | a linear operator, and the size of its clip |
| INVERSECRAFTER_GUIDANCE_SETTINGS | ``inversecrafter_core.sampling.GuidanceSettings`` | solver, stopping rule, noise rule |
| INVERSECRAFTER_SCENE_STATES | ``inversecrafter_core.scene.SceneStates`` | a network's tokens and source cameras |
| INVERSECRAFTER_SCENE_MODEL | ``nodes.scene.model.SceneModel`` | video to scene states |
| INVERSECRAFTER_DEPTH_MODEL | ``nodes.depth.models.LoadedDepthModel`` | video to depth |
| INVERSECRAFTER_MASK_ENCODER | ``nodes.guide.mask_encoder.MaskEncoder`` | pixel mask to latent mask |

Everything else is a stock type. MASK sockets follow the host: 1 = hole, to be generated.
"""

from __future__ import annotations

from comfy_api.latest import io

GeometrySocket = io.Custom("INVERSECRAFTER_GEOMETRY")
CameraPathSocket = io.Custom("INVERSECRAFTER_CAMERA_PATH")
MeasurementSocket = io.Custom("INVERSECRAFTER_MEASUREMENT")
OperatorSocket = io.Custom("INVERSECRAFTER_OPERATOR")
GuidanceSettingsSocket = io.Custom("INVERSECRAFTER_GUIDANCE_SETTINGS")
SceneStatesSocket = io.Custom("INVERSECRAFTER_SCENE_STATES")
SceneModelSocket = io.Custom("INVERSECRAFTER_SCENE_MODEL")
DepthModelSocket = io.Custom("INVERSECRAFTER_DEPTH_MODEL")
MaskEncoderSocket = io.Custom("INVERSECRAFTER_MASK_ENCODER")

DEPTH, WARP, SCENE, GUIDE, EDIT, RESTORE, EVALUATE = (
    f"InverseCrafter/{room}" for room in ("depth", "warp", "scene", "guide", "edit", "restore", "evaluate")
)


def vae_input(tooltip: str) -> io.Vae.Input:
    """Return the optional VAE whose lengths and sizes a node goes by."""
    return io.Vae.Input("vae", optional=True, tooltip=tooltip)


HOLES_TOOLTIP = "1 = hole, to be generated; 0 = known."
