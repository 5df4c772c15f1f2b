"""The nodes that measure a re-rendered clip against its source, its path and itself, as LaVR (arXiv 2601.14674) is measured."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath, Geometry
from ...inversecrafter_core.errors import require_same_frames, require_video
from ...inversecrafter_core.evaluation import FrameFeatures, cycle_consistency, multi_view_consistency, path_errors
from ..host.checks import require_like, visible_from_holes
from ..host.progress import host_progress
from ..host.reports import report_outputs, report_result
from ..host.schema import node_schema
from ..host.sockets import EVALUATE, HOLES_TOOLTIP, CameraPathSocket, GeometrySocket
from .metric_files import FEATURES_FILE, lpips_maps, patch_features, why_missing, why_no_lpips

NETWORKS_TOOLTIP = "Also what networks measure, if models/inversecrafter_metrics has their files. Off is faster."


def _networks_input() -> io.Boolean.Input:
    return io.Boolean.Input("networks", optional=True, default=True, tooltip=NETWORKS_TOOLTIP)


def _with_lpips(figures: dict[str, Any], lpips: float | None, left_out: str) -> str:
    """Add LPIPS, or the reason for leaving it out, to the figures; return the phrase for the report, empty without both."""
    if lpips is not None:
        figures["lpips_vgg"] = round(lpips, 4)
        return f", LPIPS (VGG) {figures['lpips_vgg']}"
    if left_out:
        figures["lpips_vgg_left_out"] = left_out
        return f"; LPIPS left out: {left_out}"
    return ""


class InverseCrafterCycleConsistency(io.ComfyNode):
    """Node from a clip and what came back of it to their agreement."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["round trip", "there and back", "cycle", "lavr"],
            node_id="InverseCrafterCycleConsistency",
            display_name="Compute Cycle Consistency (InverseCrafter)",
            category=EVALUATE,
            description="Compares a clip with itself after it was re-rendered along a path and back along the inverse.",
            is_output_node=True,
            inputs=[
                io.Image.Input("video", tooltip="The clip that came back, re-rendered twice, decoded."),
                io.Image.Input("source", tooltip="The clip that both re-renderings started from."),
                io.Mask.Input("holes", optional=True, tooltip=f"Pixels to leave out, as the second warp's. {HOLES_TOOLTIP}"),
                _networks_input(),
            ],
            outputs=report_outputs(),
        )

    @classmethod
    def execute(
        cls, video: torch.Tensor, source: torch.Tensor, holes: torch.Tensor | None = None, networks: bool = True
    ) -> io.NodeOutput:
        video = require_video("video", video)
        source = require_like("source", require_video("source", source), "video", video)
        no_lpips, no_features = why_no_lpips(source), why_missing(FEATURES_FILE)
        found = cycle_consistency(
            source,
            video,
            None if holes is None else visible_from_holes(holes, video),
            distance=lpips_maps(*source.shape[1:3]) if networks and not no_lpips else None,
            features=_features() if networks and not no_features else None,
        )
        figures: dict[str, Any] = {"cycle_psnr_db": round(found.psnr_db, 3)}
        report = f"There and back: PSNR {figures['cycle_psnr_db']} dB"
        report += _with_lpips(figures, found.lpips, no_lpips if networks else "")
        if found.similarity is not None:
            figures["feature_similarity_vit_s14"] = round(found.similarity, 4)
            report += f"; features agree to {figures['feature_similarity_vit_s14']}"
        elif networks:
            figures["picture_features_left_out"] = no_features
            report += f"; picture features left out: {no_features}"
        return report_result(f"{report}.", figures)


def _features() -> FrameFeatures:
    network = patch_features()
    return lambda video: network.of_frames(video, host_progress())


class InverseCrafterPoseErrors(io.ComfyNode):
    """Node from the camera found in a result and the path it was made for to the errors between them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["camera error", "trajectory error", "ate", "rpe", "pose reconstruction", "lavr"],
            node_id="InverseCrafterPoseErrors",
            display_name="Compute Pose Errors (InverseCrafter)",
            category=EVALUATE,
            description="Compares the camera that Find Camera sees in a result with the path that the result was made for.",
            is_output_node=True,
            inputs=[
                GeometrySocket.Input("geometry", tooltip="The result's geometry from Find Camera, with its camera's motion."),
                CameraPathSocket.Input("camera_path", tooltip="The path that the result was made for."),
                GeometrySocket.Input("source_geometry", tooltip="The source's geometry, as Warp Video had it."),
            ],
            outputs=report_outputs(),
        )

    @classmethod
    def execute(cls, geometry: Geometry, camera_path: CameraPath, source_geometry: Geometry) -> io.NodeOutput:
        counts = {"geometry": geometry.frames, "camera_path": camera_path.frames, "source_geometry": source_geometry.frames}
        require_same_frames(**counts)
        found = path_errors(geometry, camera_path, source_geometry)
        figures = {
            "absolute_translation_rho": round(found.absolute_translation, 5),
            "relative_translation_rho": round(found.relative_translation, 5),
            "relative_rotation_degrees": round(found.relative_rotation, 4),
            "scale": round(found.scale, 4),
        }
        report = (
            f"The camera is off by {found.absolute_translation:.3g} rho; from frame to frame by "
            f"{found.relative_translation:.3g} rho and {found.relative_rotation:.3g} degrees. "
            f"Its path was scaled by {found.scale:.3g} to fit."
        )
        return report_result(report, figures)


class InverseCrafterMultiView(io.ComfyNode):
    """Node from a clip and its geometry to its agreement with itself by reprojection."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["reprojection", "geometric consistency", "3d consistency", "lavr"],
            node_id="InverseCrafterMultiView",
            display_name="Compute Multi-View Consistency (InverseCrafter)",
            category=EVALUATE,
            description="Warps every frame of a clip into another frame's camera and compares what both of them see.",
            is_output_node=True,
            inputs=[
                io.Image.Input("video", tooltip="The clip. What moves on its own counts as a disagreement."),
                GeometrySocket.Input(
                    "geometry", tooltip="Its depth with its camera's motion, from Find Camera or Invert Camera Path."
                ),
                io.Int.Input(
                    "gap", default=8, min=1, max=10000, tooltip="Frames between two that are compared; fewer if things move."
                ),
                _networks_input(),
            ],
            outputs=report_outputs(),
        )

    @classmethod
    def execute(cls, video: torch.Tensor, geometry: Geometry, gap: int, networks: bool = True) -> io.NodeOutput:
        video = require_video("video", video).cpu()
        no_lpips = why_no_lpips(video)
        distance = lpips_maps(*video.shape[1:3]) if networks and not no_lpips else None
        found = multi_view_consistency(video, geometry, gap, distance=distance, progress=host_progress())
        figures: dict[str, Any] = {
            "multi_view_psnr_db": round(found.psnr_db, 3),
            "shared": round(found.shared, 4),
            "agreeing_depth": round(found.agreeing, 4),
        }
        report = f"Frames {gap} apart: PSNR {figures['multi_view_psnr_db']} dB on {found.shared:.0%} of the picture"
        report += _with_lpips(figures, found.lpips, no_lpips if networks else "")
        return report_result(f"{report}. Depths agree at {found.agreeing:.0%} of the pixels that arrive.", figures)


NODES: list[type[io.ComfyNode]] = [InverseCrafterCycleConsistency, InverseCrafterPoseErrors, InverseCrafterMultiView]
