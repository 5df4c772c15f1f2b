"""The cost of guidance: guided against bare sampling, time and peak memory, on the same model in the same process.

The embedded small Wan at 17x128x192, on one thread. The guided runs are the pack's own nodes, loaded as the host loads them,
with guidance in *every* step, which is more than any window wants. Repeats are interleaved; *time* is the median ratio of whole
runs. The network's forward passes are the same work guided or not, and on a busy machine their time varies by more than the
difference; *outside the network* leaves them out, ``1 + (outside guided - outside bare) / whole bare``, medians over the
repeats. The *own time* of guidance is that of its proximal steps alone, over a bare run. :mod:`lab.benchmarks.cost.whole_run`
measures the *whole run*, warp, encodings and decoding included.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any
from unittest.mock import patch

import torch

from lab.benchmarks.report import Place, Row, row
from lab.benchmarks.runner import main
from lab.host.inprocess import PackNodes, use_host
from lab.host.paths import ROOT
from lab.metrics.timing import peak_memory, seconds, timed

from .whole_run import whole_run_rows

EMBEDDED = ROOT / "weights" / "diffusion_models" / "inversecrafter_small_wan_t2v.safetensors"
VIDEO, LATENT = (17, 128, 192), (1, 16, 5, 16, 24)
TIME_BOUND, MEMORY_BOUND = 1.01, 1.05
SOLVERS = ("conjugate_gradients", "closed_form")
CASE = "embedded model"
Runs = dict[str, Callable[[], None]]


Given = tuple[Any, Any, Any]
"""Text, empty latent and noise of a run."""


def random_measurement(
    nodes: PackNodes, seed: int, shape: tuple[int, ...] = LATENT, video: tuple[int, int, int] = VIDEO, **grid: Any
) -> Any:
    """Return a random measurement of latents, by default the embedded video model's; ``grid`` where it is another family's."""
    generator = torch.Generator().manual_seed(seed)
    w, h = torch.randn(shape, generator=generator), torch.rand(shape, generator=generator)
    return nodes.core("inverse").Measurement(w, h, video, **grid)


def random_inputs(seed: int) -> Given:
    """Return what a run of the embedded video model is given."""
    generator = torch.Generator().manual_seed(seed)
    text = [[torch.randn(1, 16, 4096, generator=generator), {}]]
    return text, torch.zeros(LATENT), torch.randn(LATENT, generator=generator)


def sampling(model: Any, sampler: Any, steps: int, seed: int, given: Given) -> Callable[[], None]:
    """Return one whole run of the host's sampling as a function; what it is ``given`` was made beforehand."""
    import comfy.sample
    import comfy.samplers

    text, empty, noise = given
    sigmas = comfy.samplers.KSampler(model, steps, model.load_device, "euler", "simple").sigmas

    def run() -> None:
        with torch.inference_mode():
            comfy.sample.sample_custom(model, noise, 1.0, sampler, sigmas, text, text, empty, disable_pbar=True, seed=seed)

    return run


def routes(model: Any, nodes: PackNodes, steps: int, seed: int) -> Runs:
    """Return bare sampling first, then every guided route."""
    import comfy.samplers

    euler, given = comfy.samplers.sampler_object("euler"), random_inputs(seed)
    found = {"bare": sampling(model, euler, steps, seed, given)}
    for solver in SOLVERS:
        settings = nodes.run("InverseCrafterGuidanceSettings", solver=solver)
        guidance = {"measurement": random_measurement(nodes, seed + 1), "settings": settings, "start_percent": 0.0}
        exact, name = nodes.run("InverseCrafterSampler", **guidance), solver.replace("_", " ")
        found[f"exact sampler, {name}"] = sampling(model, exact, steps, seed, given)
        if solver == SOLVERS[0]:
            patched = nodes.run("InverseCrafterApplyGuidance", model=model, **guidance)
            found[f"model patch, {name}"] = sampling(patched, euler, steps, seed, given)
    return found


def outside_and_whole(model: Any, run: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds of one run: outside the host MODEL's network, all clones of it together, and all."""
    network, inside = model.model.diffusion_model, list[float]()

    def forward(*args: Any, plain: Callable[..., Any] = network.forward, **options: Any) -> Any:
        answer, taken = timed(lambda: plain(*args, **options))
        inside.append(taken)
        return answer

    with patch.object(network, "forward", forward):
        whole = seconds(run)
    return whole - sum(inside), whole


def interleaved(model: Any, runs: Runs, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Return :func:`outside_and_whole` of every run, ``repeats`` times each after one that is not counted.

    The order turns, so that a slow spell or a warm cache meets every run alike.
    """
    for run in runs.values():
        run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for repeat in range(repeats):
        names = list(runs)
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            times[name].append(outside_and_whole(model, runs[name]))
    return times


def measure(model: Any, nodes: PackNodes, steps: int, repeats: int, seed: int) -> list[Row]:
    """Measure the routes, ``repeats`` of each."""
    runs = routes(model, nodes, steps, seed)
    times = interleaved(model, runs, repeats)
    peaks = {name: peak_memory(run) for name, run in runs.items()}
    outside, whole = ({name: median(pair[part] for pair in taken) for name, taken in times.items()} for part in (0, 1))
    rows = [row(f"bare sampling, {steps} steps", whole["bare"], "s", case=CASE)]
    for name in list(runs)[1:]:
        place = Place(case=CASE, method=name)
        paired = median(guided / bare for (_, guided), (_, bare) in zip(times[name], times["bare"], strict=True))
        rows.append(row("time", paired, "x", most=TIME_BOUND, **place))
        rows.append(row("outside the network", 1 + (outside[name] - outside["bare"]) / whole["bare"], "x", **place))
        peak, bare_peak = peaks[name], peaks["bare"]
        if peak and bare_peak:
            rows.append(row("peak memory", peak / bare_peak, "x", most=MEMORY_BOUND, **place))
    return rows + own_time(nodes, steps, repeats, seed, whole["bare"])


def own_time(nodes: PackNodes, steps: int, repeats: int, seed: int, bare: float) -> list[Row]:
    """Measure a run's proximal steps alone, by solver, as a share of a bare run."""
    inverse, measurement, rows = nodes.core("inverse"), random_measurement(nodes, seed), []
    for solver in SOLVERS:
        step = inverse.prepare(measurement.h, measurement.w, inverse.ProximalSettings(solver))

        def all_steps(step: Callable[[torch.Tensor, float], torch.Tensor] = step) -> None:
            for number in range(steps):
                step(measurement.w, 1 - number / steps)

        all_steps()
        taken = min(seconds(all_steps) for _ in range(repeats))
        rows.append(row("own time of guidance", 100 * taken / bare, "%", case=CASE, method=solver.replace("_", " ")))
    return rows


def rows(seed: int, repeats: int = 60, whole_repeats: int = 3, steps: int = 8) -> list[Row]:
    """Measure sampling, ``repeats`` interleaved, and the whole run."""
    use_host(cpu=True)
    import comfy.sd

    torch.set_num_threads(1)
    nodes, model = PackNodes(), comfy.sd.load_diffusion_model(str(EMBEDDED))
    return measure(model, nodes, steps, repeats, seed) + whole_run_rows(seed, whole_repeats)


if __name__ == "__main__":
    main(rows)
