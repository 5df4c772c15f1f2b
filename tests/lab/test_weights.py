"""The shipped files: they load through the stock loaders and have learnt what their cards say. Scenes nothing trained on."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
VAE, DIT = "inversecrafter_small_wan_vae.safetensors", "inversecrafter_small_wan_t2v.safetensors"
SEEDS = (900, 901, 902, 903, 904, 905)
DECODED = 3
"""Clips that are decoded, too: each costs six seconds."""


@pytest.fixture(scope="module")
def clips(pack):
    """Source clips ``[F, H, W, 3]`` and their captions."""
    from lab import world

    scenes = [world.random_scene(seed) for seed in SEEDS]
    return [(world.render(scene, world.frame_times(17), 128, 192).colour, world.caption(scene)) for scene in scenes]


@pytest.fixture(scope="module")
def vae(pack):
    """As the stock loader gives it; its convolutions run folded, the same to 1e-5 in a fifth of the time."""
    from lab.models.folded import folded

    loaded = pack.host_node("VAELoader")().load_vae(VAE)[0]
    with folded(loaded.first_stage_model):
        yield loaded


@pytest.fixture(scope="module")
def latents(vae, clips):
    """VAE space ``[clips, 16, 5, 16, 24]``."""
    with torch.no_grad():
        return torch.cat([vae.encode(video) for video, _ in clips]).float()


def psnr(one, two):
    return float(-10 * torch.log10((one - two).detach().square().mean()))


def test_files_are_half_precision_safetensors_with_licence_and_recipe():
    total = 0
    for path in WEIGHTS.rglob("*.safetensors"):
        total += path.stat().st_size
        with safe_open(path, "pt") as file:
            made = file.metadata()
            assert made["license"] == "Apache-2.0" and made["recipe"] and made["commit"], path.name
            assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}, path.name  # noqa: SIM118
    assert 0 < total < 75e6


@pytest.mark.parametrize("name", [VAE, DIT])
def test_every_file_has_its_card(name):
    card = (WEIGHTS / name).with_suffix(".md").read_text(encoding="utf-8")
    assert "Limits" in card and "held-out" in card and "training" in card


def test_the_vae_gives_held_out_clips_back(vae, clips, latents):
    with torch.no_grad():
        scores = [psnr(vae.decode(z[None])[0].cpu(), clip) for z, (clip, _) in zip(latents[:DECODED], clips, strict=False)]
    flat = [psnr(clip.mean(dim=(0, 1, 2)).expand_as(clip), clip) for clip, _ in clips[:DECODED]]
    still = [psnr(clip[:1].expand_as(clip), clip) for clip, _ in clips[:DECODED]]
    assert sum(scores) / len(scores) > 26, scores
    assert sum(scores) / len(scores) > sum(flat) / len(flat) + 6
    assert sum(scores) / len(scores) > sum(still) / len(still), "motion must come through, not only the first frame"


def test_latents_have_the_hosts_statistics(latents):
    import comfy.latent_formats

    channels = comfy.latent_formats.Wan21().process_in(latents).transpose(0, 1).flatten(1)
    # Six clips are a small sample: their own scatter is about a third of a deviation.
    assert float(channels.mean(1).abs().max()) < 0.6
    assert float(channels.mean(1).abs().mean()) < 0.25
    assert float(channels.std(1).min()) > 0.6 and float(channels.std(1).max()) < 1.5
    assert float(channels.std(1).mean()) == pytest.approx(1.0, abs=0.15)


@pytest.fixture(scope="module")
def dit(pack):
    """The video model as the stock loader gives it, on its device."""
    import comfy.model_management

    patcher = pack.host_node("UNETLoader")().load_unet(DIT, "default")[0]
    comfy.model_management.load_models_gpu([patcher])
    return patcher.model


@pytest.fixture(scope="module")
def clean(latents):
    """Model space."""
    import comfy.latent_formats

    return comfy.latent_formats.Wan21().process_in(latents)


@pytest.mark.parametrize("sigma", [0.3, 0.5, 0.8])
def test_the_dit_predicts_clean_latents_better_than_the_trivial_guesses(pack, dit, clips, clean, sigma):
    encode = pack.core("prompt").encode_prompt
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    noisy = (1 - sigma) * clean + sigma * noise
    errors = []
    with torch.no_grad():
        for z, start, (_, prompt) in zip(clean, noisy, clips, strict=True):
            guess = dit.apply_model(start[None], torch.tensor([sigma]), c_crossattn=encode(prompt).tokens)
            errors.append(float((guess.float()[0] - z).square().mean()))
    error = sum(errors) / len(errors)
    scale = float((noisy * clean).sum() / noisy.square().sum())
    assert error < 0.8 * float((scale * noisy - clean).square().mean()), "the best multiple of the noisy input"
    assert error < 0.8 * float(clean.var()), "the mean"


def test_one_time_for_every_token_is_the_same_as_one_time_for_the_clip(pack, dit, clean):
    tokens = pack.core("prompt").encode_prompt("a plain red sphere").tokens
    start = 0.3 * clean[:1] + 0.7 * torch.randn(clean[:1].shape, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        one = dit.diffusion_model(start, torch.tensor([700.0]), tokens)
        many = dit.diffusion_model(start, torch.full((1, 480), 700.0), tokens)
    assert torch.allclose(one, many, atol=1e-4)


def test_a_clean_first_frame_at_token_time_0_helps_the_others(pack, dit, clips, clean):
    encode = pack.core("prompt").encode_prompt
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(3))
    noisy = 0.1 * clean + 0.9 * noise
    errors = {"with": 0.0, "without": 0.0}
    for index, (_, prompt) in enumerate(clips):
        given, time = noisy[index : index + 1].clone(), torch.full((1, 5, 96), 0.9)
        given[:, :, 0], time[:, 0] = clean[index, :, 0], 0
        for name, start, times in (
            ("with", given, time.flatten(1)),
            ("without", noisy[index : index + 1], torch.tensor([0.9])),
        ):
            with torch.no_grad():
                velocity = dit.diffusion_model(start, 1000 * times, encode(prompt).tokens).float()
            guess = (start - 0.9 * velocity)[:, :, 1:]
            errors[name] += float((guess - clean[index : index + 1, :, 1:]).square().mean())
    assert errors["with"] < 0.8 * errors["without"], errors


def test_the_prompted_colour_comes():
    """A small form of the probe in ``lab.benchmarks.models.video_model``; chance is one in four."""
    from lab.benchmarks.models.video_model import repainted
    from lab.models.guided import small_wan

    right = [hit for seed in (907, 911) for hit in repainted(seed, small_wan(), steps=8)]
    assert len(right) >= 8 and sum(right) > 0.5 * len(right), right
