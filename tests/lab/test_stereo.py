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
