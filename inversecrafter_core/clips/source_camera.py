"""The cameras of a clip that moves, found from the clip and its depth.

Every frame is matched to a key frame by optical flow, and its pose is the one that the picture agrees on (:mod:`.consensus`);
things that move on their own do not. A key frame holds while enough of it is in view, so that errors add up over key frames
alone. The depth of every frame is scaled to the key frame's, because estimators drift in scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import torch

from ..camera import CameraPath, Geometry
from ..camera.interchange import path_of
from ..camera.interchange.formats.trajectory import Trajectory
from ..camera.rotation import rotation_angle
from ..errors import InputError, require_same_frames, require_same_size, require_video
from ..flow import SMALLEST, FlowEngine, Preset, grey_frames, round_trip
from ..progress import Progress
from .cameras import LEAST_MATCHES, Matches, lift, screw_path
from .consensus import Choice, Pairs, cells_of, fit_cameras, preferred, support
from .pose import FoundPose, refine_pose

LONG_SIDE = 512
"""Largest side in pixels at which flow is computed."""
SPACING = 4
"""Spacing of matches in pixels of the flow."""
TEXTURE = 8
"""Sobel magnitude, of grey levels in 0...255, of a pixel that shows motion."""
AGREES = 0.004
"""Largest reprojection error of a match that agrees, as a share of the picture's width."""
LEAST_SHARE = 0.3
"""Smallest share of matches that agree on a camera; below, it is not known whether the camera or a crowd moves."""
JUMP = 5.0
"""Turn in degrees since the last frame above which a pose must be much better than one next to the last frame's."""
AS_GOOD = 0.7
"""Share of the agreeing matches at which that one is preferred."""
IN_VIEW = 0.4
"""Share of a key frame's textured pixels in view below which the next key frame begins."""
MOST_LOST = 0.2
"""Largest share of frames without a camera, which are put between their neighbours."""
CUT = 3
"""Number of last frames without a camera that are taken for another shot."""
STILL = 0.35
"""Motion in pixels of the flow up to which a camera stands still, at :data:`STILL_SHARE` of what agrees in every frame."""
STILL_SHARE = 0.5


@dataclass(frozen=True)
class SourceCameras:
    """The cameras of a clip.

    Attributes:
        geometry: with ``camera_to_world`` and with depth scaled to one world.
        shares: ``[F]``, share of matches that agree on the camera; 1 at frame 0, 0 where no camera was found.
        key_frames: frames that others were matched to.
        scales: ``[F]`` factors of the depth.
        lost: frames whose cameras are between their neighbours'.
        still: the camera stands still.
        rivals: frames in which another camera fits more of the picture, that of a large thing that moves on its own.
    """

    geometry: Geometry
    shares: list[float]
    key_frames: list[int]
    scales: list[float]
    lost: list[int] = field(default_factory=list)
    still: bool = False
    rivals: list[int] = field(default_factory=list)

    def report(self) -> str:
        """Describe the motion and how sure it is."""
        poses, frames = self.geometry.camera_to_world, self.geometry.frames
        if self.still:
            return f"The camera stands still in all {frames} frames."
        away = poses[:, :3, 3].norm(dim=1).max() / self.geometry.pivot_depth
        turned = torch.rad2deg(rotation_angle(poses[:, :3, :3])).max()
        worst = int(np.argmin(self.shares))
        lines = [
            f"{frames} frames: the camera turns by up to {float(turned):.1f} degrees and moves by up to {float(away):.3g} rho.",
            f"Agreement: {np.mean(self.shares):.0%} of the matches on average, {self.shares[worst]:.0%} in frame {worst}.",
            f"{len(self.key_frames)} key frames; depth scaled by {min(self.scales):.2f} to {max(self.scales):.2f}.",
        ]
        if self.rivals:
            large = f"Something large moves on its own in {len(self.rivals)} frames"
            lines.append(f"{large}: the camera is the one that moves less. Look at the preview.")
        if self.lost:
            lines.append(f"No camera found in frames {', '.join(map(str, self.lost))}: put beside their neighbours.")
        return "\n".join(lines)

    def path(self, frames: int | None = None) -> CameraPath:
        """Return the clip's own motion in rho, to be replayed on another clip, in ``frames`` frames."""
        poses, lens = self.geometry.camera_to_world.double().cpu().numpy(), self.geometry.intrinsics[:, 0, 0]
        focal = (lens / self.geometry.size[1]).double().cpu().numpy()
        trajectory = Trajectory(poses, np.arange(len(poses), dtype=float), focal, file="found camera")
        return path_of(trajectory, frames, self.geometry.pivot_depth)


def find_source_cameras(video: torch.Tensor, geometry: Geometry, progress: Progress | None = None) -> SourceCameras:
    """Return the cameras of a clip.

    Args:
        video: ``[F, H, W, 3]`` in 0...1.
        geometry: of the clip; its poses are not used.
        progress: called with (frames done, frames).

    Raises:
        InputError: counts or sizes that differ, one frame, or frames without a camera; the message names the first one.
    """
    video = require_video("video", video)
    require_same_frames(video=len(video), geometry=geometry.frames)
    require_same_size("geometry", geometry.size, "video", video.shape[1:3], "Use the clip that the geometry was made from.")
    if len(video) < 2:
        raise InputError("video", "1 frame", "Give a clip: a motion needs at least two frames.")
    tracker = _Tracker(grey_frames(video, _flow_size(*video.shape[1:3])), geometry.to("cpu"))
    for frame in range(1, len(video)):
        tracker.follow(frame)
        if progress is not None:
            progress(frame + 1, len(video))
    return tracker.result(geometry)


def _flow_size(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LONG_SIDE / max(height, width))
    return max(SMALLEST, round(height * scale)), max(SMALLEST, round(width * scale))


class _Tracker:
    """Cameras so far, of ``grey [F, h, w]`` uint8 and the clip's geometry, and the flow from the key frame."""

    def __init__(self, grey: np.ndarray, geometry: Geometry) -> None:
        self.grey, self.geometry = grey, geometry
        self.engine = FlowEngine(Preset.MEDIUM)
        self.poses: dict[int, torch.Tensor] = {0: torch.eye(4)}
        self.shares, self.scales, self.resting = {0: 1.0}, {0: 1.0}, {0: 1.0}
        self.key_frames = [0]
        self.flows: tuple[np.ndarray, np.ndarray] | None = None
        self.choice: Choice | None = None
        self.rivals: list[int] = []

    def follow(self, frame: int) -> None:
        """Find the camera of ``frame``, from the key frame, or from the last frame that has a camera."""
        found, in_view = self._match(frame)
        last = max(self.poses)
        unsure = self.choice is not None and self.choice.unsure
        if last != self.key_frames[-1] and (not found or unsure or in_view < IN_VIEW):
            self.key_frames.append(last)
            self.flows = None
            if last != frame:
                self._match(frame)
        if self.choice is not None and self.choice.rival:
            self.rivals.append(frame)

    def _match(self, frame: int) -> tuple[bool, float]:
        """Match ``frame`` to the key frame; return whether that gave its camera, and the share of the key frame in view."""
        key = self.key_frames[-1]
        matches, in_view = self._matches(key, frame)
        pair = self.geometry[[key, frame]]
        points, seen, known = lift(matches, pair)
        pairs = Pairs(points, seen, cells_of(matches.first[known], pair.size[1]))
        found = self._pose(pairs, pair.intrinsics[1].double().numpy(), AGREES * pair.size[1])
        self.shares[frame] = 0.0 if found is None else float(found.agreeing.mean())
        if found is None or found.agreeing.sum() < LEAST_MATCHES:
            return False, in_view
        if max(self.shares[frame], support(pairs.cells, found.agreeing)) < LEAST_SHARE:
            return False, in_view
        scale = self.scales[key]
        pose = found.camera_to_world.clone()
        pose[:3, 3] *= scale
        self.poses[frame] = self.poses[key] @ pose
        self.scales[frame] = scale * _scale(points, found, matches.second[known], pair)
        moved = np.linalg.norm(matches.second - matches.first, axis=1)[known][found.agreeing]
        still = STILL * pair.size[1] / self.grey.shape[2]
        self.resting[frame] = float((moved < still).mean()) if key == 0 else 0.0
        return True, in_view

    def _pose(self, pairs: Pairs, lens: np.ndarray, limit: float) -> FoundPose | None:
        """Return the camera that the picture agrees on; in place of a jump, one next to the last frame's with much support."""
        found = fit_cameras(pairs, lens, limit)
        self.choice = preferred(found) if found else None
        if self.choice is None:
            return None
        key = self.key_frames[-1]
        last = torch.linalg.inv(self.poses[key]) @ self.poses[max(self.poses)]
        last[:3, 3] /= self.scales[key]
        anew = refine_pose(pairs.points, pairs.seen, lens, self.choice.found, limit)
        turned = float(((last[:3, :3] * anew.camera_to_world[:3, :3]).sum() - 1) / 2)
        if turned > math.cos(math.radians(JUMP)):
            return anew
        near = FoundPose(last, np.ones(len(pairs.points), bool))
        near = refine_pose(pairs.points, pairs.seen, lens, near, limit)
        supports = [support(pairs.cells, one.agreeing) for one in (near, anew)]
        return near if supports[0] >= AS_GOOD * supports[1] else anew

    def _matches(self, key: int, frame: int) -> tuple[Matches, float]:
        """Return matches from the key frame, and the share of it in view."""
        one, other = self.grey[key], self.grey[frame]
        before = self.flows or (None, None)
        forth, back = self.engine.flow(one, other, before[0]), self.engine.flow(other, one, before[1])
        self.flows = forth, back
        textured = np.hypot(cv2.Sobel(one, cv2.CV_32F, 1, 0), cv2.Sobel(one, cv2.CV_32F, 0, 1)) > TEXTURE
        good = round_trip(forth, back, one, other).closes() & textured
        in_view = float(good.sum()) / max(1, int(textured.sum()))
        rows, columns = np.nonzero(good)
        kept = (rows % SPACING == 0) & (columns % SPACING == 0)
        rows, columns = rows[kept], columns[kept]
        height, width = self.geometry.size
        stretch = np.array([width / one.shape[1], height / one.shape[0]], np.float32)
        places = np.stack([columns, rows], -1).astype(np.float32) + np.float32(0.5)
        moved = forth[rows, columns]
        return Matches(places * stretch, (places + moved) * stretch), in_view

    def result(self, geometry: Geometry) -> SourceCameras:
        """Return the cameras of all frames, on the device of ``geometry``."""
        frames = range(len(self.grey))
        shares, lost = [self.shares[frame] for frame in frames], [frame for frame in frames if frame not in self.poses]
        if len(lost) > MOST_LOST * len(frames) or frames[-1] - max(self.poses) >= CUT:
            first = f"the first is frame {lost[0]} ({shares[lost[0]]:.0%} of its matches agree, {LEAST_SHARE:.0%} are needed)"
            raise InputError(
                "video",
                f"no camera for {len(lost)} of {len(frames)} frames, {first}",
                "Cut the clip there if the scene changes, or take a part where moving things fill less of the picture.",
            )
        if min(self.resting.values()) >= STILL_SHARE and not lost:
            still = replace(geometry, camera_to_world=torch.eye(4).repeat(len(frames), 1, 1).to(geometry.device))
            return SourceCameras(still, shares, [0], [1.0] * len(frames), still=True, rivals=self.rivals)
        poses = torch.stack([self.poses[frame] if frame in self.poses else self._between(frame) for frame in frames])
        known = sorted(self.poses)
        scales = np.interp(frames, known, [self.scales[frame] for frame in known])
        factors = torch.from_numpy(scales).float().to(geometry.device)
        placed = replace(
            geometry, depth=geometry.depth * factors[:, None, None], camera_to_world=poses.float().to(geometry.device)
        )
        return SourceCameras(placed, shares, self.key_frames, scales.tolist(), lost, rivals=self.rivals)

    def _between(self, frame: int) -> torch.Tensor:
        """Return the pose of a frame without a camera: on the screw motion between its neighbours', or the last one's."""
        before = max(known for known in self.poses if known < frame)
        later = [known for known in self.poses if known > frame]
        if not later:
            return self.poses[before]
        share = torch.tensor([(frame - before) / (min(later) - before)])
        return self.poses[before] @ screw_path(torch.linalg.inv(self.poses[before]) @ self.poses[min(later)], share)[0]


def _scale(points: np.ndarray, found: FoundPose, landed: np.ndarray, pair: Geometry) -> float:
    """Return the factor that scales the second frame's depth to the first's: the median ratio at matches that agree.

    Args:
        points: ``[N, 3]`` in the first camera.
        found: the second camera.
        landed: ``[N, 2]``, their pixels in the second frame.
        pair: the geometry of both frames.
    """
    world_to_camera = torch.linalg.inv(found.camera_to_world.double()).numpy()
    expected = points @ world_to_camera[2, :3] + world_to_camera[2, 3]
    height, width = pair.size
    column, row = (landed[:, axis].astype(int).clip(0, limit - 1) for axis, limit in ((0, width), (1, height)))
    own = pair.depth[1].numpy()[row, column]
    usable = found.agreeing & pair.valid[1].numpy()[row, column] & (expected > 0)
    return float(np.median(expected[usable] / own[usable])) if usable.any() else 1.0
