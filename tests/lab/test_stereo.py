"""The warp against the truth of a real stereo pair."""

from __future__ import annotations

import pytest

from lab.data.assets import asset, why_missing

PAIR = ("motorcycle_left", "motorcycle_right", "motorcycle_disp")


@pytest.fixture(scope="module")
def pair():
    from lab.data.stereo import load_stereo_pair

    files = []
    for name in PAIR:
        file = asset(name)
        if file is None:
            pytest.skip(f"{name}: {why_missing(name)}")
        files.append(file)
    return load_stereo_pair(*files)


def test_the_left_image_warped_right_is_the_right_image(pair):
    from inversecrafter_core.warp import Viewer
    from lab.metrics.vae import psnr

    view = Viewer(pair.geometry, pair.camera[None], pair.intrinsics[None], 1.0).see(pair.left, 0, 0)
    assert view.visible.float().mean() >= 0.86
    assert psnr(view.image[view.visible], pair.right[view.visible]) >= 27.3
    assert psnr(pair.left[view.visible], pair.right[view.visible]) < 15, "unwarped, the two are far apart"


def test_the_truth_needs_the_offset_of_the_principal_point(pair):
    from inversecrafter_core.warp import Viewer
    from lab.metrics.vae import psnr

    wrong = Viewer(pair.geometry, pair.camera[None], pair.geometry.intrinsics, 1.0).see(pair.left, 0, 0)
    assert psnr(wrong.image[wrong.visible], pair.right[wrong.visible]) < 20


def test_the_aloe_is_disparity_of_its_own_left_view():
    """Shifted by its disparity, the left view is the right one: the two files belong together and the unit is pixels."""
    import cv2
    import numpy as np

    from lab.data.stereo import aloe_pair
    from lab.world.photographs import installed_pictures

    pair = aloe_pair()
    if pair is None:
        pytest.skip("Debian's opencv-doc is not installed")
    left, disparity = (part.numpy() for part in pair)
    (right,) = installed_pictures("opencv-doc", ("aloeR.jpg",))
    y, x = np.mgrid[: left.shape[0], : left.shape[1]].astype(np.float32)
    found = cv2.remap(right.astype(np.float32) / 255, x - disparity, y, cv2.INTER_LINEAR)
    inside = (disparity > 0) & (x >= disparity)
    assert np.abs(found - left)[inside].mean() < 0.5 * np.abs(right / 255 - left)[inside].mean()


def test_the_order_of_depths_forgives_what_keeps_it():
    import torch

    from lab.benchmarks.models.depth import order_of_depths

    disparity = torch.rand(8, 9, generator=torch.Generator().manual_seed(0)) + 0.1
    known = torch.rand(8, 9, generator=torch.Generator().manual_seed(1)) < 0.7
    wild = torch.where(known, 1 / disparity**3, 1e6)
    assert order_of_depths(wild, disparity, known) == pytest.approx(1)
    assert order_of_depths(-wild, disparity, known) == pytest.approx(-1)
