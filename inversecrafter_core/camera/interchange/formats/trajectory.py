"""The cameras of a file, in the file's own world, and the optics that they are written with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from ....errors import InputError
from ...path import RelativeTo

OPENGL = np.diag([1.0, -1.0, -1.0, 1.0])
"""Change of camera axes between OpenCV (x right, y down, z forward) and OpenGL (x right, y up, z backward), its own inverse."""
RIGID = 1e-2
"""Largest entry of ``R^T R - I`` of a rotation, above which a matrix is refused; files carry as few as four decimals."""
MOST_CAMERAS = 100_000


class World(StrEnum):
    """Origin and unit of a file's poses.

    ``own``: any world, any unit. ``source``: relative to the source camera, in multiples of the pivot depth rho.
    """

    OWN = "own"
    SOURCE = "source"


@dataclass(frozen=True)
class Trajectory:
    """Cameras of a file, in their order in time. All arrays are float64.

    Attributes:
        camera_to_world: ``[N, 4, 4]``, OpenCV camera axes.
        times: ``[N]``, increasing, in any unit.
        focal: ``[N]`` horizontal focal lengths over the picture's width, or over the source's focal length where the world is
            the source's; None where the file has none.
        principal: ``[N, 2]`` principal points ``(x, y)`` over the picture's width and height, or None.
        world: origin and unit of the poses.
        relative_to: frame of reference of the path that the cameras become; see :class:`RelativeTo`.
        file: name of the file, for errors.

    Raises:
        InputError: no or too many cameras, NaN, a matrix that is not a rotation, a mirrored camera, a focal length that is not
            positive, or times that do not increase.
    """

    camera_to_world: np.ndarray
    times: np.ndarray
    focal: np.ndarray | None = None
    principal: np.ndarray | None = None
    world: World = World.OWN
    relative_to: RelativeTo = RelativeTo.SOURCE
    file: str = field(default="camera path", compare=False)

    def __post_init__(self) -> None:
        if not len(self.camera_to_world):
            raise InputError(self.file, "no camera", "Give a file with at least one.")
        if len(self.camera_to_world) > MOST_CAMERAS:
            found = f"{len(self.camera_to_world)} cameras"
            raise InputError(self.file, found, f"Keep every n-th: at most {MOST_CAMERAS} are read.")
        self._require_finite()
        self._require_rigid()
        late = np.flatnonzero(np.diff(self.times) <= 0)
        if len(late):
            found = f"time {self.times[late[0] + 1]:.9g} after {self.times[late[0]]:.9g}"
            raise InputError(self._camera(late[0] + 1), found, "Times must increase: remove or reorder the camera.")

    def focal_over(self, base: float = 1.0) -> np.ndarray:
        """Return the focal lengths over ``base``, ``[N]``; 1 where the file has none."""
        return np.ones(len(self.times)) if self.focal is None else self.focal / base

    def _camera(self, index: int) -> str:
        return f"{self.file}, camera {int(index) + 1} of {len(self.camera_to_world)}"

    def _require_finite(self) -> None:
        for name in ("camera_to_world", "times", "focal", "principal"):
            values = getattr(self, name)
            if values is None:
                continue
            bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(1))
            if len(bad):
                raise InputError(self._camera(bad[0]), f"NaN or infinity in its {name}", "Write finite numbers there.")
        if self.focal is not None and (self.focal <= 0).any():
            index = int(np.flatnonzero(self.focal <= 0)[0])
            raise InputError(self._camera(index), f"the focal length {self.focal[index]:.6g}", "It must be above 0.")

    def _require_rigid(self) -> None:
        rotation = self.camera_to_world[:, :3, :3]
        bad = np.flatnonzero(np.abs(np.swapaxes(rotation, 1, 2) @ rotation - np.eye(3)).max((1, 2)) > RIGID)
        if len(bad):
            raise InputError(
                self._camera(bad[0]), "a matrix that is not a rotation", "Rows and columns must have length 1, without scale."
            )
        mirrored = np.flatnonzero(np.linalg.det(rotation) < 0)
        if len(mirrored):
            raise InputError(
                self._camera(mirrored[0]),
                "a mirrored camera (determinant -1)",
                "The file is left-handed, or of another format than the chosen one: flip one axis or choose its format.",
            )

    def relative(self) -> np.ndarray:
        """Return ``camera_to_world [N, 4, 4]`` relative to the first camera, or unchanged where the source is the world."""
        if self.world == World.SOURCE:
            return self.camera_to_world
        return np.linalg.inv(self.camera_to_world[0]) @ self.camera_to_world

    @property
    def extent(self) -> float:
        """The largest distance of a camera from the first, in the file's units."""
        return float(np.linalg.norm(self.relative()[:, :3, 3], axis=1).max())


@dataclass(frozen=True)
class Optics:
    """Picture and lens that a path is written with: size in pixels, focal lengths and principal point in pixels.

    The image centre is ``(width / 2, height / 2)``: the centre of the first pixel is at (0.5, 0.5).
    """

    width: int
    height: int
    focal: tuple[float, float]
    centre: tuple[float, float]
