"""Operators on clips: true adjoints alone and composed, known answers, streaming, and the clip that fits a measurement."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.inverse import Degradation, fit_clip
from inversecrafter_core.inverse.operators import (
    AveragePool,
    Blur,
    Border,
    Composition,
    DiagonalMask,
    PixelMask,
    Roughness,
    TemporalAverage,
    blur_of_image,
    gaussian_blur,
    random_visible,
    streamed,
)

SIZES = [(7, 8, 16), (9, 24, 8)]
CPU = torch.device("cpu")


def clip(size, seed=0, dtype=torch.float64, channels=3):
    return torch.rand(*size, channels, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def lopsided(border):
    kernel = torch.rand(5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Blur(kernel / kernel.sum(), border)


SPATIAL = {
    **{f"gaussian, {border}": (lambda size, border=border: gaussian_blur(1.5, 7, border)) for border in Border},
    **{f"lopsided kernel, {border}": (lambda size, border=border: lopsided(border)) for border in Border},
    **{f"pool by {factor}": (lambda size, factor=factor: AveragePool(factor)) for factor in (2, 4, 8)},
    "one mask": lambda size: PixelMask.of(random_visible(size, 0.5, 0)),
    "a mask a frame": lambda size: PixelMask.of(random_visible(size, 0.5, 0, each_frame=True)),
    "a soft mask": lambda size: PixelMask.of(clip(size, 3)[..., 0].clamp_min(0.1)),
}
TEMPORAL = {f"box of {length}, {border}": TemporalAverage(length, border) for length in (3, 7) for border in Border}
OPERATORS = (
    SPATIAL
    | {name: (lambda size, one=one: one) for name, one in TEMPORAL.items()}
    | {
        f"{first}, then {then}": (lambda size, one=TEMPORAL[first], make=SPATIAL[then]: Composition((one, make(size))))
        for first, then in itertools.product(TEMPORAL, SPATIAL)
    }
)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_and_composition_has_its_true_adjoint(name, dtype):
    for size in SIZES if dtype == torch.float64 else SIZES[:1]:
        operator = OPERATORS[name](size)
        x = clip(size, 1, dtype) - 0.5
        measured = operator.A(x)
        assert tuple(measured.shape) == (*operator.measured(size), 3) and measured.dtype == dtype
        y = clip(measured.shape[:3], 2, dtype) - 0.5
        back = operator.A_adjoint(y)
        assert back.shape == x.shape and back.dtype == dtype
        scale = float(measured.norm() * y.norm())
        assert abs(float((measured * y).sum() - (x * back).sum())) < {torch.float64: 1e-13, torch.float32: 1e-5}[dtype] * scale


def test_the_identity_for_blur_and_nearest_pixels_for_pooling_are_no_adjoints():
    """Of code that takes them for adjoints: the test above would find both."""
    x, y = clip((1, 8, 8), 1), clip((1, 8, 8), 2)
    blur, pool = lopsided(Border.REFLECT), AveragePool(4)
    assert abs(float((blur.A(x) * y).sum() - (x * y).sum())) > 1e-3
    small = pool.A(y)
    nearest = small.repeat_interleave(4, 1).repeat_interleave(4, 2)
    assert float((x * nearest).sum() / (pool.A(x) * small).sum()) == pytest.approx(16)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_clip_goes_through_frame_by_frame_with_the_same_result(name):
    size = SIZES[0]
    operator, x = OPERATORS[name](size), clip(size, 1)
    y = operator.A(x)
    one_by_one = streamed(operator, CPU)
    assert torch.allclose(one_by_one.A(x), y, atol=1e-12)
    assert torch.allclose(one_by_one.A_adjoint(y), operator.A_adjoint(y), atol=1e-12)
    if operator.by_frame:
        parts = [operator.part(slice(i, i + 1)).A(x[i : i + 1]) for i in range(len(x))]
        assert torch.allclose(torch.cat(parts), y, atol=1e-12)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_estimate_has_the_size_of_the_clip_and_its_colours(name):
    size = SIZES[0]
    operator = OPERATORS[name](size)
    grey = torch.full((*size, 3), 0.4)
    estimate = operator.estimate(operator.A(grey))
    assert estimate.shape == grey.shape
    assert torch.allclose(estimate, grey, atol=3 / 255), "a mask's holes are filled in 8 bit"


def test_a_temporal_box_is_the_mean_of_the_frames_around():
    x = torch.arange(5.0).view(5, 1, 1, 1)
    means = {
        Border.CIRCULAR: [5 / 3, 1, 2, 3, 7 / 3],
        Border.REPLICATE: [1 / 3, 1, 2, 3, 11 / 3],
        Border.REFLECT: [2 / 3, 1, 2, 3, 10 / 3],
    }
    for border, wanted in means.items():
        assert TemporalAverage(3, border).A(x).flatten().tolist() == pytest.approx(wanted)


def test_a_blur_is_scipys():
    from scipy.ndimage import correlate

    x = clip((1, 9, 11), channels=1)
    for border, mode in {Border.REFLECT: "mirror", Border.REPLICATE: "nearest", Border.CIRCULAR: "wrap"}.items():
        blur = lopsided(border)
        wanted = correlate(x[0, ..., 0].numpy(), blur.kernel.numpy(), mode=mode)
        assert torch.allclose(blur.A(x)[0, ..., 0], torch.from_numpy(wanted), atol=1e-12)


def test_a_blur_keeps_flat_colour_and_a_gaussian_has_the_deviation_it_says():
    flat = torch.full((1, 61, 61, 3), 0.3, dtype=torch.float64)
    assert torch.allclose(gaussian_blur(3.0, 61).A(flat), flat)
    point = torch.zeros(1, 61, 61, 1, dtype=torch.float64)
    point[0, 30, 30] = 1
    spread = gaussian_blur(3.0, 61).A(point)[0, ..., 0].sum(0)
    places = torch.arange(61.0) - 30
    assert float((spread * places**2).sum()) == pytest.approx(9, rel=1e-3)


def test_a_kernel_may_be_a_picture_of_any_brightness():
    image = torch.zeros(1, 3, 5, 3)
    image[0, 1, 4] = 0.25
    x = clip((2, 6, 8))
    shifted = blur_of_image(image, Border.CIRCULAR).A(x)
    assert torch.allclose(shifted, x.roll(-2, 2))


FITTED = [
    "gaussian, reflect",
    "pool by 4",
    "one mask",
    "a mask a frame",
    "box of 3, circular",
    "box of 3, circular, then pool by 2",
]


@pytest.mark.parametrize("name", FITTED)
def test_the_fitted_clip_is_measured_as_given_and_what_is_not_measured_stays(name):
    size = SIZES[0]
    operator, truth, start = OPERATORS[name](size), clip(size, 1, torch.float32), clip(size, 2, torch.float32)
    y = operator.A(truth)
    fitted = fit_clip(operator, y, start, 40)
    error = float((operator.A(fitted) - y).norm() / (operator.A(start) - y).norm())
    assert error < 0.05
    moved = (fitted - start).double()
    unseen = torch.randn(*moved.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    unseen -= fit_clip(operator, operator.A(unseen), torch.zeros_like(unseen), 60).double()
    # The change lies in the range of A^T, so it is orthogonal to what A maps to nothing.
    leak = float(operator.A(unseen).norm() / unseen.norm())
    assert abs(float((moved * unseen).sum())) / float(moved.norm() * unseen.norm()) < 0.02 + leak


def test_frames_that_are_measured_alone_are_solved_alone():
    size = SIZES[0]
    operator, x = PixelMask.of(random_visible(size, 0.5, 0, each_frame=True)), clip(size, 1, torch.float32)
    start = clip(size, 2, torch.float32)
    y = operator.A(x)
    whole, alone = fit_clip(operator, y, start, 3), fit_clip(operator.part(slice(2, 3)), y[2:3], start[2:3], 3)
    assert torch.equal(whole[2:3], alone)
    known = operator.visible.bool()
    assert torch.allclose(whole[known], x[known], atol=1e-6) and torch.equal(whole[~known], start[~known])


def test_roughness_is_symmetric_and_least_where_nothing_changes():
    operator, x, y = Roughness(0.5), clip((2, 9, 8), 1), clip((2, 9, 8), 2)
    assert torch.allclose((operator.A(x) * y).sum(), (x * operator.A_adjoint(y)).sum())
    assert torch.allclose(operator.A(torch.ones(1, 6, 6, 3)), torch.full((1, 6, 6, 3), 4.0))


def test_a_smooth_correction_goes_on_through_hidden_pixels_and_no_further():
    """An estimate that is wrong by a slope: right again between known pixels, and left alone deep in a hole."""
    size = (1, 48, 48)
    x = clip(size, 1, torch.float32)
    wrong = x + torch.linspace(0.05, 0.15, 48)[:, None]
    errors = {}
    for name, visible in (("scattered", random_visible(size, 0.5, 0)), ("hole", torch.ones(1, 48, 48))):
        if name == "hole":
            visible[:, 12:36, 12:36] = 0
        operator = PixelMask.of(visible)
        fitted = fit_clip(operator, operator.A(x), wrong, spread=0.8)
        assert torch.allclose(operator.A(fitted), operator.A(x), atol=1e-5)
        errors[name] = (fitted - x).abs()[0, :, :, 0]
    assert float(errors["scattered"][4:-4, 4:-4].mean()) < 0.2 * 0.1 * 0.5
    deep = slice(20, 28)
    assert torch.allclose(errors["hole"][deep, deep], (wrong - x)[0, deep, deep, 0], atol=0.01)
    first, second, third = errors["hole"][12:15, 24].tolist()
    assert first < 0.06 and first < second < third, "beside the known pixels it is corrected"


def test_corrections_of_low_resolution_leave_fainter_lines_around_blocks():
    """An estimate that is wrong by waves wider than a block: how much larger steps across borders of blocks are than within."""
    size = (1, 48, 48)
    x = torch.full((*size, 3), 0.5)
    degradation = Degradation(AveragePool(4), size)
    waves = torch.sin(torch.arange(48) * 2 * math.pi / 20)
    wrong = x + 0.1 * (waves[:, None] * waves)[None, ..., None]
    excess = {}
    for spread in (0.0, degradation.fit_spread):
        fitted = fit_clip(degradation.operator, degradation.operator.A(x), wrong, spread=spread)
        steps = (fitted[:, :, 1:] - fitted[:, :, :-1]).abs()[0, 4:-4, 4:-4, 0].mean(0)
        borders = torch.arange(4, 43) % 4 == 3
        excess[spread] = float(steps[borders].mean() / steps[~borders].mean()) - 1
    assert excess[0.0] > 1 and excess[degradation.fit_spread] < 0.6 * excess[0.0]


@pytest.mark.parametrize("name", ["pool by 4", "box of 3, circular, then pool by 2"])
def test_black_measurements_are_fitted_without_amplified_rounding(name):
    size = SIZES[0]
    operator, start = OPERATORS[name](size), clip(size, 2, torch.float32)
    y = torch.zeros_like(operator.A(start))
    for steps, spread in itertools.product((20, 60), (0.0, 0.8)):
        fitted = fit_clip(operator, y, start, steps, spread=spread)
        assert torch.isfinite(fitted).all() and float(fitted.abs().max()) < 3
        assert float(operator.A(fitted).norm()) < 0.1 * float(operator.A(start).norm())


def test_a_random_mask_hides_its_share_and_is_one_for_the_clip_or_one_a_frame():
    size = (5, 64, 96)
    one, each = random_visible(size, 0.5, 7), random_visible(size, 0.3, 7, each_frame=True)
    assert one.shape == (1, 64, 96) and each.shape == size
    assert float(one.mean()) == pytest.approx(0.5, abs=0.02) and float(each.mean()) == pytest.approx(0.7, abs=0.02)
    assert not torch.equal(each[0], each[1]) and torch.equal(one, random_visible(size, 0.5, 7))


BAD = {
    "an even box": (lambda: TemporalAverage(6), "temporal_length", "5 or 7"),
    "a box longer than the clip": (lambda: Degradation(TemporalAverage(7), (5, 16, 16)), "temporal_length", "clip of 5"),
    "a clip of one frame": (lambda: Degradation(TemporalAverage(3), (1, 16, 16)), "temporal_length", "clip of 1"),
    "an even kernel": (lambda: Blur(torch.ones(4, 3)), "kernel", "3x4"),
    "even taps": (lambda: gaussian_blur(3.0, 60), "kernel_size", "61"),
    "no deviation": (lambda: gaussian_blur(0.0), "sigma", "above 0"),
    "a kernel larger than the picture": (lambda: Degradation(gaussian_blur(3.0, 61), (5, 64, 48)), "kernel", "48x64"),
    "a black kernel": (lambda: blur_of_image(torch.zeros(1, 3, 3, 3)), "kernel", "black"),
    "two kernels": (lambda: blur_of_image(torch.ones(2, 3, 3, 3)), "kernel", "one small IMAGE"),
    "a factor that does not divide the size": (lambda: Degradation(AveragePool(4), (5, 18, 24)), "factor", "24x16"),
    "a factor of nothing": (lambda: AveragePool(0), "factor", "2, 4 or 8"),
    "a mask of another size": (lambda: Degradation(PixelMask.of(torch.ones(1, 8, 8)), (5, 16, 8)), "holes", "8x16"),
    "masks for other frames": (lambda: Degradation(PixelMask.of(torch.ones(4, 8, 8)), (5, 8, 8)), "holes", "4 masks"),
    "all holes": (lambda: PixelMask.of(torch.zeros(1, 8, 8)), "holes", "only holes"),
    "a mask that is none": (lambda: PixelMask.of(torch.full((1, 8, 8), 2.0)), "holes", "0...1"),
    "all missing": (lambda: random_visible((1, 8, 8), 1.0, 0), "missing", "below 1"),
    "an unknown border": (lambda: TemporalAverage(3, "mirror"), "temporal_border", "circular"),
    "nothing at all": (lambda: Degradation.of([], (5, 8, 8)), "degradation", "Choose"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_a_clear_answer(case):
    make, name, words = BAD[case]
    with pytest.raises(InputError, match=name) as error:
        make()
    assert words in str(error.value)


def test_an_operator_that_does_not_belong_to_the_video_is_named_with_both_sizes():
    degradation = Degradation.of([TemporalAverage(3), AveragePool(4)], (5, 16, 24), "mean of 3 frames, quarter size")
    assert degradation.measured == (5, 4, 6) and degradation.visible is None
    assert degradation.require_measurement("video", torch.zeros(5, 4, 6, 3)).shape == (5, 4, 6, 3)
    for wrong in ((5, 16, 24), (4, 4, 6)):
        with pytest.raises(InputError, match="5 frames of 6x4"):
            degradation.require_measurement("video", torch.zeros(*wrong, 3))


def test_what_a_measurement_shows_in_its_holes_does_not_matter():
    x, mask = clip((5, 8, 8), 0, torch.float32), PixelMask.of(random_visible((5, 8, 8), 0.5, 0))
    for parts in ([mask], [TemporalAverage(3), mask]):
        degradation = Degradation.of(parts, (5, 8, 8))
        y = degradation.operator.A(x)
        scratched = torch.where(mask.visible[..., None] > 0, y, 0.7)
        assert torch.equal(degradation.require_measurement("video", scratched), y)


def test_a_degradation_measures_frame_by_frame():
    @dataclass(frozen=True)
    class Watched(AveragePool):
        lengths: list[int] = field(default_factory=list)

        def A(self, x):  # noqa: N802
            self.lengths.append(len(x))
            return super().A(x)

    watched, x = Watched(2), clip((5, 8, 8), 0, torch.float32)
    degradation = Degradation.of([TemporalAverage(3), watched], (5, 8, 8))
    assert torch.allclose(degradation.measure(x, CPU), degradation.operator.A(x))
    assert watched.lengths == [1] * 5 + [5]


def test_only_a_mask_alone_is_known_as_one():
    mask = PixelMask.of(random_visible((5, 8, 8), 0.5, 0))
    assert Degradation.of([mask], (5, 8, 8)).visible is not None
    blurred = Degradation.of([TemporalAverage(3), mask], (5, 8, 8))
    assert blurred.visible is None and blurred.fit_spread > 0
    assert Degradation(gaussian_blur(1.0, 5), (5, 8, 8)).fit_spread == 0
    assert isinstance(mask, DiagonalMask)
