"""Errors of trajectories, against cases worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from inversecrafter_core.camera import preset_path
from inversecrafter_core.camera.rotation import pose, rotation_angle, turn_x, turn_y, turn_z
from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import align, pose_errors

ARC = preset_path("arc_left", 9, math.radians(40)).camera_to_world
SPIRAL = preset_path("spiral", 9, 0.3).camera_to_world


def elsewhere(poses: torch.Tensor, scale: float) -> torch.Tensor:
    """The same trajectory in another world and another unit."""
    turned = turn_z(torch.tensor(2.0)) @ turn_y(torch.tensor(-1.0)) @ turn_x(torch.tensor(0.5))
    moved = pose(turned, torch.tensor([3.0, -5.0, 1.0])) @ poses
    moved[:, :3, 3] *= scale
    return moved


@pytest.mark.parametrize("path", [ARC, SPIRAL])
def test_the_true_trajectory_has_no_error(path):
    assert pose_errors(path, path) == pytest.approx((0, 0, 0, 1), abs=1e-6)


@pytest.mark.parametrize("path", [ARC, SPIRAL])
def test_world_and_unit_of_the_found_trajectory_do_not_matter(path):
    assert pose_errors(elsewhere(path, 4.0), path) == pytest.approx((0, 0, 0, 0.25), abs=2e-5)


def test_the_unit_is_that_of_the_true_trajectory():
    wrong = SPIRAL.clone()
    wrong[4, :3, 3] += torch.tensor([0.02, 0.0, 0.0])
    small, large = pose_errors(wrong, SPIRAL), pose_errors(wrong, elsewhere(SPIRAL, 10.0))
    assert large[:2] == pytest.approx([10 * value for value in small[:2]], rel=1e-3)
    assert large.relative_rotation == pytest.approx(small.relative_rotation, abs=1e-4)


def test_one_position_off_the_line_is_measured_by_hand():
    """Positions 0, 1, 2 with the middle one 0.3 aside: the best line lies 0.1 aside, and both steps are off by 0.3."""
    wanted = torch.eye(4).repeat(3, 1, 1)
    wanted[:, 0, 3] = torch.tensor([0.0, 1.0, 2.0])
    found = wanted.clone()
    found[1, 1, 3] = 0.3
    errors = pose_errors(found, wanted)
    # The scale is 2 / 2.06: with the sum of squares 2 + 0.06 of the found and 2 of the product with the wanted positions.
    scale = 2 / 2.06
    aside = [scale * value for value in (-0.1, 0.2, -0.1)]
    along = [1 - scale, 0, 1 - scale]
    expected = math.sqrt(sum(one**2 + other**2 for one, other in zip(aside, along, strict=True)) / 3)
    assert errors.scale == pytest.approx(scale, abs=1e-6)
    assert errors.absolute_translation == pytest.approx(expected, abs=1e-6)
    assert errors.relative_translation == pytest.approx(math.hypot(0.3 * scale, 1 - scale), abs=1e-6)
    assert errors.relative_rotation == pytest.approx(0, abs=1e-5)


def test_an_angle_between_two_frames_is_measured_in_degrees():
    ahead = preset_path("dolly", 9).camera_to_world
    found = ahead.clone()
    found[5:] = found[5:] @ pose(turn_x(torch.tensor(math.radians(3.0))), torch.zeros(3))
    errors = pose_errors(found, ahead)
    assert errors.relative_rotation == pytest.approx(3 / math.sqrt(8), abs=1e-3), "one of eight steps is off by 3 degrees"
    assert errors.absolute_translation == pytest.approx(0, abs=1e-6), "positions are right"


def test_a_path_that_only_turns_keeps_its_unit():
    """No scale can be found where nothing moves: a false translation counts in full."""
    wanted = preset_path("pan", 5).camera_to_world
    found = wanted.clone()
    found[:, 0, 3] = torch.tensor([0.1, -0.1, 0.1, -0.1, 0.0])
    errors = pose_errors(found, wanted)
    assert errors.scale == 1 and errors.absolute_translation == pytest.approx(math.sqrt(0.04 / 5), abs=1e-6)
    still = pose_errors(torch.eye(4).repeat(9, 1, 1), ARC)
    assert still.scale == 1 and still.absolute_translation > 0.1 and still.relative_rotation == pytest.approx(5, abs=1e-3)


def test_a_mirrored_trajectory_is_not_aligned_by_a_mirror():
    mirrored = SPIRAL.clone()
    mirrored[:, 2, 3] = torch.linspace(0, 0.2, 9)
    wanted = mirrored.clone()
    mirrored[:, 0, 3] *= -1
    found = align(mirrored[:, :3, 3], wanted[:, :3, 3])
    assert float(torch.linalg.det(found.rotation)) == pytest.approx(1)
    assert pose_errors(mirrored, wanted).absolute_translation > 0.01


def test_small_angles_are_precise():
    angles = torch.tensor([0.0, 1e-7, 1e-3, 2.0, math.pi], dtype=torch.float64)
    assert torch.allclose(rotation_angle(turn_y(angles)), angles, atol=1e-9)


def test_bad_trajectories_are_named():
    with pytest.raises(InputError, match="found has 9, wanted has 8"):
        pose_errors(ARC, ARC[:8])
    with pytest.raises(InputError, match="at least two"):
        pose_errors(ARC[:1], ARC[:1])
    with pytest.raises(InputError, match=r"found poses: shape \(9, 3, 4\)"):
        pose_errors(ARC[:, :3], ARC)
