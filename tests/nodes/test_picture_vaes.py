"""VAEs of single pictures that masks are measured on: the linear one gives pictures back, and each makes every mask."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="module")
def tools(pack):
    from benchmarks import masks_coders, masks_linear
    from training import image_vae

    return masks_coders, masks_linear, image_vae


@pytest.fixture(scope="module")
def world(pack):
    """Three frames each of some scenes, ``[N, 96, 128, 3]``."""
    synthetic = pack.core("synthetic")

    def render(seeds):
        times = synthetic.frame_times(17)[::8]
        return torch.cat([synthetic.render(synthetic.random_scene(seed), times, 96, 128).colour for seed in seeds])

    return render


@pytest.fixture(scope="module")
def linear(tools, world):
    coders, linear, _ = tools
    model = linear.fit(world(range(10_000, 10_012)).movedim(-1, 1).contiguous())
    return coders._each_frame("linear", model.encode, model.decode, linear.CELL)


@pytest.fixture(scope="module")
def small(tools):
    """Random weights: the contract, not the quality."""
    coders, _, image_vae = tools
    torch.manual_seed(0)
    model = image_vae.ImageVae().eval().requires_grad_(False)
    return coders._each_frame(
        "small", lambda pictures: image_vae.encode(model, pictures), lambda z: image_vae.decode(model, z), image_vae.SPATIAL
    )


def test_the_linear_vae_gives_held_out_pictures_back(linear, world):
    clip = world((900, 903))
    latents = linear.encode([clip])[0]
    again = linear.decode([latents])[0]
    assert latents.shape == (1, 16, len(clip), 12, 16) and again.shape == clip.shape
    flat = float((clip.mean((1, 2), keepdim=True) - clip).square().mean())
    assert float((again - clip).square().mean()) < min(0.15 * flat, 10**-2.2)
    assert float(latents.mean().abs()) < 0.3 and 0.6 < float(latents.std()) < 1.5


@pytest.mark.parametrize("candidate", ["three_infills", "held_warp", "holed_warp", "two_infills", "mask_video"])
@pytest.mark.parametrize("kind", ["linear", "small"])
def test_masks_are_made_without_causal_groups(request, pack, world, kind, candidate):
    masks, coder, clip = pack.core("masks"), request.getfixturevalue(kind), world((900, 903))
    visible = torch.ones(clip.shape[:3])
    visible[1, :, 64:] = 0
    encode = lambda video: coder.encode([video])[0]  # noqa: E731
    given = masks.MaskInputs(visible, clip, encode(clip), encode, coder.spatial, candidate=candidate, group=coder.group)
    h = masks.latent_mask("training_free", given)
    assert h.shape == given.latent.shape and h.shape[2:] == (len(clip), 12, 16)
    assert torch.all(h[:, :, [0, 2, 3, 4, 5]] == 1), "frames without holes"
    assert h[:, :, 1, :, 10:].mean() < h[:, :, 1, :, :6].mean()


def test_the_small_picture_vae_learns(tools, world):
    """A few steps from nothing on one picture: the loss falls, and the file will hold what normalises latents."""
    _, _, image_vae = tools
    torch.manual_seed(0)
    model, picture = image_vae.ImageVae(), world((900,))[:1].movedim(-1, 1) * 2 - 1
    optimiser, losses = image_vae.Muon(model.parameters(), lr=2e-3), []
    for _ in range(12):
        loss = image_vae.loss_of(model, picture)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    state = model.state_dict()
    assert set(state) >= {"mean", "deviation", "encoder.conv_in.weight", "decoder.conv_out.weight"}
