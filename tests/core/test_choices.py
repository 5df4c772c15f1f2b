"""Choices of the core: an unknown value is refused and the known ones are named, never taken for another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from inversecrafter_core.camera import CameraPath, Geometry, keyframe_path, preset_path
from inversecrafter_core.clips import warp_from_ends
from inversecrafter_core.depth import RawDepth, build_geometry, depth_from_images
from inversecrafter_core.errors import InputError
from inversecrafter_core.preview.depth import depth_preview
from inversecrafter_core.warp import warp_video

VIDEO, DEPTH = torch.rand(2, 16, 24, 3), torch.ones(2, 16, 24)
GEOMETRY = Geometry(DEPTH, DEPTH > 0, torch.eye(3).repeat(2, 1, 1), torch.eye(4).repeat(2, 1, 1))
KEYS = '[{"frame": 1, "position": [0.1, 0, 0]}]'
CALLS: dict[str, tuple[Callable[[], object], str]] = {
    "path, relative_to": (
        lambda: CameraPath(torch.eye(4)[None], torch.ones(1), "nope"),
        "relative_to: 'nope'. Choose one of: source, world",
    ),
    "preset, start": (lambda: preset_path("pan", 2, start="nope"), "start: 'nope'. Choose one of: source, full"),
    "preset, ease": (lambda: preset_path("pan", 2, ease="nope"), "ease: 'nope'. Choose one of: linear, smooth"),
    "keyframes, ease": (lambda: keyframe_path(KEYS, 2, ease="nope"), "ease: 'nope'. Choose one of: linear, smooth"),
    "depth preview": (lambda: depth_preview(DEPTH, style="nope"), "preview: 'nope'. Choose one of: colour, grey"),
    "depth images": (
        lambda: depth_from_images(VIDEO[..., :1], "nope"),
        "encoding: 'nope'. Choose one of: disparity, white_far",
    ),
    "stabilisation": (
        lambda: build_geometry(RawDepth(DEPTH, "relative_depth"), None, "nope"),
        "stabilise: 'nope'. Choose one of: frames and pixels",
    ),
    "ends": (
        lambda: warp_from_ends(VIDEO[:1], VIDEO[1:], GEOMETRY, 9, camera="nope"),
        "camera: 'nope'. Choose one of: auto, matches, none",
    ),
    "sampling": (
        lambda: warp_video(VIDEO, GEOMETRY, preset_path("static", 2), sampling="nope"),
        "sampling: 'nope'. Choose one of: bilinear, bicubic",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_unknown_choice_is_named_with_the_known_ones(name):
    call, message = CALLS[name]
    with pytest.raises(InputError) as error:
        call()
    assert str(error.value).startswith(message)
