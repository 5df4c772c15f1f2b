"""Camera paths from and to the files of other programs, the host's 3D viewer, and camera-controlled checkpoints."""

from .convert import notes, optics_of, path_of
from .files import default_optics, read_path, write_path
from .formats.registry import AUTO, FORMATS, FileFormat, read_trajectory
from .formats.trajectory import Optics
from .plucker import wan_embedding
from .viewer3d import CameraInfo, path_from_views, view_from_path

__all__ = [
    "AUTO",
    "FORMATS",
    "CameraInfo",
    "FileFormat",
    "Optics",
    "default_optics",
    "notes",
    "optics_of",
    "path_from_views",
    "path_of",
    "read_path",
    "read_trajectory",
    "view_from_path",
    "wan_embedding",
    "write_path",
]
