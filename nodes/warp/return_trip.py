"""The node that plans the way back of a clip that was re-rendered along a camera path."""

from __future__ import annotations

from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath, Geometry
from ...inversecrafter_core.preview.camera_path import path_picture
from ...inversecrafter_core.warp import return_trip
from ..host.progress import host_progress
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import WARP, CameraPathSocket, GeometrySocket


class InverseCrafterInvertPath(io.ComfyNode):
    """Node from a camera path and the geometry of what was re-rendered along it to the path back."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["inverse camera", "way back", "round trip", "cycle consistency", "reverse path"],
            node_id="InverseCrafterInvertPath",
            display_name="Invert Camera Path (InverseCrafter)",
            category=WARP,
            description="Plans the way back from a re-rendered clip to the source's cameras, for cycle consistency.",
            inputs=[
                CameraPathSocket.Input("camera_path", tooltip="The path that the clip was re-rendered along."),
                GeometrySocket.Input("geometry", tooltip="The source's geometry, as Warp Video had it."),
                GeometrySocket.Input(
                    "result_geometry",
                    tooltip="Depth of the re-rendered clip, from Estimate Depth. Its scale, lens and cameras are set here.",
                ),
            ],
            outputs=[
                CameraPathSocket.Output(
                    display_name="camera_path", tooltip="From the re-rendered clip back to the source's cameras."
                ),
                GeometrySocket.Output(
                    display_name="geometry", tooltip="The re-rendered clip's, in the source's scene, for Warp Video."
                ),
                io.Image.Output(display_name="preview", tooltip="The way back from above and from the side."),
                io.String.Output(display_name="report", tooltip="Frames, and the scale of the result's depth."),
            ],
        )

    @classmethod
    def execute(cls, camera_path: CameraPath, geometry: Geometry, result_geometry: Geometry) -> io.NodeOutput:
        trip = return_trip(camera_path, geometry, result_geometry, host_progress())
        report = trip.report
        return io.NodeOutput(trip.path, trip.geometry, path_picture(trip.path)[None], report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterInvertPath]
