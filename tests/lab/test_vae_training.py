"""What trains the VAE: whole clips in one pass, widening, clips with things in motion, the loss, and a run that goes on."""

from __future__ import annotations

import random
from argparse import Namespace
from types import SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="module")
def training(pack):
    from lab.data import motion_clips
    from lab.metrics import vae as vae_metrics
    from lab.models import shipped
    from lab.models import vae as vae_model
    from lab.training import records
    from lab.training.vae import data as vae_data
    from lab.training.vae import loss as vae_loss
    from lab.training.vae import train as vae

    return SimpleNamespace(
        vae=vae,
        data=vae_data,
        loss=vae_loss,
        model=vae_model,
        score=vae_metrics,
        motion=motion_clips,
        records=records,
        shipped=shipped,
    )


@pytest.fixture(scope="module")
def narrow(training):
    torch.manual_seed(0)
    return training.model.build(8).requires_grad_(False)


def smooth_clip(frames, side):
    coarse = torch.rand(1, 3, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, size=(frames, side, side), mode="trilinear") * 2 - 1


@pytest.mark.parametrize("frames", [1, 5, 13])
def test_a_whole_clip_is_coded_as_the_host_codes_it_piece_by_piece(training, narrow, frames):
    video = smooth_clip(frames, 32)
    latent = narrow.encode(video)
    decoded = narrow.decode(latent)
    with training.model.whole_clips(narrow):
        assert torch.allclose(training.model.encode(narrow, video), latent, atol=1e-4)
        assert torch.allclose(training.model.decode(narrow, latent), decoded, atol=1e-4)
    assert not any("forward" in vars(layer) for layer in narrow.modules())


def test_a_widened_vae_codes_as_the_narrow_one_did_and_its_copies_part(training, narrow):
    torch.manual_seed(1)
    wide = training.model.widened(narrow.state_dict(), noise=0)
    video = smooth_clip(5, 32)
    latent = narrow.encode(video)
    with torch.no_grad():
        assert torch.allclose(wide.encode(video), latent, atol=1e-4)
        assert torch.allclose(wide.decode(latent), narrow.decode(latent), atol=1e-4)
    weight = wide.decoder.middle[0].residual[2].weight
    assert not torch.allclose(weight[:, ::2], weight[:, 1::2]), "readers of two copies differ, so that their gradients do"
    assert training.model.width_of(wide.state_dict()) == 16


def test_rescaled_latents_decode_to_the_same_clip(training, narrow):
    model, video = training.model.build(8).requires_grad_(False), smooth_clip(5, 32)
    model.load_state_dict(narrow.state_dict())
    scale, shift = torch.linspace(0.5, 2, 16), torch.linspace(-1, 1, 16)
    training.model.rescale_latents(model, scale, shift)
    latent = narrow.encode(video)
    rescaled = latent * scale.view(-1, 1, 1, 1) + shift.view(-1, 1, 1, 1)
    assert torch.allclose(model.encode(video), rescaled, atol=1e-4)
    assert torch.allclose(model.decode(rescaled), narrow.decode(latent), atol=1e-4)


def test_a_cut_out_moves_as_fast_as_it_should_and_its_share_says_where_it_is(training):
    make, rng = training.motion, random.Random(3)
    picture = torch.randint(0, 255, (200, 240, 3), generator=torch.Generator().manual_seed(2)).to(torch.uint8).numpy()
    thing = make.cut_out(picture, 96, 128, 4, 10.0, rng)
    steady = make.Motion(thing.motion.start, thing.motion.velocity)
    still = make.Layer(picture, None, make.Motion(torch.tensor([64.0, 48.0]).numpy(), torch.zeros(2).numpy()))
    clip, share = make.draw([still, make.Layer(thing.colour, thing.cover, steady)], range(3, 6), 96, 128)
    assert clip.shape == (3, 96, 128, 3) and share.shape == (3, 96, 128)
    place = torch.arange(128).float()
    columns, rows = ((torch.from_numpy(share).sum(axis), size) for axis, size in ((1, 128), (2, 96)))
    centre = torch.stack([(one * place[:size]).sum(1) / one.sum(1) for one, size in (columns, rows)], 1)
    assert float((centre[2] - centre[1]).norm()) == pytest.approx(10, abs=1.5)
    assert (clip[0][share[0] == 0] == clip[2][share[0] == 0]).mean() < 1 < (share[0] == 0).sum()
    free = (share[0] == 0) & (share[2] == 0)
    assert (clip[0][free] == clip[2][free]).all(), "behind the thing nothing moves"


def test_moving_clips_come_from_their_generator_alone(training):
    if not training.motion.pictures():
        pytest.skip("no photographs are installed")
    one, two, other = (training.motion.moving_clip(5, 64, 64, random.Random(seed)) for seed in (1, 1, 2))
    assert one.shape == (5, 64, 64, 3) and (one == two).all() and not (one == other).all()


def test_benchmarks_photographs_are_not_trained_on(training):
    names = {"motorcycle_left.png", "motorcycle_right.png", training.score.HELD_OUT_PHOTOGRAPH + ".png"}
    assert names.isdisjoint(training.motion.MORE + training.motion.PHOTOGRAPHS + training.motion.PORTRAITS)


def test_every_frame_counts_and_the_worst_position_most(training):
    loss = training.loss
    assert loss.positions(10).tolist() == [0, 1, 2, 3, 4, 1, 2, 3, 4, 1]
    video = smooth_clip(9, 32)
    favour = loss.PositionFavour()
    assert torch.allclose(favour.weights(9), torch.ones(9))
    for _ in range(300):
        favour.note(torch.tensor([1.0, 4.0, 1.0, 1.0, float("nan")]))
    weights = favour.weights(9)
    assert float(weights[1]) == float(weights[5]) > float(weights[2]) and float(weights.mean()) == pytest.approx(1)
    worse = [video.clone(), video.clone()]
    worse[0][:, :, 1] += 0.2
    worse[1][:, :, 2] += 0.2
    first, second = (loss.pixel_loss(decoded, video, loss.PositionFavour(favour.errors)) for decoded in worse)
    assert float(first) > 1.5 * float(second) > 0


def test_detail_is_missed_and_brightness_is_not_detail(training):
    checks = torch.zeros(1, 3, 2, 16, 16)
    checks[..., ::2, ::2] = checks[..., 1::2, 1::2] = 1
    bands = torch.zeros(1, 3, 2, 16, 16)
    bands[..., 4:12] = 1
    for error in (checks, bands):
        assert float(training.loss.haar_detail(error).min()) > 0.1
    assert float(training.loss.haar_detail(torch.ones(1, 3, 2, 16, 16)).abs().max()) == 0


def test_liveliness_is_where_a_thing_is_at_any_moment_of_its_group(training):
    video = -torch.ones(1, 3, 9, 8, 40)
    for frame in range(9):
        video[..., frame, :, 4 * frame : 4 * frame + 4] = 1
    live = training.loss.liveliness(video)[0, 0]
    assert live.shape == (9, 8, 40)
    assert bool((live[1:5, :, :20] == 1).all()) and bool((live[1:5, :, 20:] == 0).all())
    assert bool((live[5:, :, 16:36] == 1).all()) and bool((live[5:, :, :16] == 0).all())


def test_a_second_image_is_found_as_solid_as_it_is(training):
    frames, share = 9, torch.zeros(9, 8, 100)
    for frame in range(frames):
        share[frame, :, 10 * frame : 10 * frame + 8] = 1
    truth = share.expand(3, -1, -1, -1).clone()
    decoded = truth.clone()
    for frame in range(frames):
        last = -(-frame // 4) * 4
        decoded[:, frame] = 0.7 * truth[:, frame] + 0.3 * truth[:, last]
    double = training.score.doubling(decoded, truth, share)
    assert double[1:4].tolist() == pytest.approx([0.3] * 3, abs=1e-5)
    assert float(double[4]) == pytest.approx(0, abs=1e-5)
    assert float(training.score.doubling(truth, truth, share)[1:].abs().max()) == 0
    decibels = training.score.position_db(decoded[None], truth[None])
    assert training.score.spread(decibels) == float(decibels[4] - decibels[1:4].min())


def test_a_run_goes_on_where_it_was_stopped(training, tmp_path, monkeypatch):
    monkeypatch.setattr(training.vae, "RUNS", tmp_path)
    monkeypatch.setattr(training.vae, "load_lpips", lambda: None)
    torch.manual_seed(0)
    video = smooth_clip(5, 32)
    options = Namespace(width=8, rate=1e-3, minutes=10, widen=None, decoder_of=None)
    first = training.vae.prepare(options)
    losses = [first.learn(video) for _ in range(12)]
    assert losses[-1] < losses[0]
    training.records.save_checkpoint(first.checkpoint, first.state())
    second = training.vae.prepare(options)
    assert second.step == 12 and second.clock.spent >= first.clock.spent - 0.1
    assert torch.equal(second.task.favour.errors, first.task.favour.errors)
    assert all(torch.equal(second.average[name], value) for name, value in first.average.items())
    torch.manual_seed(1)
    one = first.learn(video)
    torch.manual_seed(1)
    assert second.learn(video) == pytest.approx(one, rel=1e-3)


def test_a_decoder_goes_on_alone_and_ships_with_the_encoder_it_came_with(training, narrow, tmp_path, monkeypatch):
    monkeypatch.setattr(training.vae, "RUNS", tmp_path)
    monkeypatch.setattr(training.vae, "load_lpips", lambda: None)
    shipped, video = tmp_path / "shipped.safetensors", smooth_clip(5, 32)
    training.records.export(narrow.state_dict(), shipped, {})
    weights = training.shipped.read_weights(shipped)
    options = Namespace(width=8, rate=1e-3, minutes=10, widen=None, decoder_of=shipped)
    run = training.vae.prepare(options)
    untrained = training.model.with_decoder(weights, run.task.model.state_dict())
    assert torch.allclose(untrained.decode(video_latent := untrained.encode(video)), narrow.decode(video_latent), atol=5e-3)
    losses = [run.learn(video) for _ in range(12)]
    assert losses[-1] < losses[0]
    trained = training.model.with_decoder(weights, run.task.model.state_dict())
    assert torch.equal(trained.encode(video), training.model.of_weights(weights).encode(video)), "bit for bit"
    assert not torch.allclose(trained.decode(video_latent), untrained.decode(video_latent), atol=1e-3)
