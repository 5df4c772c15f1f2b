"""LPIPS out of the arrays of its asset: nothing else may be unpickled, and worse pictures are farther away."""

from __future__ import annotations

import pickle

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import read_lpips
from inversecrafter_core.evaluation.lpips import NETWORKS, Lpips, weight_names
from lab.data.assets import asset, why_missing
from lab.metrics.files import write_lpips
from lab.metrics.lpips import ASSET_NAMES, load_lpips, read_pickle


def test_a_pickle_of_anything_but_arrays_is_refused(tmp_path):
    harmful = tmp_path / "weights.ckpt"
    harmful.write_bytes(pickle.dumps({"AlexNet_0": print}))
    with pytest.raises(pickle.UnpicklingError, match="has no place"):
        read_pickle(harmful, "alexnet")


def need(network):
    if asset(ASSET_NAMES[network]) is None:
        pytest.skip(why_missing(ASSET_NAMES[network]))


def pictures():
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(2, 3, 8, 12, generator=generator).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return clean, torch.randn(clean.shape, generator=generator)


@pytest.mark.parametrize("network", NETWORKS)
def test_distances_grow_with_damage_and_the_map_has_the_same_mean(network):
    need(network)
    metric, (clean, noise) = load_lpips(network), pictures()
    assert float(metric(clean, clean).abs().max()) == 0
    near, far = (metric(clean, (clean + level * noise).clamp(0, 1)) for level in (0.05, 0.2))
    assert bool((near > 0).all()) and bool((far > near).all())
    whole = metric.maps(clean, (clean + 0.2 * noise).clamp(0, 1))
    assert whole.shape == (2, 64, 96)
    assert torch.allclose(whole.mean((1, 2)), far, rtol=0.1)


def plain_vgg16():
    """Simonyan & Zisserman's configuration D without its fully connected end, as a list of layers; untrained."""
    layers, width = [], 3
    for wanted in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512):
        if wanted == "M":
            layers.append(torch.nn.MaxPool2d(2, 2))
        else:
            layers += [torch.nn.Conv2d(width, wanted, 3, padding=1), torch.nn.ReLU()]
            width = wanted
    return layers


def test_vgg16s_features_are_those_after_the_last_relu_of_each_block():
    torch.manual_seed(0)
    network = plain_vgg16()
    convolutions = [layer for layer in network if isinstance(layer, torch.nn.Conv2d)]
    tensors = {f"kernel{i}": layer.weight.detach() for i, layer in enumerate(convolutions)}
    tensors |= {f"bias{i}": layer.bias.detach() for i, layer in enumerate(convolutions)}
    widths = [convolutions[i].out_channels for i in (1, 3, 6, 9, 12)]
    tensors |= {f"head{i}": torch.ones(1, width, 1, 1) for i, width in enumerate(widths)}
    assert sorted(tensors) == sorted(weight_names("vgg16"))
    metric, picture = Lpips("vgg16", tensors), pictures()[0]
    x, wanted = (picture * 2 - 1 - metric.shift) / metric.scale, []
    for index, layer in enumerate(network):
        x = layer(x)
        if index in (3, 8, 15, 22, 29):  # relu1_2, relu2_2, relu3_3, relu4_3, relu5_3
            wanted.append(x)
    assert all(torch.allclose(one, two, atol=1e-5) for one, two in zip(metric._features(picture), wanted, strict=True))


def test_the_file_for_the_node_is_the_same_metric_without_a_pickle(tmp_path):
    need("vgg16")
    assert write_lpips(tmp_path) == ""
    metric, (clean, noise) = read_lpips(tmp_path / "lpips_vgg16.safetensors"), pictures()
    damaged = (clean + 0.1 * noise).clamp(0, 1)
    assert torch.equal(metric(clean, damaged), load_lpips("vgg16")(clean, damaged))


def test_another_file_is_named(tmp_path):
    from safetensors.torch import save_file

    save_file({"decoder.weight": torch.zeros(1)}, tmp_path / "vae.safetensors")
    with pytest.raises(InputError, match="a whole VAE"):
        read_lpips(tmp_path / "vae.safetensors")
    marks = {"format": "inversecrafter.lpips", "version": "1", "network": "vgg16"}
    save_file({"kernel0": torch.zeros(1)}, tmp_path / "half.safetensors", marks)
    with pytest.raises(InputError, match="lacks kernel1"):
        read_lpips(tmp_path / "half.safetensors")
