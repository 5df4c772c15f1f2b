"""Depth nodes in the host: every way to a geometry, and every wrong way answered."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lab.data.assets import asset, why_missing

FRAMES, HEIGHT, WIDTH = 5, 48, 80


@pytest.fixture(scope="module")
def clip():
    """A texture that slides two pixels a frame."""
    torch.manual_seed(0)
    texture = torch.nn.functional.interpolate(torch.rand(1, 3, 16, 40), size=(HEIGHT, 2 * WIDTH), mode="bicubic").clamp(0, 1)
    texture = texture[0].permute(1, 2, 0)
    return torch.stack([texture[:, 2 * t : 2 * t + WIDTH] for t in range(FRAMES)])


def ramp(frames=FRAMES, height=HEIGHT, width=WIDTH):
    row = torch.linspace(0.1, 1, height)
    return row[None, :, None, None].expand(frames, height, width, 3).clone()


def test_the_prior_needs_nothing_and_gives_a_geometry_of_the_videos_size(pack, clip):
    model = pack.node("InverseCrafterLoadDepthModel").execute("vertical-gradient prior (no model)").args[0]
    geometry, preview, report = pack.node("InverseCrafterEstimateDepth").execute(model, clip).args
    assert isinstance(geometry, pack.core("camera").Geometry)
    assert geometry.depth.shape == (FRAMES, HEIGHT, WIDTH)
    assert preview.shape == clip.shape and float(preview.min()) >= 0 and float(preview.max()) <= 1
    assert "55.0 degrees" in report and "assumed" in report and "Flicker: 0.00 %" in report


def test_a_clip_that_the_connected_vae_does_not_take_is_refused_before_its_depth_is_estimated(pack, wan_vae):
    prior = pack.node("InverseCrafterLoadDepthModel").execute("vertical-gradient prior (no model)").args[0]
    node = pack.node("InverseCrafterEstimateDepth")
    with pytest.raises(ValueError, match=r"7 frames\. The VAE of Wan 2\.1 takes 4k\+1 frames: trim to 5 or extend to 9"):
        node.execute(prior, torch.rand(7, HEIGHT, WIDTH, 3), vae=wan_vae)
    assert node.execute(prior, torch.rand(7, HEIGHT, WIDTH, 3)).args[0].frames == 7, "Mochi takes 6k+1"
    assert node.execute(prior, torch.rand(1, HEIGHT, WIDTH, 3), vae=wan_vae).args[0].frames == 1, "a photo"


EMBEDDED = "inversecrafter_small_depth.safetensors"


@pytest.mark.parametrize(
    ("frames", "width", "says"), [(4, WIDTH, "video: 4 frames"), (5, 40, "video: size 40x48.*multiples of 16")]
)
def test_a_clip_that_no_vae_takes_is_refused_before_its_depth_is_estimated(pack, frames, width, says):
    prior = pack.node("InverseCrafterLoadDepthModel").execute("vertical-gradient prior (no model)").args[0]
    with pytest.raises(ValueError, match=says):
        pack.node("InverseCrafterEstimateDepth").execute(prior, torch.rand(frames, HEIGHT, width, 3))


def test_auto_takes_the_embedded_network_where_there_is_nothing_else(pack, clip):
    loader = pack.node("InverseCrafterLoadDepthModel")
    options = loader.define_schema().inputs[0].options
    assert options[0] == "auto" and options[-1] == "vertical-gradient prior (no model)"
    assert EMBEDDED in options
    model = loader.execute("auto").args[0]
    assert model.estimator.name == options[1]
    if len(options) == 3:
        assert model.estimator.name == EMBEDDED and model.patcher is not None
        assert model.patcher.model is model.estimator.module, "its weights are under the host's memory management"


def test_the_embedded_network_through_the_nodes(pack, clip):
    model = pack.node("InverseCrafterLoadDepthModel").execute(EMBEDDED).args[0]
    geometry, preview, report = pack.node("InverseCrafterEstimateDepth").execute(model, clip, batch_size=2).args
    assert geometry.size == (HEIGHT, WIDTH) and geometry.frames == FRAMES and not geometry.metric
    assert f"{EMBEDDED}: relative depth" in report
    assert float(geometry.depth.log().std()) > 0.01, "it must see something, not a flat plane"
    assert preview.shape == clip.shape


def test_small_networks_of_users_are_listed_after_onnx_files_and_others_are_not(pack, tmp_path):
    import shutil

    import folder_paths
    from safetensors.torch import save_file

    models = pack.submodule("nodes.depth.models")
    folder = Path(folder_paths.models_dir) / "geometry_estimation"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(models.WEIGHTS / "depth" / EMBEDDED, folder / "mine.safetensors")
    save_file({"decoder.x": torch.zeros(1)}, str(folder / "vae.safetensors"))
    (folder / "any.onnx").write_bytes(b"")
    names = list(models.found_models())
    for path in folder.iterdir():
        path.unlink()
    assert "vae.safetensors" not in names
    assert names.index("any.onnx") < names.index("mine.safetensors") < names.index(EMBEDDED)


@pytest.mark.parametrize(("name", "kind"), [("FastDepth-nyu.onnx", "metric_depth"), ("midas_small.onnx", None)])
def test_the_kind_of_an_onnx_file_is_known_or_asked_for(pack, tmp_path, monkeypatch, name, kind):
    models, error = pack.submodule("nodes.depth.models"), pack.core("errors").InputError
    monkeypatch.setattr(models, "OnnxDepth", lambda path, kind, edge_aware: SimpleNamespace(name=path.name, kind=kind))
    monkeypatch.setattr(models, "find_spec", lambda name: name)
    monkeypatch.setattr(models, "found_models", lambda: {name: tmp_path / name, EMBEDDED: tmp_path / "no.safetensors"})
    loader = pack.node("InverseCrafterLoadDepthModel")
    assert loader.execute(name, kind="disparity").args[0].estimator.kind == "disparity"
    assert loader.execute("auto", kind="disparity").args[0].estimator.name == name
    if kind:
        assert loader.execute(name).args[0].estimator.kind == loader.execute("auto").args[0].estimator.kind == kind
        return
    with pytest.raises(error, match=r"kind: auto for midas_small\.onnx.*disparity"):
        loader.execute(name)
    with pytest.raises(error, match=r"no\.safetensors"):
        loader.execute("auto")  # takes the next one


def test_a_wrong_safetensors_file_is_named_and_so_is_a_wrong_kind(pack):
    error = pack.core("errors").InputError
    loader = pack.node("InverseCrafterLoadDepthModel")
    weights = pack.submodule("nodes.host.model_folders").WEIGHTS
    with pytest.raises(error, match=r"is a whole VAE.*Expected a small depth network"):
        loader.execute("auto", hub_id=str(weights / "vae" / "inversecrafter_small_wan_vae.safetensors"))
    with pytest.raises(error, match="a Wan diffusion model"):
        file = weights / "diffusion_models" / "inversecrafter_small_wan_t2v.safetensors"
        loader.execute("auto", hub_id=str(file))
    with pytest.raises(error, match="relative_depth"):
        loader.execute(EMBEDDED, kind="disparity")


def test_one_frame_is_enough(pack, clip):
    model = pack.node("InverseCrafterLoadDepthModel").execute("vertical-gradient prior (no model)").args[0]
    geometry, _, report = pack.node("InverseCrafterEstimateDepth").execute(model, clip[:1], "fov_degrees", 90.0).args
    assert geometry.frames == 1
    assert float(geometry.intrinsics[0, 0, 0]) == pytest.approx(WIDTH / 2, rel=1e-5)
    assert "given" in report


def test_a_depth_video_of_another_size_comes_to_the_videos(pack, clip):
    small = torch.nn.functional.interpolate(ramp().permute(0, 3, 1, 2), size=(24, 40)).permute(0, 2, 3, 1)
    node = pack.node("InverseCrafterGeometryFromDepth")
    geometry, _, report = node.execute(small, video=clip, far_ratio=10.0, lens="focal_pixels", lens_value=100.0).args
    assert geometry.size == (HEIGHT, WIDTH)
    assert float(geometry.intrinsics[0, 0, 0]) == pytest.approx(100)
    nearest, farthest = float(geometry.depth.min()), float(geometry.depth.max())
    assert farthest / nearest == pytest.approx(10, rel=0.02)
    assert "Flicker" in report


def test_a_mismatched_count_names_both(pack, clip):
    error = pack.core("errors").InputError
    with pytest.raises(error, match="depth_images has 3, video has 5"):
        pack.node("InverseCrafterGeometryFromDepth").execute(ramp(3), video=clip)


def test_alpha_and_nan_are_named(pack, clip):
    error = pack.core("errors").InputError
    model = pack.node("InverseCrafterLoadDepthModel").execute("vertical-gradient prior (no model)").args[0]
    estimate = pack.node("InverseCrafterEstimateDepth")
    with pytest.raises(error, match="alpha"):
        estimate.execute(model, torch.cat([clip, clip[..., :1]], -1))
    broken = clip.clone()
    broken[1, 2, 3] = math.nan
    with pytest.raises(error, match="NaN"):
        estimate.execute(model, broken)


def test_cancelling_stops_the_estimate_and_the_next_one_runs(pack, clip):
    import comfy.model_management as management

    model = pack.node("InverseCrafterLoadDepthModel").execute("vertical-gradient prior (no model)").args[0]
    estimate = pack.node("InverseCrafterEstimateDepth")
    management.interrupt_current_processing(True)
    with pytest.raises(management.InterruptProcessingException):
        estimate.execute(model, clip)
    assert estimate.execute(model, clip).args[0].frames == FRAMES


def test_moge_keeps_one_lens_and_marks_the_sky(pack, clip):
    depth = ramp()[..., 0] * 4 + 1
    depth[:, :8] = math.inf
    lens = torch.eye(3).repeat(FRAMES, 1, 1)
    lens[:, 0, 0] = torch.tensor([0.9, 1.0, 1.0, 1.1, 5.0])
    moge = {"depth": depth, "intrinsics": lens, "mask": depth.isfinite(), "image": clip}
    geometry, preview, report = pack.node("InverseCrafterGeometryFromMoGe").execute(moge).args
    assert torch.allclose(geometry.intrinsics[:, 0, 0], torch.full((FRAMES,), float(WIDTH)))
    assert not bool(geometry.valid[:, :8].any()) and bool(geometry.valid[:, 8:].all())
    assert float(preview[:, :8].max()) == 0
    assert "Lens: 80.0 px" in report


def test_da3_keeps_the_source_cameras_rebased_to_frame_0(pack, clip):
    world_to_camera = torch.eye(4).repeat(FRAMES, 1, 1)
    world_to_camera[:, 0, 3] = 7 - 0.5 * torch.arange(FRAMES)
    lens = torch.eye(3).repeat(FRAMES, 1, 1)
    lens[:, 0, 0] = lens[:, 1, 1] = 20
    lens[:, 0, 2], lens[:, 1, 2] = 10, 6  # the network saw 20x12
    da3 = {
        "depth": ramp()[..., 0],
        "extrinsics": world_to_camera[None, :, :3],
        "intrinsics": lens[None],
        "image": clip,
        "mode": "x",
    }
    geometry, _, report = pack.node("InverseCrafterGeometryFromDA3").execute(da3).args
    assert torch.allclose(geometry.camera_to_world[:, 0, 3], 0.5 * torch.arange(FRAMES), atol=1e-5)
    assert float(geometry.intrinsics[0, 0, 0]) == pytest.approx(80)
    assert "scaled by 4.000" in report


def test_a_transformers_folder_is_listed_loaded_and_run_under_the_hosts_memory_management(pack, clip, tmp_path):
    import folder_paths
    from transformers import DPTConfig, DPTForDepthEstimation, DPTImageProcessor

    torch.manual_seed(0)
    config = DPTConfig(
        hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=64, patch_size=16,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 8, 16, 16], fusion_hidden_size=16,
    )  # fmt: skip
    folder = Path(folder_paths.models_dir) / "depth_estimation" / "tiny-dpt"
    network = DPTForDepthEstimation(config)
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(0.05, 0.1)
    network.save_pretrained(folder)
    DPTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    loader = pack.node("InverseCrafterLoadDepthModel")
    assert "tiny-dpt" in loader.define_schema().inputs[0].options
    model = loader.execute("tiny-dpt").args[0]
    assert model.patcher is not None and model.estimator.kind == "disparity"
    geometry, _, report = pack.node("InverseCrafterEstimateDepth").execute(model, clip, batch_size=2).args
    assert geometry.size == (HEIGHT, WIDTH) and "tiny-dpt: disparity" in report
    assert loader.execute("tiny-dpt").args[0] is model, "a loaded model is kept"
    (folder / "config.json").write_text(json.dumps({"architectures": ["Other"]}))
    assert "tiny-dpt" not in loader.define_schema().inputs[0].options


def test_a_folder_that_is_no_model_is_answered(pack, tmp_path):
    error = pack.core("errors").InputError
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(error, match="could not be loaded"):
        pack.node("InverseCrafterLoadDepthModel").execute("auto", hub_id=str(tmp_path))


def test_fastdepth_on_real_footage(pack):
    import cv2

    if asset("fastdepth") is None or asset("carphone") is None:
        pytest.skip(why_missing("fastdepth") or why_missing("carphone"))
    capture = cv2.VideoCapture(str(asset("carphone")))
    frames = [cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2RGB) for _ in range(9)]
    clip = torch.stack([torch.from_numpy(frame) for frame in frames]).float() / 255
    model = pack.node("InverseCrafterLoadDepthModel").execute("auto", hub_id=str(asset("fastdepth"))).args[0]
    estimate = pack.node("InverseCrafterEstimateDepth")
    geometry, _, report = estimate.execute(model, clip).args
    plain = estimate.execute(model, clip, stabilise="off").args[0]
    assert geometry.metric and geometry.size == clip.shape[1:3]
    man, window = geometry.depth[:, 60:140, 60:110].median(), geometry.depth[:, 10:80, 150:170].median()
    assert float(window) > 1.3 * float(man), "the passenger sits in front of the landscape"
    change = [float((d.depth[1:] / d.depth[:-1]).log().abs().mean()) for d in (geometry, plain)]
    assert change[0] < 0.6 * change[1], f"stabilised {change[0]:.4f}, plain {change[1]:.4f}: {report}"
