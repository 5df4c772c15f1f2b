"""The states of a recurrent reconstruction network, one set of tokens a source frame, with the cameras they belong to.

Any network can make them. Their file is safetensors with the metadata ``format = "inversecrafter.scene_states"``, ``version =
"1"``, ``network``, ``pivot_depth``, ``height`` and ``width``, and three tensors of any floating-point type:

===================  ==========================  ==========================================================================
tensor               shape                       contents
===================  ==========================  ==========================================================================
``states``           ``[T, s, d]``               after each source frame: ``s`` tokens of width ``d``
``camera_to_world``  ``[T, 4, 4]``               source cameras (OpenCV axes) in any world; reading moves it to frame 0's
``intrinsics``       ``[T, 3, 3]``, ``[3, 3]``   in pixels of a picture of ``height x width``, pixel centres at +0.5
===================  ==========================  ==========================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file

from ..camera.rotation import rotation_angle
from ..errors import InputError, require_finite, require_same_frames
from ..files import read_marked

FORMAT = "inversecrafter.scene_states"
VERSION = "1"
NAME = "scene states file"
EXPECTED = f"Expected scene states as safetensors with the metadata format={FORMAT}."
TENSORS = ("states", "camera_to_world", "intrinsics")


@dataclass(frozen=True)
class SceneStates:
    """A source clip as a reconstruction network remembers it. All tensors are float32 on one device.

    Attributes:
        states: ``[T, s, d]``; the tokens after source frame ``t``, made of the frames ``0 ... t``.
        camera_to_world: ``[T, 4, 4]`` source cameras in scene units; world = source frame 0, so the first is the identity.
        intrinsics: ``[T, 3, 3]`` in pixels of ``size``.
        size: ``(height, width)`` of the source clip in pixels.
        pivot_depth: rho, the depth of the pivot in scene units; translations of a camera path are multiples of it.
        network: name of the network that made the states; states of different networks mean different things.

    Raises:
        InputError: shapes or counts that differ, values that are not finite, a pivot that is not in front of the camera, or no
            name, or a focal length that is not above 0.
    """

    states: torch.Tensor
    camera_to_world: torch.Tensor
    intrinsics: torch.Tensor
    size: tuple[int, int]
    pivot_depth: float
    network: str

    def __post_init__(self) -> None:
        if self.states.ndim != 3 or not self.states.numel():
            raise InputError("scene_states", f"states of shape {tuple(self.states.shape)}", "Give [T, s, d]: tokens a frame.")
        if self.camera_to_world.shape[1:] != (4, 4) or self.intrinsics.shape[1:] != (3, 3):
            raise InputError(
                "scene_states",
                f"intrinsics {tuple(self.intrinsics.shape)}, camera_to_world {tuple(self.camera_to_world.shape)}",
                "Give [T, 3, 3] and [T, 4, 4].",
            )
        require_same_frames(states=self.frames, camera_to_world=len(self.camera_to_world), intrinsics=len(self.intrinsics))
        for name in TENSORS:
            require_finite(f"scene_states, {name}", getattr(self, name))
        shortest = float(self.intrinsics[:, (0, 1), (0, 1)].min())
        if shortest <= 0:
            raise InputError("scene_states", f"a focal length of {shortest:g}", "Give intrinsics in pixels of the picture.")
        if not math.isfinite(self.pivot_depth) or self.pivot_depth <= 0:
            raise InputError("scene_states", f"a pivot depth of {self.pivot_depth}", "Give a positive depth in scene units.")
        if min(self.size) < 1:
            raise InputError("scene_states", f"a picture size of {self.size}", "Give the clip's (height, width) in pixels.")
        if not self.network:
            raise InputError("scene_states", "no network name", "Name the network that made the states.")

    @property
    def frames(self) -> int:
        return self.states.shape[0]

    @property
    def tokens(self) -> int:
        """Number of tokens a frame, ``s``."""
        return self.states.shape[1]

    @property
    def width(self) -> int:
        """Width of a token, ``d``."""
        return self.states.shape[2]

    @property
    def device(self) -> torch.device:
        return self.states.device

    def to(self, device: torch.device | str | None) -> SceneStates:
        """Return these states on ``device``, or unchanged for None."""
        if device is None or torch.device(device) == self.device:
            return self
        return self._mapped(lambda tensor: tensor.to(device))

    def __getitem__(self, frames: slice | list[int]) -> SceneStates:
        """Return the states of the selected frames, in the same world; every k-th by ``states[::k]``."""
        return self._mapped(lambda tensor: tensor[frames])

    def _mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> SceneStates:
        states, poses, intrinsics = map(change, (self.states, self.camera_to_world, self.intrinsics))
        return SceneStates(states, poses, intrinsics, self.size, self.pivot_depth, self.network)


def read_scene_states(path: str | Path) -> SceneStates:
    """Return the scene states in a file, on the CPU, their world moved to source frame 0.

    Raises:
        InputError: the file is missing, corrupt or no scene states, lacks the source poses or another entry, or holds values
            that do not fit each other; the message names what was found and what was expected.
    """
    path = Path(path)
    found, metadata = read_marked(path, NAME, FORMAT, VERSION, EXPECTED)
    missing = [name for name in TENSORS if name not in found]
    if missing:
        what = {"camera_to_world": "source poses (camera_to_world [T, 4, 4])"}.get(missing[0], missing[0])
        raise InputError(NAME, f"{path.name} has no {what}", "Write states, camera_to_world and intrinsics into one file.")
    states, poses, intrinsics = (found[name].float() for name in TENSORS)
    if intrinsics.ndim == 2:
        intrinsics = intrinsics.expand(len(states), -1, -1)
    if poses.shape[1:] == (4, 4) and len(poses):
        poses = torch.linalg.solve(_invertible(poses[0], path.name), poses)
    height, width = (_number(metadata, name, path.name) for name in ("height", "width"))
    pivot = _number(metadata, "pivot_depth", path.name)
    return SceneStates(states, poses, intrinsics, (int(height), int(width)), pivot, metadata.get("network", ""))


def save_scene_states(path: str | Path, scene: SceneStates, half: bool = False) -> None:
    """Write scene states in the format above; ``half`` stores the states, not the cameras, as float16.

    Raises:
        InputError: states that float16 cannot hold.
    """
    metadata = {"format": FORMAT, "version": VERSION, "network": scene.network, "pivot_depth": repr(float(scene.pivot_depth))}
    metadata |= {"height": str(scene.size[0]), "width": str(scene.size[1])}
    tensors = {name: getattr(scene, name).detach().cpu().contiguous() for name in TENSORS}
    if half:
        largest = float(tensors["states"].abs().max())
        if largest > torch.finfo(torch.float16).max:
            raise InputError("half_precision", f"states up to {largest:.3g}", "Turn it off: 16 bits end at 65504.")
        tensors["states"] = tensors["states"].half()
    save_file(tensors, str(path), metadata)


def describe_states(scene: SceneStates) -> str:
    """Return tokens, network and the last camera in a sentence, lengths in multiples of rho."""
    last = scene.camera_to_world[-1]
    turned = math.degrees(float(rotation_angle(last[:3, :3])))
    moved = float(last[:3, 3].norm()) / scene.pivot_depth
    tokens = f"{scene.frames} states of {scene.tokens} tokens x {scene.width}"
    return f"{tokens} by {scene.network}; the last camera is turned by {turned:.3g} degrees and moved by {moved:.3g} rho."


def _number(metadata: dict[str, str], name: str, file: str) -> float:
    if name not in metadata:
        raise InputError(NAME, f"{file} has no {name} in its metadata", f"Write the number as text under {name}.")
    try:
        number = float(metadata[name])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(NAME, f"{file} has {name}='{metadata[name]}'", f"Write a number as text under {name}.")
    return number


def _invertible(pose: torch.Tensor, file: str) -> torch.Tensor:
    if not bool(torch.isfinite(pose).all()) or abs(float(torch.linalg.det(pose[:3, :3]))) < 1e-6:
        raise InputError(NAME, f"{file} has a first source pose that is no pose", "Write camera_to_world [T, 4, 4].")
    return pose
