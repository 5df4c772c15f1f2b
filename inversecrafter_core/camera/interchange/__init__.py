"""Camera paths from and to the files of other programs."""

from .convert import notes, path_of
from .files import read_path, write_path
from .formats import AUTO, FORMATS, FileFormat, read_trajectory
from .trajectory import Optics

__all__ = ["AUTO", "FORMATS", "FileFormat", "Optics", "notes", "path_of", "read_path", "read_trajectory", "write_path"]
