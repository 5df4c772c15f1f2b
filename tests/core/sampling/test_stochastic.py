"""Stochastic conditioning with models of pencil and paper: what is held, what is released, and with which noise."""

from __future__ import annotations

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.inverse import Measurement, next_pass
from inversecrafter_core.preview.windows import windows_picture
from inversecrafter_core.sampling import NEVER, Guidance, Window, even_schedule, sample_guided_euler, sigma_of_percent
from inversecrafter_core.sampling.stochastic import (
    Release,
    TokenTimes,
    known_cells,
    sample_stochastic,
    seeded_noise,
    token_times,
)

SHAPE = (1, 3, 3, 4, 6)
SIGMAS = torch.tensor([1.0, 0.8, 0.6, 0.4, 0.2, 0.0])


def randn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def of_mask(h):
    return Measurement(torch.zeros_like(h), h, (9, 32, 48))


def measurement(batch=1):
    """The left third known in every frame, frame 0 known as a whole."""
    h = torch.zeros(batch, *SHAPE[1:])
    h[..., :2] = 1
    h[:, :, 0] = 1
    return Measurement(1 + randn(*h.shape, seed=5), h, (9, 32, 48))


def never(batch=1):
    return Guidance(measurement(batch), window=NEVER)


def linear(x, sigma):
    """A linear model in which every cell sees every other."""
    return 0.4 * x + 0.2 * x.mean((1, 2, 3, 4), keepdim=True) + 0.1 * sigma.view(-1, 1, 1, 1, 1)


class Watched:
    """The linear model, remembering what it was shown."""

    def __init__(self):
        self.seen = {}

    def __call__(self, x, sigma):
        self.seen[round(float(sigma[0]), 3)] = x.clone()
        return linear(x, sigma)


def unguided(denoised, sigma):
    return denoised


def run(release, times="per_token", batch=1, sigmas=SIGMAS, guidance=None, model=None, callback=None, with_clean=None, **more):
    guidance = guidance or never()
    x = randn(2, *SHAPE[1:], seed=1)[:batch]
    context = release.bind(guidance, x, lambda latent: latent, times, with_clean)
    correct = guidance.bind(x, lambda percent: 1 - percent, lambda latent: latent)
    out = sample_stochastic(model or linear, x, sigmas, callback=callback, context=context, correct=correct, **more)
    return out, context, x


def test_known_tokens_are_clean_until_the_release_and_noised_exactly_there():
    model = Watched()
    _, context, x = run(Release(0.5, seed=3), model=model)
    known, z, noise = context.known.expand(SHAPE), context.z, seeded_noise(SHAPE, 3)
    for sigma in (1.0, 0.8, 0.6):
        assert torch.equal(model.seen[sigma][known], z[known])
    assert torch.equal(model.seen[1.0][~known], x[~known])
    t = SIGMAS.tolist()[3]
    assert torch.equal(model.seen[0.4][known], ((1 - t) * z + t * noise)[known])


def test_in_the_emulation_known_tokens_are_at_the_level_of_the_rest_until_the_release_and_equal_there():
    model, clean = Watched(), Watched()
    _, context, _ = run(Release(0.5, seed=3), "one_time", model=model)
    run(Release(0.5, seed=3), "per_token", model=clean)
    known = context.known.expand(SHAPE)
    for t in SIGMAS.tolist()[:4]:
        level = (1 - t) * context.z + t * seeded_noise(SHAPE, 3)
        assert torch.equal(model.seen[round(t, 3)][known], level[known])
    assert torch.equal(clean.seen[0.4][known], model.seen[0.4][known]), "one release for all times"


def test_only_frames_known_as_a_whole_are_clean_per_frame():
    model = Watched()
    _, context, _ = run(Release(0.5), "per_frame", model=model)
    assert torch.equal(context.clean[0, 0].flatten(1).all(1), torch.tensor([True, False, False]))
    assert torch.equal(model.seen[0.8][:, :, 0], context.z[:, :, 0])
    level = 0.2 * context.z + 0.8 * context.noise
    assert torch.allclose(model.seen[0.8][:, :, 1:, :, :2], level[:, :, 1:, :, :2], atol=1e-6)


def test_what_the_host_gives_is_neither_context_nor_kept():
    free = torch.ones(1, 1, 3, 1, 1)
    free[:, :, 0] = 0
    context = Release(0.5, keep_first=True).bind(never(), torch.zeros(SHAPE), lambda z: z, "per_token", free=free)
    for sigma in (1.0, 0.2):
        assert not bool(context.fixed(sigma)[:, :, 0].any())
    assert bool(context.fixed(1.0)[:, :, 1:].any())


def test_after_the_release_nothing_is_constrained():
    """From the released state on it is the plain sampler, bit for bit."""
    model = Watched()
    out, context, _ = run(Release(0.5), model=model)
    plain = sample_guided_euler(linear, model.seen[0.4], SIGMAS[3:], correct=unguided)
    assert torch.equal(out, plain)
    known = context.known.expand(SHAPE)
    assert not torch.allclose(out[known], context.z[known], atol=0.1)


def test_a_step_on_the_release_time_is_released():
    model = Watched()
    _, context, _ = run(Release(0.6), model=model)
    assert torch.allclose(model.seen[0.6], context.renoised(model.seen[0.6], SIGMAS[2].item(), context.known))
    assert not torch.equal(model.seen[0.6], context.cleaned(model.seen[0.6], context.known))


@pytest.mark.parametrize("times", list(TokenTimes))
def test_a_release_at_one_is_the_plain_sampler_with_no_context_at_all(times):
    out, _, x = run(Release(1.0), times)
    assert torch.equal(out, sample_guided_euler(linear, x, SIGMAS, correct=unguided))


@pytest.mark.parametrize("times", list(TokenTimes))
def test_a_run_that_starts_below_the_release_is_never_conditioned(times):
    out, _, x = run(Release(0.5), times, sigmas=SIGMAS[3:])
    assert torch.equal(out, sample_guided_euler(linear, x, SIGMAS[3:], correct=unguided))


@pytest.mark.parametrize("times", list(TokenTimes))
def test_a_release_at_zero_is_rigid(times):
    out, context, x = run(Release(0.0), times)
    known = context.known.expand(SHAPE)
    assert torch.equal(out[known], context.z[known])
    assert not torch.allclose(out[~known], sample_guided_euler(linear, x, SIGMAS, correct=unguided)[~known], atol=1e-3), (
        "the rest sees the context"
    )


@pytest.mark.parametrize("cut", [1, 3, 4])
def test_a_run_in_two_parts_is_the_run(cut):
    """The first part hands its known cells over at its own noise level, so that the host may rescale them."""
    whole, context, _ = run(Release(0.5))
    first, _, _ = run(Release(0.5), sigmas=SIGMAS[: cut + 1])
    second = sample_stochastic(linear, first, SIGMAS[cut:], context=context, correct=unguided)
    assert torch.allclose(second, whole, atol=1e-6)
    if cut == 1:
        assert torch.equal(first, context.renoised(first, SIGMAS[1].item(), context.known))


@pytest.mark.parametrize("times", list(TokenTimes))
def test_the_first_frame_can_be_kept_while_the_rest_is_released(times):
    model, clean_cells = Watched(), []
    out, context, _ = run(
        Release(0.5, keep_first=True),
        times,
        model=model,
        with_clean=lambda clean: clean_cells.append(clean[0, 0].float().mean((1, 2))) or model,
    )
    assert torch.equal(out[:, :, 0], context.z[:, :, 0])
    assert not torch.allclose(out[:, :, 1:, :, :2], context.z[:, :, 1:, :, :2], atol=0.1)
    t = SIGMAS.tolist()[4]
    level = (1 - t) * context.z + t * context.noise
    shown = level if times == "one_time" else context.z
    assert torch.equal(model.seen[0.2][:, :, 0], shown[:, :, 0])
    share = {"per_token": 1 / 3, "per_frame": 0.0}.get(times)
    expected = [] if share is None else [[1, share, share]] * 3 + [[1, 0, 0]] * 2
    assert torch.allclose(torch.stack(clean_cells) if clean_cells else torch.zeros(0), torch.tensor(expected).float())


def test_a_kept_first_frame_is_conditioned_on_even_without_any_other_context():
    out, context, x = run(Release(1.0, keep_first=True))
    assert torch.equal(out[:, :, 0], context.z[:, :, 0])
    assert not torch.allclose(out[:, :, 1:], sample_guided_euler(linear, x, SIGMAS, correct=unguided)[:, :, 1:], atol=1e-4)
    with pytest.raises(InputError, match="keep_first_frame: the first frame is known to 33%"):
        Release(keep_first=True).known(of_mask(measurement().h[:, :, 1:]))


def test_the_callback_is_shown_what_is_held_as_given():
    seen = []
    _, context, _ = run(Release(0.5), callback=lambda state: seen.append(state["denoised"]))
    known = context.known.expand(SHAPE)
    assert [bool(torch.equal(z0[known], context.z[known])) for z0 in seen] == [True, True, True, False, False]


def test_the_model_with_clean_cells_runs_while_the_context_holds_and_the_plain_one_after():
    calls = []
    run(
        Release(0.5),
        model=lambda x, sigma: (calls.append(("plain", round(float(sigma[0]), 1))), linear(x, sigma))[1],
        with_clean=lambda clean: lambda x, sigma: (calls.append(("clean", round(float(sigma[0]), 1))), linear(x, sigma))[1],
    )
    assert calls == [("clean", 1.0), ("clean", 0.8), ("clean", 0.6), ("plain", 0.4), ("plain", 0.2)]


@pytest.mark.parametrize("start", [0.6, 0.0])
def test_data_consistency_comes_first_and_the_context_has_the_last_word(start):
    """Data consistency of a soft mask moves known cells towards ``w``; while the context holds, they stay as given."""
    from inversecrafter_core.inverse import ProximalSettings

    soft = Measurement(measurement().w, measurement().h * 0.7, (9, 32, 48))
    guidance = Guidance(soft, ProximalSettings("closed_form", 20.0), Window(start))
    seen, calls = [], []
    guided_at = guidance.bind(torch.zeros(SHAPE), lambda p: 1 - p, lambda z: z).active
    out, context, _ = run(
        Release(0.5, threshold=0.5),
        guidance=guidance,
        callback=lambda state: (seen.append(state["denoised"]), calls.append(float(state["sigma"]) in guided_at)),
    )
    known = context.known.expand(SHAPE)
    assert calls == ([True] * 5 if start == 0.0 else [False, False, False, True, True])
    for z0, held in zip(seen, [True, True, True, False, False], strict=True):
        assert torch.equal(z0[known], context.z[known]) is held
    bare, _, _ = run(Release(0.5, threshold=0.5), guidance=Guidance(soft, window=NEVER))
    assert not torch.allclose(out, bare, atol=1e-2), "and late it acts"
    pulled = 20 * 0.7**2 / (1 + 20 * 0.7**2)
    assert float((seen[-1] - soft.w)[known].abs().mean()) < 1.5 * (1 - pulled), "towards w, by its weight"


def test_the_same_seed_is_the_same_clip_in_a_batch_of_one_and_of_two():
    def apart(x, sigma):
        return 0.4 * x + 0.2 * x.mean((1, 2, 3, 4), keepdim=True)

    one, _, _ = run(Release(0.5, seed=9), model=apart)
    two, context, _ = run(Release(0.5, seed=9), batch=2, model=apart)
    assert torch.equal(one[0], two[0])
    assert not torch.equal(context.noise[0], context.noise[1]), "clips differ"
    assert not torch.equal(run(Release(0.5, seed=10), model=apart)[0], one)


def test_the_noise_of_a_clip_depends_on_its_place_alone():
    assert torch.equal(seeded_noise((3, 4), 7)[:2], seeded_noise((2, 4), 7))
    assert torch.isfinite(seeded_noise((2, 4), 2**64 - 1)).all()
    long = seeded_noise((1, 40000), 0)
    assert abs(float(long.mean())) < 0.02 and abs(float(long.std()) - 1) < 0.02


def test_a_token_is_known_when_all_its_cells_are_by_the_mean_over_channels():
    h = torch.ones(1, 2, 1, 4, 4)
    h[0, :, 0, 0, 0] = torch.tensor([0.9, 0.3])  # mean 0.6
    h[0, :, 0, 3, 3] = 0.0
    at_half, above = (known_cells(h, threshold)[0, 0, 0] for threshold in (0.5, 0.7))
    assert at_half.tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert above.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]


def test_token_times_are_zero_where_clean_in_the_order_of_the_tokens():
    clean = known_cells(measurement().h, 0.5)
    times = token_times(torch.tensor([800.0, 800.0]), clean)
    assert times.shape == (2, 3 * 2 * 3)
    assert times[0].view(3, 2, 3).tolist() == [[[0, 0, 0]] * 2, [[0, 800, 800]] * 2, [[0, 800, 800]] * 2]
    assert torch.equal(times[0], times[1])
    assert token_times(torch.tensor([800.0]), clean, per_frame=True).tolist() == [[0, 800, 800]]


def test_token_times_of_a_guided_batch_follow_its_clips():
    """Two clips with contexts of their own, prompt and negative: clip 0, clip 1, clip 0, clip 1."""
    clean = torch.zeros(2, 1, 1, 2, 2, dtype=torch.bool)
    clean[1] = True
    assert token_times(torch.full((4,), 5.0), clean).flatten().tolist() == [5, 0, 5, 0]


@pytest.mark.parametrize("bad", [{"at": -0.1}, {"at": 1.1}, {"at": float("nan")}, {"threshold": 2.0}])
def test_a_release_out_of_range_is_refused(bad):
    with pytest.raises(InputError, match=r"within 0\.\.\.1"):
        Release(**bad)


@pytest.mark.parametrize(("value", "says"), [(0.0, "no token is known"), (1.0, "every token is known")])
def test_nothing_known_and_everything_known_for_ever_are_refused(value, says):
    with pytest.raises(InputError, match=says):
        Release(0.0).known(of_mask(torch.full(SHAPE, value)))


def test_everything_known_until_a_release_is_something_to_repair():
    assert bool(Release(0.5).known(of_mask(torch.ones(SHAPE))).all())


def test_a_latent_of_another_size_and_times_unheard_of_are_refused():
    with pytest.raises(InputError, match="48x32 and 9 frames"):
        Release().bind(never(), torch.zeros(1, 3, 3, 8, 6), lambda z: z, "per_token")
    with pytest.raises(InputError, match="multiples of 2"):
        known_cells(torch.ones(1, 3, 3, 5, 6), 0.5)
    with pytest.raises(InputError, match=r"context_time: 'nope'. Choose one of: per_token, per_frame, one_time"):
        Release().bind(never(), torch.zeros(1, 3, 3, 4, 6), lambda z: z, "nope")


def test_the_picture_shows_each_window_where_it_acts():
    from inversecrafter_core.preview.windows import FIRST_ROW, LEFT, RIGHT, ROW

    sigmas = even_schedule(10, 1.0)
    active = Window(0.6).resolve(sigma_of_percent(1.0))
    picture = windows_picture(0.7, active, sigmas, "a title")
    assert picture.shape == (168, 480, 3) and float(picture.min()) >= 0 and float(picture.max()) <= 1
    coloured = [(picture[FIRST_ROW + row * ROW + 3] > 0.2).any(-1)[LEFT : RIGHT + 1].float() for row in range(3)]
    shares = [float(row.mean()) for row in coloured]
    assert shares == pytest.approx([0.3, 0.3, 0.4], abs=0.02)
    nothing = windows_picture(1.0, active, sigmas, "a title")
    assert float((nothing[FIRST_ROW + 3] > 0.2).any(-1)[LEFT + 3 : RIGHT - 3].float().mean()) == 0


def test_all_that_the_pass_before_has_made_is_kept_and_clean_to_the_end():
    whole = measurement()
    long = Measurement(torch.cat([whole.w, whole.w], 2), torch.cat([whole.h, whole.h], 2), (21, 32, 48))
    made = 3 + randn(*SHAPE, seed=8)
    part = next_pass(long, 9, 2, made)
    assert (part.given, next_pass(long, 9, 2).given, part.with_frames_around(1, 1).given) == (2, 0, 2)
    model = Watched()
    out, context, _ = run(Release(1.0, keep_first=True), guidance=Guidance(part, window=NEVER), model=model)
    assert context.kept.any((0, 1, 3, 4)).tolist() == [True, True, False]
    for shown in (*model.seen.values(), out):
        assert torch.equal(shown[:, :, :2], made[:, :, 1:]), "the pass before's last two, and the warp is not held"
    assert not bool(context.fixed(1.0)[:, :, 2].any())
    shares = [release.share(part) for release in (Release(1.0, keep_first=True), Release(1.0), Release(0.5, keep_first=True))]
    assert shares == pytest.approx([2 / 3, 0, 1]), "two of three frames; nothing; all that is known"


def test_the_first_frame_that_is_kept_is_the_clips_own_behind_reference_frames():
    behind = Guidance(measurement().with_frames_around(1), window=NEVER)
    context = Release(0.5, keep_first=True).bind(behind, torch.zeros(1, 3, 4, 4, 6), lambda z: z, "per_token")
    assert context.kept.any((0, 1, 3, 4)).tolist() == [False, True, False, False]
    assert not context.known[:, :, 0].any()
