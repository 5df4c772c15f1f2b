"""Encoding and decoding in tiles with the embedded VAE: errors, progress, and what the host does when memory runs out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "vae" / "inversecrafter_small_wan_vae.safetensors"
FRAMES, HEIGHT, WIDTH, TILE = 9, 128, 192, 96
LARGEST_ERROR = 0.08
"""Bound of the root mean square error by tiles of 96 pixels, in deviations of the latents; 512 pixels err less."""


@pytest.fixture(scope="module")
def vae(pack):
    import comfy.sd
    import comfy.utils

    return comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(WEIGHTS)))


@pytest.fixture(scope="module")
def clip():
    """A coarse random texture that slides a pixel a frame over a wave of light, ``[F, H, W, 3]``."""
    coarse = torch.rand(1, 3, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(0))
    picture = torch.nn.functional.interpolate(coarse, (HEIGHT, WIDTH), mode="bilinear")[0].movedim(0, -1)
    wave = torch.linspace(0, 9, WIDTH).sin()[None, :, None] * 0.2
    return torch.stack([picture.roll(frame, 1) * 0.6 + 0.2 + wave for frame in range(FRAMES)]).clamp(0, 1)


@pytest.fixture(scope="module")
def whole(pack, vae, clip):
    with torch.inference_mode():
        return pack.submodule("nodes.host.vae").VideoVae.of(vae).encode(clip)


def relative_error(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).square().mean().sqrt() / wanted.std())


def test_tiles_give_nearly_the_same_latents(pack, vae, clip, whole):
    with torch.inference_mode():
        tiled = pack.submodule("nodes.host.vae").VideoVae.of(vae, TILE).encode(clip)
    assert tiled.shape == whole.shape and tiled.dtype == torch.float32
    assert 0 < relative_error(tiled, whole) < LARGEST_ERROR


def test_time_is_not_tiled_since_a_tile_would_begin_with_a_group_of_its_own(vae, clip, whole):
    """The reason in figures: two tiles in time alone err more than six in space."""
    with torch.inference_mode():
        in_time = vae.encode_tiled(clip, 512, 512, 64, tile_t=5, overlap_t=1)
    assert relative_error(in_time, whole) > LARGEST_ERROR


def test_the_hosts_tiled_decoding_is_near_the_whole_one_unless_it_cuts_time(vae, whole):
    """As docs/troubleshooting.md says of VAE Decode (Tiled): the frames after a cut in time are off by more."""
    part = whole[..., :12]
    with torch.inference_mode():
        exact = vae.decode(part)
        in_space = vae.decode_tiled(part, tile_x=12, tile_y=12, overlap=3, tile_t=None, overlap_t=None)
        in_time = vae.decode_tiled(part, tile_x=64, tile_y=64, overlap=8, tile_t=2, overlap_t=1)
    errors = [255 * (decoded - exact).square().mean((0, 2, 3, 4)).sqrt() for decoded in (in_space, in_time)]
    assert float(errors[0].square().mean().sqrt()) < 2
    assert float(errors[1].max()) > 2 * float(errors[0].max())


def test_the_node_encodes_in_tiles_of_the_documented_size(pack, vae, clip, monkeypatch):
    calls = []
    tiled = type(vae).encode_tiled

    def counted(self, video, *rest, **more):
        calls.append((*rest, *more.values()))
        return tiled(self, video, *rest, **more)

    monkeypatch.setattr(type(vae), "encode_tiled", counted)
    node = pack.node("InverseCrafterEncodeMeasurement")
    monkeypatch.setattr(pack.submodule("nodes.guide.measurement"), "TILE", TILE)
    defaults = {i.id: i.default for i in node.GET_SCHEMA().inputs if getattr(i, "default", None) is not None}
    given = defaults | {"vae": vae, "video": clip[:1], "holes": torch.zeros(1, HEIGHT, WIDTH)}
    with torch.inference_mode():
        measurements = [node.execute(**(given | {"encoding": name})).args[0] for name in ("whole", "tiled")]
    assert calls == [(TILE, TILE, TILE // 4, None, None)]
    assert pack.submodule("nodes.host.vae").TILE == 512
    assert 0 < relative_error(measurements[1].w, measurements[0].w) < LARGEST_ERROR
    assert torch.equal(measurements[0].h, measurements[1].h)


def test_a_clip_within_one_tile_is_encoded_whole(pack, vae, clip):
    coders = [pack.submodule("nodes.host.vae").VideoVae.of(vae, tile) for tile in (None, 256)]
    with torch.inference_mode():
        assert torch.equal(*[coder.encode(clip[:1]) for coder in coders])


def test_where_memory_runs_out_the_host_turns_to_tiles_by_itself(pack, vae, clip, monkeypatch):
    """Every node that encodes goes through ``vae.encode``, and so has the host's way out."""
    import comfy.model_management

    encode, first = vae.first_stage_model.encode, []

    def out_of_memory_once(*args, **kwargs):
        if not first:
            first.append(True)
            raise comfy.model_management.OOM_EXCEPTION("out of memory")
        return encode(*args, **kwargs)

    monkeypatch.setattr(vae.first_stage_model, "encode", out_of_memory_once)
    with torch.inference_mode():
        latent = pack.submodule("nodes.host.vae").VideoVae.of(vae).encode(clip[:1])
    assert first and latent.shape == (1, 16, 1, HEIGHT // 8, WIDTH // 8)


def test_an_unknown_encoding_is_refused(pack, vae, clip):
    node = pack.node("InverseCrafterEncodeMeasurement")
    defaults = {i.id: i.default for i in node.GET_SCHEMA().inputs if getattr(i, "default", None) is not None}
    given = defaults | {"vae": vae, "video": clip[:1], "holes": torch.zeros(1, HEIGHT, WIDTH), "encoding": "halves"}
    with pytest.raises(ValueError, match="encoding: 'halves'"):
        node.execute(**given)
