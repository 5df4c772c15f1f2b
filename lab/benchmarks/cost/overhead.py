"""What guidance costs: guided against bare sampling, time and peak memory, on the same model in the same process.

On the CPU the embedded small Wan (or, without the file, a random one of its sizes), 17x128x192. With a GPU also a randomly
initialised Wan 2.1 1.3B at 81x480x832. The guided runs are the pack's own nodes, loaded as the host loads them, with
guidance in *every* step, which is more than any window asks for. Repeats are interleaved; *time* is the median ratio of whole
runs. The network's forward passes are the same work guided or not, and on a busy machine their time varies by more than what
is to be measured: *outside the network* leaves them out, ``1 + (outside guided - outside bare) / whole bare``, medians over the
repeats. The *own time* of guidance is that of its proximal steps alone, over a bare run. The *whole run* is measured
by :mod:`lab.benchmarks.cost.whole_run`: warp, encodings and decoding too.

``python -m lab.benchmarks.cost.overhead --seed 0 --json - [--repeats 60] [--steps 8] [--whole-repeats 3]``
"""

from __future__ import annotations

import argparse
import importlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from lab.benchmarks.report import Row, at_most, main
from lab.host.inprocess import load_pack, use_host
from lab.host.paths import ROOT

from . import whole_run
from .timing import peak_memory, seconds

EMBEDDED = ROOT / "weights" / "diffusion_models" / "inversecrafter_small_wan_t2v.safetensors"
SMALL = {"dim": 256, "ffn_dim": 1024, "num_layers": 6}
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


def small_model() -> tuple[str, Any]:
    """The embedded model, or one of its sizes; the name says which."""
    import comfy.sd

    if EMBEDDED.is_file():
        return "embedded model", comfy.sd.load_diffusion_model(str(EMBEDDED))
    return "random model of the embedded one's sizes", random_wan(SMALL, "cpu", torch.float32)


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
    """The rows of one case."""
    runs = routes(case, nodes, seed)
    for run in runs.values():
        run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for repeat in range(case.repeats):
        # The order turns, so that a slow spell or a warm cache meets every way alike.
        names = list(runs)
        for name in names[repeat % len(names) :] + names[: repeat % len(names)]:
            times[name].append(outside_and_whole(case.model, runs[name]))
    peaks = {name: peak_memory(run) for name, run in runs.items()}
    outside, whole = ({name: median(pair[part] for pair in taken) for name, taken in times.items()} for part in (0, 1))
    rows = [Row(f"{case.name}: bare sampling, {case.steps} steps", whole["bare"], "s")]
    for name in list(runs)[1:]:
        paired = median(guided / bare for (_, guided), (_, bare) in zip(times[name], times["bare"], strict=True))
        rows.append(at_most(f"{case.name}: time, {name}", paired, "x", case.time_bound))
        ratio = 1 + (outside[name] - outside["bare"]) / whole["bare"]
        rows.append(Row(f"{case.name}: outside the network, {name}", ratio, "x"))
        peak, bare_peak = peaks[name], peaks["bare"]
        if peak and bare_peak:
            rows.append(at_most(f"{case.name}: peak memory, {name}", peak / bare_peak, "x", case.memory_bound))
    return rows + own_time(case, nodes, seed, whole["bare"])


def own_time(case: Case, nodes: Nodes, seed: int, bare: float) -> list[Row]:
    """Time of a run's proximal steps alone, by solver, as a share of a bare run."""
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
        rows.append(Row(f"{case.name}: own time of guidance, {solver.replace('_', ' ')}", 100 * taken / bare, "%"))
    return rows


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """Measure what this machine can."""
    logging.getLogger().setLevel(logging.WARNING)
    use_host()
    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    nodes = Nodes()
    name, model = small_model()
    rows = measure(Case(name, model, (17, 128, 192), 1.01, 1.05, args.repeats, args.steps), nodes, seed)
    if torch.cuda.is_available():
        large = random_wan(LARGE, "cuda", torch.bfloat16)
        rows += measure(Case("random Wan 2.1 1.3B, 81x480x832", large, (81, 480, 832), 1.005, 1.05, 3, args.steps), nodes, seed)
    else:
        logging.getLogger(__name__).warning("no GPU: the 1.3B case is left out")
    return rows + whole_run.rows(seed, args.whole_repeats)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=60, help="interleaved repeats of each way on the small model")
    parser.add_argument("--whole-repeats", type=int, default=3, help="repeats of the whole run, from source clip to new clip")
    parser.add_argument("--steps", type=int, default=8, help="sampling steps of a run")


if __name__ == "__main__":
    main("overhead", run, add_arguments)
