"""Estimators: edge-aware upsampling, the transformers loader on tiny random models, ONNX files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from inversecrafter_core.depth import OnnxDepth, load_transformers_depth
from inversecrafter_core.depth.estimators.transformers import check_kind
from inversecrafter_core.depth.upsample import guided_upsample, joint_bilateral_upsample, resize_map
from inversecrafter_core.errors import InputError
from lab.host.shim import shim_torchvision

shim_torchvision()


def disc(height=90, width=120):
    """A red disc at depth 2 before a blue wall at depth 5: image ``[1, H, W, 3]``, depth ``[1, H, W]``."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (height / 3) ** 2
    image = torch.where(inside[..., None], torch.tensor([0.8, 0.2, 0.1]), torch.tensor([0.1, 0.2, 0.8]))
    return image[None], torch.where(inside, 2.0, 5.0)[None]


# --- upsampling


def test_joint_bilateral_puts_depth_edges_on_image_edges():
    image, depth = disc()
    small = resize_map(depth, (15, 20), "area")
    plain = (resize_map(small, (90, 120)) - depth).abs().mean()
    aware = (joint_bilateral_upsample(small, image) - depth).abs().mean()
    assert float(aware) < 0.5 * float(plain)


def test_guided_filter_makes_an_edge_of_a_blur_and_stays_in_range():
    image, depth = disc()
    blurred = resize_map(resize_map(depth, (6, 8), "area"), (45, 60))
    plain, result = resize_map(blurred, (90, 120)), guided_upsample(blurred, image)
    steepest = [float(x[0, 45].diff().abs().max()) for x in (plain, result)]
    assert steepest[1] > 4 * steepest[0]
    assert float(blurred.min()) <= float(result.min()) and float(result.max()) <= float(blurred.max())


@pytest.mark.parametrize("upsample", [joint_bilateral_upsample, guided_upsample])
def test_upsampling_a_constant_is_that_constant(upsample):
    image = torch.rand(2, 30, 41, 3, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(upsample(torch.full((2, 10, 13), 3.0), image), torch.tensor(3.0), atol=1e-4)


# --- transformers

DINO = dict(
    hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=56, patch_size=14,
    out_indices=[1, 2, 3, 4], reshape_hidden_states=False, apply_layernorm=True,
)  # fmt: skip
NECK = dict(neck_hidden_sizes=[8, 8, 16, 16], fusion_hidden_size=16)


def depth_anything(kind):
    import transformers as library

    config = library.DepthAnythingConfig(
        backbone_config=library.Dinov2Config(**DINO), reassemble_hidden_size=32, patch_size=14, head_hidden_size=8,
        depth_estimation_type=kind, max_depth=20 if kind == "metric" else 1, **NECK,
    )  # fmt: skip
    size = {"height": 56, "width": 56}
    processor = library.DPTImageProcessor(size=size, keep_aspect_ratio=True, ensure_multiple_of=14)
    return library.DepthAnythingForDepthEstimation(config), processor


def dpt():
    import transformers as library

    config = library.DPTConfig(
        hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64, image_size=64, patch_size=16,
        backbone_out_indices=[0, 1, 2, 3], **NECK,
    )  # fmt: skip
    return library.DPTForDepthEstimation(config), library.DPTImageProcessor(size={"height": 64, "width": 64})


def glpn():
    import transformers as library

    config = library.GLPNConfig(
        hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], decoder_hidden_size=16, num_attention_heads=[1, 1, 2, 2]
    )
    return library.GLPNForDepthEstimation(config), library.GLPNImageProcessor(size_divisor=32)


def zoedepth():
    import transformers as library

    backbone = library.BeitConfig(
        image_size=64, patch_size=16, hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64,
        out_indices=[1, 2, 3, 4], reshape_hidden_states=False,
    )  # fmt: skip
    config = library.ZoeDepthConfig(
        backbone_config=backbone, backbone_hidden_size=32, bottleneck_features=16, num_relative_features=8,
        bin_embedding_dim=16,
        bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        num_patch_transformer_layers=1, patch_transformer_hidden_size=16, patch_transformer_intermediate_size=32,
        patch_transformer_num_attention_heads=2, **NECK,
    )  # fmt: skip
    return library.ZoeDepthForDepthEstimation(config), library.ZoeDepthImageProcessor(size={"height": 64, "width": 64})


def depth_pro():
    import transformers as library

    dino = library.Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2, patch_size=8, image_size=32
    )
    config = library.DepthProConfig(
        image_model_config=dino, patch_model_config=dino, fov_model_config=dino, patch_size=32, fusion_hidden_size=8,
        intermediate_hook_ids=[1, 0], intermediate_feature_dims=[8, 8], scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.25], scaled_images_feature_dims=[16, 8], use_fov_model=True,
    )  # fmt: skip
    return library.DepthProForDepthEstimation(config), library.DepthProImageProcessor(size={"height": 64, "width": 64})


def saved(folder: Path, build):
    torch.manual_seed(0)
    network, processor = build()
    with torch.no_grad():
        for weight in network.parameters():
            weight.normal_(0.03, 0.08)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return network


MODELS = {
    "Depth Anything, relative": (lambda: depth_anything("relative"), "disparity"),
    "Depth Anything, metric": (lambda: depth_anything("metric"), "metric_depth"),
    "DPT": (dpt, "disparity"),
    "GLPN": (glpn, "metric_depth"),
    "ZoeDepth": (zoedepth, "metric_depth"),
    "DepthPro": (depth_pro, "metric_depth"),
}


@pytest.mark.parametrize("name", MODELS)
def test_every_family_loads_from_a_folder_and_fills_the_videos_size(name, tmp_path):
    build, kind = MODELS[name]
    saved(tmp_path, build)
    video = torch.rand(3, 60, 88, 3, generator=torch.Generator().manual_seed(0))
    model = load_transformers_depth(tmp_path)
    seen = []
    raw = model.estimate(video, batch_size=2, progress=lambda done, total: seen.append((done, total)))
    assert model.kind == raw.kind == kind
    assert raw.values.shape == (3, 60, 88) and bool(raw.values.isfinite().all())
    assert seen == [(2, 3), (3, 3)]
    one_by_one = model.estimate(video, batch_size=1).values
    assert torch.allclose(raw.values, one_by_one, rtol=1e-3, atol=1e-4)


def test_the_map_is_the_librarys_own_where_no_resizing_is_needed(tmp_path):
    network = saved(tmp_path, dpt).eval()
    video = torch.rand(1, 64, 64, 3, generator=torch.Generator().manual_seed(0))
    video = (video * 255).round() / 255
    with torch.inference_mode():
        expected = network(pixel_values=((video - 0.5) / 0.5).permute(0, 3, 1, 2)).predicted_depth
    found = load_transformers_depth(tmp_path).estimate(video).values
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_the_network_follows_the_caller_to_another_dtype(tmp_path):
    saved(tmp_path, dpt)
    model = load_transformers_depth(tmp_path, dtype=torch.float64)
    assert next(model.module.parameters()).dtype == torch.float64
    assert model.estimate(torch.rand(1, 60, 88, 3)).values.dtype == torch.float32


def test_nothing_is_said_that_only_some_versions_of_the_library_understand(tmp_path, monkeypatch):
    """``dtype=`` came with transformers 4.56, and hosts ask for 4.50.3 or newer."""
    import transformers as library

    saved(tmp_path, dpt)
    load, words = library.AutoModelForDepthEstimation.from_pretrained, []
    monkeypatch.setattr(
        library.AutoModelForDepthEstimation,
        "from_pretrained",
        lambda source, **options: words.extend(options) or load(source, **options),
    )
    load_transformers_depth(tmp_path, dtype=torch.float16)
    assert words == ["use_safetensors"]


class Config:
    def __init__(self, **entries):
        self.__dict__.update(entries)


def test_kinds_follow_the_configuration_and_the_caller_overrules():
    assert check_kind(Config(model_type="depth_pro", use_fov_model=False), "x") == "relative_depth"
    assert check_kind(Config(model_type="dpt", backbone_config=Config(model_type="dinov2")), "x") == "metric_depth"
    assert check_kind(Config(model_type="brand_new"), "x", "relative_depth") == "relative_depth"
    with pytest.raises(InputError, match="brand_new"):
        check_kind(Config(model_type="brand_new"), "x")
    with pytest.raises(InputError, match="trees"):
        check_kind(Config(model_type="chmv2"), "x")


def test_pickled_weights_are_not_opened(tmp_path):
    network = saved(tmp_path, dpt)
    (tmp_path / "model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors"):
        load_transformers_depth(tmp_path)


# --- onnx


def test_a_missing_and_a_foreign_onnx_file_are_answered(tmp_path):
    with pytest.raises(InputError, match="no file"):
        OnnxDepth(tmp_path / "none.onnx")
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(b"not a network")
    with pytest.raises(InputError, match=r"foreign.onnx is not a readable|onnxruntime is not installed"):
        OnnxDepth(foreign)


def test_without_onnxruntime_the_answer_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "some.onnx").write_bytes(b"")
    monkeypatch.setattr("inversecrafter_core.depth.estimators.onnx.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install onnxruntime"):
        OnnxDepth(tmp_path / "some.onnx")
