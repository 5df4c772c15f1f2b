"""The nodes that measure a re-rendered clip against its source, its path and itself, on a scene whose truth is known."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from inversecrafter_core.camera import preset_path
from lab.world import random_scene, render

FRAMES, HEIGHT, WIDTH, SEED = 5, 96, 144, 8
PATH = preset_path("arc_left", FRAMES, 0.25)


@pytest.fixture(scope="module")
def source():
    """One moment of a scene, seen by a camera that stands still."""
    return render(random_scene(SEED), torch.zeros(FRAMES), HEIGHT, WIDTH, torch.eye(4).repeat(FRAMES, 1, 1))


@pytest.fixture(scope="module")
def result(source):
    """The same along the path: a perfect re-rendering."""
    poses, _ = PATH.resolve(source.geometry())
    return render(random_scene(SEED), torch.zeros(FRAMES), HEIGHT, WIDTH, poses)


@pytest.fixture(scope="module")
def execute(pack):
    return lambda name, **inputs: pack.node(f"InverseCrafter{name}").execute(**inputs).args


def depth_alone(clip, unit: float = 1.0):
    """A clip's depth in any unit, without cameras."""
    geometry = clip.geometry()
    return replace(geometry, depth=geometry.depth * unit, camera_to_world=torch.eye(4).repeat(len(clip.depth), 1, 1))


def test_there_and_back_through_the_nodes_gives_the_source(execute, source, result):
    trip = execute("InvertPath", camera_path=PATH, geometry=source.geometry(), result_geometry=depth_alone(result, 4.0))
    assert "arc_left, back: 5 frames" in trip[3] and "0.25" in trip[3] and trip[2].shape == (1, 256, 512, 3)
    warped = {"edge_cleanup": 0.08, "edge_radius": 2, "dilation": 2, "sampling": "bilinear"}
    back, holes, _ = execute("WarpVideo", video=result.colour, geometry=trip[1], camera_path=trip[0], **warped)
    text, figures = execute("CycleConsistency", video=back, source=source.colour, holes=holes, networks=False)
    reached = json.loads(figures)
    assert set(reached) == {"cycle_psnr_db"} and reached["cycle_psnr_db"] > 25
    assert text == f"There and back: PSNR {reached['cycle_psnr_db']} dB."
    alone = json.loads(execute("CycleConsistency", video=result.colour, source=source.colour, networks=False)[1])
    assert alone["cycle_psnr_db"] < reached["cycle_psnr_db"] - 5


def test_networks_that_are_missing_are_named(execute, source):
    text, figures = execute("CycleConsistency", video=source.colour, source=source.colour)
    assert json.loads(figures)["cycle_psnr_db"] == 100
    assert "lpips_vgg16.safetensors" in json.loads(figures)["lpips_vgg_left_out"]
    assert "LPIPS left out: no lpips_vgg16" in text and "picture features left out: no vit_s_focus" in text
    text, figures = execute("MultiView", video=source.colour, geometry=source.geometry(), gap=4)
    assert "lpips_vgg_left_out" in json.loads(figures) and "LPIPS left out" in text


def first_colour(video, _):
    """One vector a frame, of the mean red."""
    return torch.stack([video[..., 0].mean((1, 2)), torch.ones(len(video))], 1)


def test_networks_that_are_there_measure_too(pack, execute, source, result, monkeypatch):
    module = pack.submodule("nodes.evaluate.source_metrics")
    monkeypatch.setattr(module, "why_no_lpips", lambda video: "")
    monkeypatch.setattr(module, "why_missing", lambda name: "")
    monkeypatch.setattr(module, "lpips_maps", lambda height, width: lambda one, two: (one - two).abs().mean(1))
    monkeypatch.setattr(module, "patch_features", lambda: SimpleNamespace(of_frames=first_colour))
    text, figures = execute("CycleConsistency", video=source.colour, source=source.colour + 0.1)
    found = json.loads(figures)
    assert found["lpips_vgg"] == pytest.approx(0.1, abs=1e-3) and -1 < found["feature_similarity_vit_s14"] < 1
    assert f"LPIPS (VGG) 0.1; features agree to {found['feature_similarity_vit_s14']}." in text
    found = json.loads(execute("MultiView", video=result.colour, geometry=result.geometry(), gap=2)[1])
    assert 0 < found["lpips_vgg"] < 0.1


def test_the_camera_that_is_found_is_the_one_that_was_asked_for(execute, source, result):
    found = execute("FindCamera", video=result.colour, geometry=depth_alone(result, 3.0))[0]
    pose_errors = lambda path: json.loads(  # noqa: E731
        execute("PoseErrors", geometry=found, camera_path=path, source_geometry=source.geometry())[1]
    )
    right, wrong = pose_errors(PATH), pose_errors(preset_path("arc_up", FRAMES, 0.25))
    assert right["absolute_translation_rho"] < 0.01 and right["relative_rotation_degrees"] < 0.3
    assert right["scale"] == pytest.approx(1, abs=0.2), "both are in rho, which differs a little"
    assert wrong["relative_rotation_degrees"] > 3
    text = execute("PoseErrors", geometry=found, camera_path=PATH, source_geometry=source.geometry())[0]
    assert text.startswith("The camera is off by 0.00") and text.endswith("to fit.")


def test_a_clip_agrees_with_itself_under_its_own_cameras(execute, source, result):
    text, figures = execute("MultiView", video=result.colour, geometry=result.geometry(), gap=2, networks=False)
    right = json.loads(figures)
    wrong = json.loads(execute("MultiView", video=result.colour, geometry=depth_alone(result), gap=2, networks=False)[1])
    assert right["multi_view_psnr_db"] > wrong["multi_view_psnr_db"] + 4
    assert text.startswith("Frames 2 apart: PSNR ") and "Depths agree at" in text


def test_what_does_not_fit_is_named(execute, source, result):
    with pytest.raises(ValueError, match="video has 5, source has 4"):
        execute("CycleConsistency", video=source.colour, source=source.colour[:4])
    with pytest.raises(ValueError, match="video: 4 channels"):
        execute("CycleConsistency", video=torch.rand(FRAMES, HEIGHT, WIDTH, 4), source=source.colour)
    with pytest.raises(ValueError, match="holes: size 8x8, but video has 144x96"):
        execute("CycleConsistency", video=source.colour, source=source.colour, holes=torch.zeros(1, 8, 8))
    with pytest.raises(ValueError, match="gap: 8 in a clip of 5 frames"):
        execute("MultiView", video=source.colour, geometry=source.geometry(), gap=8)
    with pytest.raises(ValueError, match="geometry has 4, camera_path has 5, source_geometry has 5"):
        execute("PoseErrors", geometry=result.geometry()[:4], camera_path=PATH, source_geometry=source.geometry())
    with pytest.raises(ValueError, match="geometry has 5, camera_path has 4, source_geometry has 5"):
        execute("PoseErrors", geometry=result.geometry(), camera_path=preset_path("pan", 4), source_geometry=source.geometry())
    with pytest.raises(ValueError, match="geometry has 5, result has 4"):
        execute("InvertPath", camera_path=PATH, geometry=source.geometry(), result_geometry=result.geometry()[:4])
