"""Apply Scene Latents on a Wan with random weights: alone, under guidance, in windows, and on bad input."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import scene_kit
import torch
from guidance_kit import FRAMES, HEIGHT, LATENT, WIDTH, Kit, distance_to, guided_by, windowed

ALL = {"start_percent": 0.0, "gamma": 50.0}
NAME = "adapter.safetensors"


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    import folder_paths

    folder = tmp_path_factory.mktemp("weights")
    with Kit.open(pack, folder) as kit, pytest.MonkeyPatch.context() as patch:
        key = pack.submodule("nodes.host.model_folders").SCENE_ADAPTERS
        patch.setitem(folder_paths.folder_names_and_paths, key, ([str(folder)], {".safetensors"}))
        signature = kit.model().model.diffusion_model.head.modulation.detach().clone()
        scene_kit.write_adapter(pack.core("scene"), folder / NAME, signature)
        yield kit


def inputs(kit, frames=FRAMES, **changed):
    """Inputs of the node that fit each other."""
    camera = kit.pack.core("camera")
    given = {
        "model": kit.model(),
        "source_latent": {"samples": latents(frames)},
        "camera_path": camera.preset_path("arc_right", frames, math.radians(20)),
        "scene_adapter_name": NAME,
        "scene_states": scene_kit.states(kit.pack.core("scene"), frames, (HEIGHT, WIDTH)),
    }
    return given | changed


def latents(frames=FRAMES, height=LATENT[1], width=LATENT[2], seed=3):
    shape = (1, 16, (frames - 1) // 4 + 1, height, width)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def geometry(kit, frames=FRAMES, height=HEIGHT, width=WIDTH):
    shape = (frames, height, width)
    lens = scene_kit.states(kit.pack.core("scene"), frames, (height, width)).intrinsics
    known = torch.ones(shape, dtype=torch.bool)
    return kit.pack.core("camera").Geometry(torch.full(shape, 2.0), known, lens, scene_kit.moving_cameras(frames))


def apply(kit, **changed):
    return kit.run("InverseCrafterApplySceneLatents", **inputs(kit, **changed))


def test_states_source_and_path_each_change_the_sample(kit):
    conditioned = kit.sample(apply(kit))
    assert torch.isfinite(conditioned).all()
    assert torch.equal(conditioned, kit.sample(apply(kit)))  # twice in one session
    other = kit.pack.core("camera").preset_path("arc_left", FRAMES, math.radians(20))
    states = scene_kit.states(kit.pack.core("scene"), FRAMES, (HEIGHT, WIDTH))
    changes = {
        "no model patch": kit.sample(kit.model()),
        "another source": kit.sample(apply(kit, source_latent={"samples": latents(seed=4)})),
        "another path": kit.sample(apply(kit, camera_path=other)),
        "no states": kit.sample(apply(kit, scene_states=None, geometry=geometry(kit))),
        "other states": kit.sample(apply(kit, scene_states=type(states)(**vars(states) | {"states": -states.states}))),
    }
    for name, changed in changes.items():
        assert (changed - conditioned).abs().mean() > 1e-3, name


def test_the_cameras_of_a_geometry_replace_those_of_the_states(kit):
    found = kit.sample(apply(kit, geometry=geometry(kit)))
    assert torch.allclose(found, kit.sample(apply(kit)), atol=1e-5)  # the same cameras
    still = scene_kit.states(kit.pack.core("scene"), FRAMES, (HEIGHT, WIDTH))
    still = type(still)(**vars(still) | {"camera_to_world": torch.eye(4).repeat(FRAMES, 1, 1)})
    assert torch.allclose(kit.sample(apply(kit, scene_states=still, geometry=geometry(kit))), found, atol=1e-5)


def test_the_model_itself_stays_as_it_was(kit):
    model = kit.model()
    network = model.model.diffusion_model
    before, weights = kit.sample(model), {name: value.clone() for name, value in network.state_dict().items()}
    patched = apply(kit)
    options = {**patched.model_options["transformer_options"]}
    assert not torch.equal(kit.sample(patched), before)
    assert patched.model_options["transformer_options"] == options  # nothing of the run remains in the clone
    assert torch.equal(kit.sample(model), before)
    patched.unpatch_model()
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_guidance_still_draws_to_the_measurement(kit, route):
    patched, measurement = apply(kit), kit.measurement(known=1.0)
    bare = kit.sample(patched)
    guided = guided_by(kit, route, patched, measurement, **ALL, end_percent=1.0)
    assert distance_to(measurement, guided) < 0.1 * distance_to(measurement, bare)
    assert not torch.equal(guided, guided_by(kit, route, kit.model(), measurement, **ALL, end_percent=1.0))


@pytest.mark.parametrize("context_time", ["per_token", "per_frame", "one_time"])
def test_stochastic_conditioning_keeps_its_known_tokens(kit, context_time):
    measurement = kit.measurement(known=1.0)
    measurement.h[..., 2:] = 0
    node = "InverseCrafterStochasticConditioning"
    sampler, _ = kit.run(node, measurement=measurement, release=0.0, context_time=context_time, start_percent=1.0)
    found = kit.sample(apply(kit), sampler)
    assert distance_to(measurement, found) < 1e-3
    assert (found - kit.sample(kit.model(), sampler)).abs().mean() > 1e-3


def test_the_context_is_read_once_a_run_and_set_of_prompts(kit, monkeypatch):
    patched, calls = apply(kit), []
    inner = kit.model().model.diffusion_model.forward_orig
    monkeypatch.setattr(
        kit.model().model.diffusion_model,
        "forward_orig",
        lambda x, t, *rest, **more: calls.append((x.shape[2], float(t.max()) > 0)) or inner(x, t, *rest, **more),
    )
    kit.sample(patched, steps=4, cfg=2.0)
    context, target = (2 * LATENT[0], False), (LATENT[0], True)
    assert calls.count(context) * 4 == calls.count(target)
    assert set(calls) == {context, target}


def test_windows_that_never_come_back_are_forgotten(kit, monkeypatch):
    patch = kit.pack.submodule("nodes.scene.patch")
    reads: list[object] = []
    monkeypatch.setattr(patch, "read_context", lambda *_: reads.append(object()) or reads[-1])
    monkeypatch.setattr(patch, "with_memory", lambda options, scene, memory: {"memory": memory})
    run = patch.SceneRun(SimpleNamespace(window=lambda frames: frames), [])
    executor = type("Executor", (), {"class_obj": None, "__call__": lambda self, *given: given})()
    monkeypatch.setattr(patch.SceneRun, "_seen", lambda self, options: options["frames"])
    sizes = []
    for step in range(6):
        for window in range(2):
            options = {"uuids": ["a"], "frames": [step + window]}
            run.predict(executor, torch.zeros(1), torch.tensor([6.0 - step]), None, transformer_options=options)
            sizes.append(len(run.memories))
    assert max(sizes) <= 4, "two windows of this step, two of the step before"
    assert len(reads) == 7, "a window that the step before had is not read anew"


def test_a_clip_in_context_windows_attends_to_the_source_of_its_window(kit):
    long = 2 * FRAMES + 3  # 6 latent frames
    patched = apply(kit, **{k: v for k, v in inputs(kit, long).items() if k != "model"})
    model, windows = windowed(patched, LATENT[0], 1, frames=6)
    assert len(windows) > 1
    found = kit.sample(model, latent={"samples": torch.zeros(1, 16, 6, *LATENT[1:])})
    assert torch.isfinite(found).all()
    source = latents(long)
    source[:, :, LATENT[0] :] *= -1  # unseen by the first window
    patched = apply(kit, **{k: v for k, v in inputs(kit, long, source_latent={"samples": source}).items() if k != "model"})
    changed = kit.sample(windowed(patched, LATENT[0], 1, frames=6)[0], latent={"samples": torch.zeros(1, 16, 6, *LATENT[1:])})
    assert (changed - found).abs()[:, :, LATENT[0] :].mean() > 1e-3


def test_a_picture_is_a_clip_of_one_frame(kit):
    camera = kit.pack.core("camera")
    path = camera.CameraPath(scene_kit.moving_cameras(2)[1:], torch.ones(1), camera.RelativeTo.SOURCE, "a new view")
    states = scene_kit.states(kit.pack.core("scene"), 1, (HEIGHT, WIDTH))
    patched = apply(kit, source_latent={"samples": latents(1)}, camera_path=path, scene_states=states)
    found = kit.sample(patched, latent={"samples": torch.zeros_like(latents(1))})
    assert found.shape == (1, 16, 1, *LATENT[1:]) and torch.isfinite(found).all()


def test_every_clip_of_a_batch_has_its_own_source(kit):
    both = torch.cat([latents(), latents(seed=4)])
    start = {"samples": torch.zeros(2, 16, *LATENT)}
    found = kit.sample(apply(kit, source_latent={"samples": both}), latent=start)
    for place, one in enumerate(both.split(1)):
        alone = kit.sample(apply(kit, source_latent={"samples": one}), latent=start)
        assert torch.allclose(found[place], alone[place], atol=1e-3), "the same noise, and its own source"
        assert (found[1 - place] - alone[1 - place]).abs().mean() > 1e-3


def test_a_batch_of_clips_shares_one_source(kit):
    latent = {"samples": torch.zeros(2, 16, *LATENT)}
    found = kit.sample(apply(kit), latent=latent)
    assert found.shape[0] == 2 and torch.isfinite(found).all()


def refused(kit, message, **changed):
    error = kit.pack.core("errors").InputError
    with pytest.raises(error, match=message):
        kit.sample(apply(kit, **changed))


def test_states_of_another_length_are_refused(kit):
    states = scene_kit.states(kit.pack.core("scene"), 13, (HEIGHT, WIDTH))
    refused(kit, "13 frames, and latents of 9", scene_states=states, geometry=geometry(kit))


def test_cameras_of_a_picture_of_another_shape_are_refused(kit):
    refused(kit, f"pictures of {HEIGHT}x{WIDTH}, and latents of", geometry=geometry(kit, height=WIDTH, width=HEIGHT))
    apply(kit, geometry=geometry(kit, height=2 * HEIGHT, width=2 * WIDTH))


def test_states_of_another_width_or_network_are_refused(kit):
    scene = kit.pack.core("scene")
    refused(kit, "takes width 24", scene_states=scene_kit.states(scene, FRAMES, (HEIGHT, WIDTH), width=32))
    refused(kit, "by 'CUT3R'", scene_states=scene_kit.states(scene, FRAMES, (HEIGHT, WIDTH), network="CUT3R"))


def test_a_path_without_a_source_pose_or_of_another_length_is_refused(kit):
    refused(kit, "no source pose", scene_states=None)
    path = kit.pack.core("camera").preset_path("arc_right", 13, 0.3)
    refused(kit, "camera_path and source_latent: 13 frames", camera_path=path)


def test_another_model_is_refused(kit, tmp_path):
    import comfy.sd
    import tiny_wan

    def load(**sizes):
        return comfy.sd.load_diffusion_model(str(tiny_wan.make_wan(tmp_path / "other.safetensors", **sizes)))

    refused(kit, "3 blocks of width 128", model=load(layers=3))
    refused(kit, "other weights", model=load(seed=5))
    refused(kit, "48 channels", model=kit.model("48 channels"))
    refused(kit, "scene latents already", model=apply(kit))


def test_another_family_is_refused(kit, tmp_path):
    from lab.models import families

    family = next(family for family in families.FAMILIES if family.name == "LTX-Video")
    model = families.load_network(family, families.write(family.network, tmp_path / "other.safetensors"))
    refused(kit, "not a Wan text-to-video model", model=model)


def test_a_latent_of_another_size_or_kind_is_refused(kit):
    refused(
        kit,
        "a clip of the source's length and size",
        source_latent={"samples": latents(height=2 * LATENT[1], width=2 * LATENT[2])},
    )
    refused(kit, "a pack or a picture", source_latent={"samples": torch.zeros(1, 16, 4, 6)})
