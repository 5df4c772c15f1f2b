"""Rows, the tables and the JSON that are made of them, and the command line of a benchmark."""

from __future__ import annotations

import json
import platform
import shlex

import numpy as np
import pytest
import torch

from lab.benchmarks import report, runner
from lab.metrics.intervals import Interval, interval


def rows(seed: int, scenes: int = 2, steps: int = 3, strengths: tuple[float, ...] = (0.0, 0.5), settings: bool = False):
    drawn = float(torch.rand(1)) + float(np.random.rand())
    options = report.row("options", scenes + 10 * steps + 100 * sum(strengths) + 1000 * settings)
    return [
        report.row("drawn", drawn),
        report.row("speed-up", 3.5, "x", least=3),
        report.row("time", 1.2, "s", most=1),
        options,
    ]


def run(*arguments):
    runner.main(rows, arguments)


def test_standard_output_is_nothing_but_json_where_that_is_wanted(capsys):
    run("--seed", "3", "--json", "-")
    printed = capsys.readouterr()
    written = json.loads(printed.out)
    assert set(written) == {"seed", "options", "machine", "rows"} and written["seed"] == 3
    second = written["rows"][1]
    assert {key: second[key] for key in ("name", "value", "unit", "target", "holds")} == {
        "name": "speed-up",
        "value": 3.5,
        "unit": "x",
        "target": ">= 3",
        "holds": True,
    }
    assert written["rows"][2]["holds"] is False
    assert "speed-up" in printed.err and "**no**" in printed.err


def test_every_parameter_of_a_benchmark_is_an_option(capsys):
    run("--scenes", "4", "--steps", "1", "--strengths", "0.9", "--settings", "--json", "-")
    assert json.loads(capsys.readouterr().out)["rows"][3]["value"] == pytest.approx(4 + 10 + 90 + 1000)


def test_the_table_and_the_file_agree(capsys, tmp_path):
    run("--json", str(tmp_path / "out.json"))
    printed = capsys.readouterr().out
    for row in json.loads((tmp_path / "out.json").read_text())["rows"]:
        assert row["name"] in printed and f"{row['value']:.4g}" in printed


def test_one_seed_gives_one_result(capsys):
    figures = []
    for seed in ("1", "1", "2"):
        run("--seed", seed, "--json", "-")
        figures.append(json.loads(capsys.readouterr().out)["rows"][0]["value"])
    assert figures[0] == figures[1] != figures[2]


def test_the_machine_is_described_and_not_named():
    described = report.machine()
    assert f"torch {torch.__version__}" in described and "threads" in described
    if len(platform.node()) > 3:
        assert platform.node() not in described


@pytest.mark.parametrize(("value", "shown"), [(0.123456, "0.1235"), (7, "7")])
def test_figures_are_rounded_to_four_places_in_the_table(value, shown):
    assert shown in report.long_table([report.row("figure", value, "s")])[-1]


def test_a_name_tells_the_case_the_prior_and_who_is_compared():
    over = report.row("whole LPIPS", 0.9, "x", case="angle", at=12.0, strength=0.5, method="ours", against="bare")
    assert over.name == "angle 12, strength 0.5: whole LPIPS, ours over bare"
    above = report.row("PSNR", 2.0, "dB", method="ours", against="bare")
    assert above.name == "PSNR, ours above bare"
    assert report.row("PSNR", 2.0, "dB", case="still", method="ours").name == "still, ours: PSNR"


@pytest.mark.parametrize(("ends", "holds"), [((1.0, 3.0), True), ((-3.0, -1.0), False), ((-1.0, 3.0), None)])
def test_a_mean_meets_a_bound_only_where_its_whole_interval_does(ends, holds):
    found = Interval(sum(ends) / 2, *ends)
    assert report.row("gain", found, "dB", least=0).holds is holds
    assert report.row("loss", Interval(-found.mean, -ends[1], -ends[0]), "dB", most=0).holds is holds
    assert report.row("gain", found, "dB").target is None


def test_one_scene_decides_nothing_and_a_single_measurement_does():
    one = report.row("gain", interval([5.0]), "dB", least=0)
    assert one.holds is None and one.verdict == "open" and one.low is None
    assert report.row("gain", 5.0, "dB", least=0).holds is True


def test_rows_come_back_from_their_json():
    kept = [report.row("gain", interval([1.0, 2.0]), "dB", least=0, case="a", at=1.0, method="m", against="n")]
    assert report.read(json.loads(report.write(3, kept))) == kept


def test_markdown_shows_the_interval_and_the_verdict():
    line = report.long_table([report.row("gain", interval([1.0, 2.0]), "dB", least=0)])[-1]
    assert "…" in line and line.endswith("| open |")


def test_a_wide_table_has_a_line_a_method_and_leaves_out_what_nobody_measured():
    listed = [report.row("PSNR", interval([19.0, 21.0]), "dB", method="ours"), report.row("time", 2.0, "x", method="theirs")]
    table = report.wide_table(listed, {"PSNR": "kept", "SSIM": "SSIM", "time": "time"})
    assert table[0] == "|  | kept | time |" and table[2].startswith("| ours | 20.00 ± ") and table[3] == "| theirs |  | 2.000 |"


def test_a_table_goes_between_its_own_markers_and_nowhere_else(tmp_path):
    import lab.benchmarks.__main__ as pages

    page = tmp_path / "benchmarks.md"
    page.write_text("a\n<!-- bench:robustness -->\nformer\n<!-- /bench:robustness -->\nb\n")
    document = json.loads(report.write(3, [report.row("p", 1.0, "x", least=1), report.row("q", 1.0)]))
    pages.refresh(page, "robustness", pages.section("robustness", [document]))
    pages.refresh(page, "warp", "never seen")
    text = page.read_text()
    start = "a\n<!-- bench:robustness -->\n`python -m lab.benchmarks.warp.robustness --seed 3` on "
    assert text.startswith(start) and text.endswith("b\n")
    assert "| p | 1 x | >= 1 | yes |" in text and "| q |" not in text and "former" not in text and "never" not in text


def test_a_table_of_several_modules_names_them(monkeypatch):
    import lab.benchmarks.__main__ as pages

    monkeypatch.setattr(pages, "BENCHMARKS", {"jobs": ("jobs.editing", "jobs.interpolation")})
    documents = [json.loads(report.write(3, [report.row(name, 1.0, "x", least=1)])) for name in "pq"]
    text = pages.section("jobs", documents)
    assert text.startswith("`python -m lab.benchmarks --only jobs --seed 3` on ")
    assert "| editing: p | 1 x |" in text and "| interpolation: q | 1 x |" in text


def measured_rows(
    seed: int, scenes: int = 2, full: bool = False, strengths: tuple[float, ...] = (0.0, 0.5), tasks: tuple[str, ...] = ("all",)
) -> list[report.Row]:
    return [report.row(f"{scenes} {full} {strengths} {tasks}", 1.0)]


def test_a_table_stands_under_the_options_of_its_run(tmp_path):
    import lab.benchmarks.__main__ as pages
    from lab.benchmarks.runner import main

    out = tmp_path / "rows.json"
    for given in ("", " --scenes 3 --full --strengths 0.25 0.5", " --tasks 'inpainting 50 %' all"):
        main(measured_rows, ["--seed", "3", *shlex.split(given), "--json", str(out)])
        text = pages.section("warp", [json.loads(out.read_text(encoding="utf-8"))])
        assert text.startswith(f"`python -m lab.benchmarks.warp.compare --seed 3{given}` on ")


def test_every_listed_module_has_rows(pack):
    import importlib

    from lab.benchmarks.__main__ import BENCHMARKS

    for module in (module for modules in BENCHMARKS.values() for module in modules):
        assert callable(importlib.import_module(f"lab.benchmarks.{module}").rows), module


def test_a_kept_result_is_not_measured_twice_and_another_seed_is_refused(monkeypatch, tmp_path):
    import lab.benchmarks.__main__ as everything
    from inversecrafter_core.errors import InputError

    runs = []

    def run_it(command, **options):
        runs.append(command)
        out = command[command.index("--json") + 1]
        everything.Path(out).write_text(report.write(3, [report.row("figure", len(runs))]))

    monkeypatch.setattr(everything.subprocess, "run", run_it)
    one, two = (everything.measured("warp.compare", 3, tmp_path) for _ in range(2))
    assert one == two and len(runs) == 1
    with pytest.raises(InputError, match="seed 3"):
        everything.measured("warp.compare", 4, tmp_path)
