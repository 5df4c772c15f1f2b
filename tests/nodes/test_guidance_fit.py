"""Measurement, model and latent that do not fit are named before sampling; reference frames make them fit."""

from __future__ import annotations

import pytest
import torch
from guidance_kit import LATENT, Kit, guided_by

ALL = {"start_percent": 0.0, "gamma": 50.0}


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


@pytest.mark.parametrize("node_id", ["InverseCrafterApplyGuidance", "InverseCrafterKSampler"])
def test_a_measurement_of_another_latent_width_is_named_before_sampling(kit, node_id):
    with pytest.raises(ValueError, match=r"latent format Wan21 .* and a measurement of Wan22"):
        if node_id == "InverseCrafterKSampler":
            kit.ksampler(kit.model(), kit.measurement(48))
        else:
            kit.run(node_id, model=kit.model(), measurement=kit.measurement(48))


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_a_latent_of_another_size_is_named_with_the_size_that_fits(kit, route):
    latent = {"samples": torch.zeros(1, 16, 3, 8, 6)}
    with pytest.raises(ValueError, match="48x32 and 9 frames"):
        if route == "one box":
            kit.ksampler(kit.model(), kit.measurement(), latent_image=latent)
        elif route == "sampler":
            kit.sample(kit.model(), kit.run("InverseCrafterSampler", measurement=kit.measurement()), latent=latent)
        else:
            kit.sample(kit.run("InverseCrafterApplyGuidance", model=kit.model(), measurement=kit.measurement()), latent=latent)


def test_a_model_that_is_no_flow_is_refused(kit):
    import comfy.model_sampling

    class Eps(comfy.model_sampling.ModelSamplingDiscrete, comfy.model_sampling.EPS):
        pass

    model = kit.model().clone()
    model.add_object_patch("model_sampling", Eps())
    with pytest.raises(ValueError, match="not a flow"):
        kit.run("InverseCrafterApplyGuidance", model=model, measurement=kit.measurement())


@pytest.mark.parametrize(("settings", "says"), [({"start_percent": 0.8, "end_percent": 0.2}, "start <= end")])
def test_a_window_upside_down_is_refused(kit, settings, says):
    with pytest.raises(ValueError, match=says):
        kit.run("InverseCrafterSampler", measurement=kit.measurement(), **settings)


@pytest.mark.parametrize("route", ["patch", "sampler", "one box", "context"])
def test_a_model_of_another_latent_format_is_refused_by_name(kit, route):
    """Sixteen channels are not enough: HunyuanVideo has as many, with other constants."""
    import comfy.latent_formats

    measurement = kit.measurement(known=1.0)
    other = kit.model().clone()
    other.add_object_patch("latent_format", comfy.latent_formats.HunyuanVideo())
    with pytest.raises(ValueError, match=r"latent format HunyuanVideo .* and a measurement of Wan21"):
        if route == "context":
            kit.sample(other, kit.run("InverseCrafterStochasticConditioning", measurement=measurement)[0])
        else:
            guided_by(kit, route, other, measurement)
    assert torch.isfinite(kit.ksampler(kit.model(), measurement)).all(), "and its own is not"


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
@pytest.mark.parametrize(("before", "behind"), [(2, 0), (1, 1), (0, 2)])
def test_frames_around_the_clip_are_left_to_the_model(kit, route, before, behind):
    """As VACE and Animate put them before, LTXV's guides behind: two more latent frames, which the measurement leaves open."""
    measurement = kit.measurement(known=1.0)
    around, latent = measurement.with_frames_around(before, behind), {"samples": torch.zeros(1, 16, LATENT[0] + 2, *LATENT[1:])}
    settings = ALL | {"gamma": 1000.0}
    samples = guided_by(kit, route, kit.model(), around, latent=latent, **settings)
    clip = range(LATENT[0] + 2)[around.clip]
    assert torch.allclose(samples[:, :, clip], measurement.w, atol=0.05)
    others = [frame for frame in range(LATENT[0] + 2) if frame not in clip]
    assert len(others) == 2 and float(samples[:, :, others].abs().mean()) > 0.1


def test_a_latent_with_more_frames_than_the_measurement_names_reference_frames(kit):
    longer = {"samples": torch.zeros(1, 16, LATENT[0] + 2, *LATENT[1:])}
    with pytest.raises(ValueError, match=r"5 latent frames, 2 more .* raise reference_frames .* by 2, .*guide_frames;"):
        kit.ksampler(kit.model(), kit.measurement(), latent_image=longer)
    with pytest.raises(ValueError, match=r"5 latent frames, 1 more .* raise reference_frames .* by 1, .*guide_frames;"):
        kit.ksampler(kit.model(), kit.measurement().with_frames_around(1), latent_image=longer)
