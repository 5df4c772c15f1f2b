"""The nodes that load camera paths from files of other programs and save them for these."""

from __future__ import annotations

from pathlib import Path

import folder_paths
import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath, Geometry, RelativeTo
from ...inversecrafter_core.camera.interchange import AUTO, FORMATS, FileFormat, read_path, write_path
from ...inversecrafter_core.preview.camera_path import path_picture
from ..host.input_files import NONE, input_file, is_there, last_change, listed_files
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import WARP, CameraPathSocket, GeometrySocket

ENDINGS = (".json", ".txt")
UNNAMED = "camera"
"""Name of a file whose prefix is empty, for which the host gives the output folder itself."""


def found_files() -> list[str]:
    """Return the camera files in the host's input folder: JSON, text, and folders of COLMAP models."""
    files = listed_files(*ENDINGS)
    folders = {path.parent for path in files if path.name == "images.txt" and path.parent != Path()}
    kept = [path for path in files if path.parent not in folders]
    return [path.as_posix() for path in (*sorted(folders), *kept)] or [NONE]


def _scale_input(tooltip: str) -> io.Float.Input:
    """Return the widget of a file's units to one rho."""
    return io.Float.Input("scale", default=1.0, min=0.0001, max=1000000.0, step=0.01, tooltip=tooltip)


class InverseCrafterLoadCameraPath(io.ComfyNode):
    """Node from a camera file to a camera path."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["import camera", "colmap", "nerfstudio", "realestate10k", "camera trajectory"],
            node_id="InverseCrafterLoadCameraPath",
            display_name="Load Camera Path (InverseCrafter)",
            category=WARP,
            description="Loads the path of a camera from a file of another program, as COLMAP, or of this pack.",
            inputs=[
                io.Combo.Input(
                    "file", options=found_files(), tooltip="A JSON or text file, or a COLMAP folder, in ComfyUI's input folder."
                ),
                io.Combo.Input(
                    "format",
                    options=[AUTO, *FileFormat],
                    default=AUTO,
                    tooltip="Format of the file. auto: recognised from its content.",
                ),
                io.Int.Input(
                    "frames",
                    default=81,
                    min=0,
                    max=10000,
                    tooltip="Length of the path, which the whole motion fills. 0: as many as in the file. Unused with video.",
                ),
                _scale_input("Length in the file that becomes one rho, the subject's depth. Raise it for a smaller motion."),
                io.String.Input(
                    "camera",
                    default="",
                    optional=True,
                    tooltip="Name of the camera in a ReCamMaster file, e.g. cam03; empty for the first one.",
                ),
                io.Image.Input("video", optional=True, tooltip="Its number of frames sets the length; nothing else is used."),
            ],
            outputs=[
                CameraPathSocket.Output(display_name="camera_path", tooltip="Target cameras, one a frame, for Warp Video."),
                io.Image.Output(display_name="preview", tooltip="The path from above and from the side."),
                io.String.Output(display_name="report", tooltip="Format, number of cameras, and how far they go."),
            ],
        )

    @classmethod
    def validate_inputs(cls, file: str | None = None) -> bool | str:
        """Refuse a file that does not exist before the run; files added since the page was loaded are accepted."""
        return is_there(file)

    @classmethod
    def fingerprint_inputs(cls, file: str, **_: object) -> float:
        """Return the time of the last change, so that a file that was replaced is loaded again."""
        return last_change(file, "*.txt")

    @classmethod
    def execute(
        cls, file: str, format: str, frames: int, scale: float, camera: str = "", video: torch.Tensor | None = None
    ) -> io.NodeOutput:
        count = len(video) if video is not None else frames or None
        path, report = read_path(input_file(file), count, scale=scale, file_format=format, camera=camera.strip())
        return io.NodeOutput(path, path_picture(path)[None], report, ui=report_ui(report))


class InverseCrafterSaveCameraPath(io.ComfyNode):
    """Node from a camera path to a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["export camera", "colmap", "nerfstudio", "realestate10k", "camera trajectory"],
            node_id="InverseCrafterSaveCameraPath",
            display_name="Save Camera Path (InverseCrafter)",
            category=WARP,
            description="Saves a camera path for another program, as COLMAP or nerfstudio, or to be loaded again.",
            inputs=[
                CameraPathSocket.Input("camera_path", tooltip="The path to save."),
                io.Combo.Input(
                    "format",
                    options=[*FileFormat],
                    default=FileFormat.INVERSECRAFTER,
                    tooltip="Format of the file. inversecrafter keeps all; keyframes can be pasted into Plan Camera Path.",
                ),
                io.String.Input(
                    "filename_prefix",
                    default="InverseCrafter/camera",
                    tooltip="Folder and name in ComfyUI's output folder. A counter is added; nothing is overwritten.",
                ),
                _scale_input("Units of one rho in the file, for other programs' formats; unused when geometry is connected."),
                GeometrySocket.Input(
                    "geometry",
                    optional=True,
                    tooltip="The scene: its unit, its lens, and the motion of its own camera are written.",
                ),
            ],
            outputs=[io.String.Output(display_name="report", tooltip="The files that were written.")],
            is_output_node=True,
        )

    @classmethod
    def execute(
        cls, camera_path: CameraPath, format: str, filename_prefix: str, scale: float, geometry: Geometry | None = None
    ) -> io.NodeOutput:
        root = folder_paths.get_output_directory()
        folder, name, *_ = folder_paths.get_save_image_path(filename_prefix, root)
        files = write_path(camera_path, Path(folder) / (name if name.strip(" .") else UNNAMED), format, geometry, scale)
        listed = ", ".join(file.relative_to(root).as_posix() for file in files)
        report = f"{camera_path.frames} cameras: {listed}"
        if format == FileFormat.CAMERA_PATH and camera_path.relative_to != RelativeTo.SOURCE:
            report += f". The format cannot say that they are relative to {camera_path.relative_to}."
        if geometry is not None and not FORMATS[FileFormat(format)].rho:
            report += f". In the scene's units, of which {geometry.pivot_depth:.6g} are one rho: the scale to load them with."
        return io.NodeOutput(report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterLoadCameraPath, InverseCrafterSaveCameraPath]
