"""The mask encoder that comes with the pack: its node lists it, Encode Measurement uses it, and it has learnt its task."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lab.data.reprojections import double_reprojection
from lab.world import frame_times, random_scene, render

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
NAME, VAE = "inversecrafter_small_mask_encoder.safetensors", "inversecrafter_small_wan_vae.safetensors"
CASES = ((9_301, "arc_left"), (9_302, "arc_up"), (9_303, "zoom_in"))


@pytest.fixture(scope="module")
def encoder(pack):
    node = pack.node("InverseCrafterLoadMaskEncoder")
    assert NAME in node.define_schema().inputs[0].options
    return node.execute(NAME).args[0]


@pytest.fixture(scope="module")
def vae(pack):
    return pack.host_node("VAELoader")().load_vae(VAE)[0]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def reprojected(pack, seed, trajectory):
    """A held-out scene, ``(x, visible, y)``: clean, known, and infilled as a warp would be."""
    camera = pack.core("camera")
    clip = render(random_scene(seed), frame_times(9), 64, 96)
    valid = torch.ones_like(clip.depth, dtype=torch.bool)
    geometry = camera.Geometry(clip.depth, valid, clip.intrinsics, clip.camera_to_world)
    path = pack.core("camera.presets").preset_path(trajectory, 9)
    video, visible = double_reprojection(clip.colour, geometry, path)
    return video, visible.float(), pack.core("warp").fill_holes(video, visible)


def test_its_mask_is_nearer_to_the_truth_than_the_usual_one(pack, encoder, vae):
    masks, space = pack.core("masks"), pack.submodule("nodes.host.vae").VideoVae.of(vae)
    learned, binary = [], []
    for seed, trajectory in CASES:
        x, visible, y = reprojected(pack, seed, trajectory)
        truth, filled = (space.normalise(space.encode(video)) for video in (x, masks.infilled(x, visible)))
        wanted = masks.difference_mask(truth, filled)
        learned.append(float((encoder.predict(visible, y) - wanted).abs().mean()))
        binary.append(float((masks.binary(visible) - wanted).abs().mean()))
    assert sum(learned) < 0.5 * sum(binary), (learned, binary)
    assert all(ours < theirs for ours, theirs in zip(learned, binary, strict=True)), (learned, binary)


def test_encode_measurement_uses_it_end_to_end(pack, encoder, vae):
    _, visible, y = reprojected(pack, *CASES[0])
    node = pack.node("InverseCrafterEncodeMeasurement")
    arguments = {"first_frame_known": False, "preview": "channels", "mask_encoder": encoder}
    measurement, picture, *_ = node.execute(vae, y, 1 - visible, "learned", 1.0, **arguments).args
    assert measurement.mask_mode == "learned" and measurement.h.shape == measurement.w.shape == (1, 16, 3, 8, 12)
    assert torch.allclose(measurement.h, encoder.predict(visible, y), atol=1e-5)
    area = pack.core("masks").area(visible)
    known, unknown = (area == 1).expand_as(measurement.h), (area < 0.2).expand_as(measurement.h)
    assert float(measurement.h[known].mean()) > float(measurement.h[unknown].mean()) + 0.15
    assert float(measurement.h.std(1).mean()) > 0.01, "channel by channel, not one mask for all"
    assert picture.shape == (3, 4 * 64, 4 * 96, 3)


def test_a_clip_without_holes_is_known_throughout(pack, encoder):
    assert float(encoder.predict(torch.ones(5, 32, 32), torch.rand(5, 32, 32, 3)).min()) > 0.99


def test_its_card_tells_where_it_came_from_and_what_it_cannot():
    card = (WEIGHTS / NAME).with_suffix(".md").read_text(encoding="utf-8")
    assert "held-out" in card and "Limits" in card and "Targets missed" in card and (WEIGHTS / "mask_encoder.jpg").exists()
