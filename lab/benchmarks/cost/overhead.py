"""The cost of guidance: guided against bare sampling, time and peak memory, on the same model in the same process.

On the CPU the embedded small Wan, 17x128x192. With a GPU also a randomly
initialised Wan 2.1 1.3B at 81x480x832. The guided runs are the pack's own nodes, loaded as the host loads them, with
guidance in *every* step, which is more than any window asks for. Repeats are interleaved; *time* is the median ratio of whole
runs. The network's forward passes are the same work guided or not, and on a busy machine their time varies by more than what
is to be measured: *outside the network* leaves them out, ``1 + (outside guided - outside bare) / whole bare``, medians over the
repeats. The *own time* of guidance is that of its proximal steps alone, over a bare run. The *whole run* is measured
by :mod:`lab.benchmarks.cost.whole_run`: warp, encodings and decoding too.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from lab.benchmarks.report import Place, Row, row
from lab.benchmarks.runner import main
from lab.host.inprocess import load_pack, use_host
from lab.host.paths import ROOT

from .timing import peak_memory, seconds
from .whole_run import whole_run_rows

EMBEDDED = ROOT / "weights" / "diffusion_models" / "inversecrafter_small_wan_t2v.safetensors"
LARGE = {"dim": 1536, "ffn_dim": 8960, "num_layers": 30}
"""Wan 2.1 T2V 1.3B."""
EVERY_STEP = {"start_percent": 0.0}


@dataclass(frozen=True)
class Case:
    """One model at one size, with the bounds its ratios must keep."""

    name: str
    model: Any
    video_size: tuple[int, int, int]
    time_bound: float
    memory_bound: float
    repeats: int
    steps: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of its latents."""
        frames, height, width = self.video_size
        return 1, 16, (frames + 3) // 4, height // 8, width // 8


def random_wan(sizes: dict[str, int], device: str, dtype: torch.dtype) -> Any:
    """A host MODEL of a Wan with random weights of order one, made on ``device``."""
    import comfy.ops
    import comfy.sd
    from comfy.ldm.wan.model import WanModel

    empty = WanModel(
        num_heads=sizes["dim"] // 128, device="meta", dtype=dtype, operations=comfy.ops.disable_weight_init, **sizes
    )
    state = {}
    for name, wanted in empty.state_dict().items():
        fan_in = math.prod(wanted.shape[1:]) if wanted.ndim > 1 else 2500
        state[name] = (torch.randn(wanted.shape, device=device) / math.sqrt(fan_in)).to(dtype)
        if "norm" in name and wanted.ndim == 1:
            state[name] = torch.ones(wanted.shape, device=device, dtype=dtype)
    return comfy.sd.load_diffusion_model_state_dict(state)


class Nodes:
    """The pack's nodes by id, executed with their own defaults."""

    def __init__(self) -> None:
        self.package = load_pack().__name__
        self.by_id = {node.GET_SCHEMA().node_id: node for node in importlib.import_module(f"{self.package}.nodes").NODES}

    def run(self, node_id: str, **inputs: Any) -> Any:
        node = self.by_id[node_id]
        defaults = {i.id: i.default for i in node.GET_SCHEMA().inputs if getattr(i, "default", None) is not None}
        return node.execute(**(defaults | inputs)).args[0]

    def core(self, room: str) -> Any:
        """A package of the core, as the pack has loaded it."""
        return importlib.import_module(f"{self.package}.inversecrafter_core.{room}")

    def measurement(self, shape: tuple[int, ...], video_size: tuple[int, int, int], generator: torch.Generator) -> Any:
        return self.core("inverse").Measurement(
            torch.randn(shape, generator=generator), torch.rand(shape, generator=generator), video_size
        )


def sampling(case: Case, model: Any, sampler: Any, seed: int) -> Callable[[], None]:
    """One whole run of the host's sampling as a function, text and latent made beforehand."""
    import comfy.sample
    import comfy.samplers

    generator = torch.Generator().manual_seed(seed)
    text = [[torch.randn(1, 16, 4096, generator=generator), {}]]
    empty = torch.zeros(case.shape)
    noise = torch.randn(empty.shape, generator=generator)
    sigmas = comfy.samplers.KSampler(model, case.steps, model.load_device, "euler", "simple").sigmas

    def run() -> None:
        with torch.inference_mode():
            comfy.sample.sample_custom(model, noise, 1.0, sampler, sigmas, text, text, empty, disable_pbar=True, seed=seed)

    return run


def routes(case: Case, nodes: Nodes, seed: int) -> dict[str, Callable[[], None]]:
    """Bare sampling first, then every guided way."""
    import comfy.samplers

    measurement = nodes.measurement(case.shape, case.video_size, torch.Generator().manual_seed(seed + 1))

    def exact(solver: str) -> Any:
        settings = nodes.run("InverseCrafterGuidanceSettings", solver=solver)
        return nodes.run("InverseCrafterSampler", measurement=measurement, settings=settings, **EVERY_STEP)

    patched = nodes.run("InverseCrafterApplyGuidance", model=case.model, measurement=measurement, **EVERY_STEP)
    euler = comfy.samplers.sampler_object("euler")
    return {
        "bare": sampling(case, case.model, euler, seed),
        "exact sampler, conjugate gradients": sampling(case, case.model, exact("conjugate_gradients"), seed),
        "exact sampler, closed form": sampling(case, case.model, exact("closed_form"), seed),
        "model patch, conjugate gradients": sampling(case, patched, euler, seed),
    }


class ForwardTime:
    """Seconds spent inside a host MODEL's network, all clones of it together."""

    def __init__(self, model: Any):
        self.network, self.spent = model.model.diffusion_model, 0.0

    def __enter__(self) -> ForwardTime:
        plain = self.network.forward

        def timed(*args: Any, **options: Any) -> Any:
            answer: list[Any] = []
            self.spent += seconds(lambda: answer.append(plain(*args, **options)))
            return answer[0]

        self.network.forward = timed
        return self

    def __exit__(self, *raised: Any) -> None:
        del self.network.forward  # the class's own again


def outside_and_whole(model: Any, run: Callable[[], None]) -> tuple[float, float]:
    """Seconds of one run: outside the network, and all."""
    with ForwardTime(model) as inside:
        whole = seconds(run)
    return whole - inside.spent, whole


def measure(case: Case, nodes: Nodes, seed: int) -> list[Row]:
    """Measure one case."""
    runs = routes(case, nodes, seed)
    for run in runs.values():
        run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for repeat in range(case.repeats):
        # The order turns, so that a slow spell or a warm cache meets every method alike.
        names = list(runs)
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            times[name].append(outside_and_whole(case.model, runs[name]))
    peaks = {name: peak_memory(run) for name, run in runs.items()}
    outside, whole = ({name: median(pair[part] for pair in taken) for name, taken in times.items()} for part in (0, 1))
    rows = [row(f"bare sampling, {case.steps} steps", whole["bare"], "s", case=case.name)]
    for name in list(runs)[1:]:
        place = Place(case=case.name, method=name)
        paired = median(guided / bare for (_, guided), (_, bare) in zip(times[name], times["bare"], strict=True))
        rows.append(row("time", paired, "x", most=case.time_bound, **place))
        rows.append(row("outside the network", 1 + (outside[name] - outside["bare"]) / whole["bare"], "x", **place))
        peak, bare_peak = peaks[name], peaks["bare"]
        if peak and bare_peak:
            rows.append(row("peak memory", peak / bare_peak, "x", most=case.memory_bound, **place))
    return rows + own_time(case, nodes, seed, whole["bare"])


def own_time(case: Case, nodes: Nodes, seed: int, bare: float) -> list[Row]:
    """Measure a run's proximal steps alone, by solver, as a share of a bare run."""
    inverse = nodes.core("inverse")
    measurement = nodes.measurement(case.shape, case.video_size, torch.Generator().manual_seed(seed))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    h, w = measurement.h.to(device), measurement.w.to(device)
    rows = []
    for solver in inverse.SOLVERS:
        step = inverse.prepare(h, w, inverse.ProximalSettings(solver))

        def all_steps(step: Callable[[torch.Tensor], torch.Tensor] = step) -> None:
            for _ in range(case.steps):
                step(w)

        all_steps()
        taken = min(seconds(all_steps) for _ in range(case.repeats))
        rows.append(row("own time of guidance", 100 * taken / bare, "%", case=case.name, method=solver.replace("_", " ")))
    return rows


def rows(seed: int, repeats: int = 60, whole_repeats: int = 3, steps: int = 8) -> list[Row]:
    """Measure the cases that this machine can run; ``repeats`` interleaved on the small model, ``whole_repeats`` whole runs."""
    use_host()
    import comfy.sd

    large = torch.cuda.is_available()
    if not large:
        torch.set_num_threads(1)
    nodes, small = Nodes(), comfy.sd.load_diffusion_model(str(EMBEDDED))
    cases = [Case("embedded model", small, (17, 128, 192), 1.01, 1.05, repeats, steps)]
    if large:
        model = random_wan(LARGE, "cuda", torch.bfloat16)
        cases.append(Case("random Wan 2.1 1.3B, 81x480x832", model, (81, 480, 832), 1.005, 1.05, 3, steps))
    return [one for case in cases for one in measure(case, nodes, seed)] + whole_run_rows(seed, whole_repeats)


if __name__ == "__main__":
    main(rows)
