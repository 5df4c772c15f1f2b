"""What every benchmark prints and writes."""

from __future__ import annotations

import json
import platform
import sys

import numpy as np
import pytest
import torch

from lab.benchmarks import report


def measure(seed, args):
    drawn = float(torch.rand(1)) + float(np.random.rand())
    return [report.Row("drawn", drawn, "1"), report.at_least("speed-up", 3.5, "x", 3), report.at_most("time", 1.2, "s", 1)]


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["benchmarks.example", *arguments])
    report.main("example", measure)


def test_standard_output_is_nothing_but_json_when_asked_for(monkeypatch, capsys):
    run(monkeypatch, "--seed", "3", "--json", "-")
    said = capsys.readouterr()
    written = json.loads(said.out)
    assert set(written) == {"seed", "machine", "rows"} and written["seed"] == 3
    expected = {"name": "speed-up", "value": 3.5, "unit": "x", "target": ">= 3", "holds": True, "low": None, "high": None}
    assert written["rows"][1] == expected
    assert written["rows"][2]["holds"] is False
    assert "speed-up" in said.err and "NO" in said.err


def test_the_table_and_the_file_say_the_same(monkeypatch, capsys, tmp_path):
    run(monkeypatch, "--json", str(tmp_path / "out.json"))
    printed = capsys.readouterr().out
    for row in json.loads((tmp_path / "out.json").read_text())["rows"]:
        assert row["name"] in printed and f"{row['value']:.4g}" in printed


def test_one_seed_gives_one_result(monkeypatch, capsys):
    figures = []
    for seed in ("1", "1", "2"):
        run(monkeypatch, "--seed", seed, "--json", "-")
        figures.append(json.loads(capsys.readouterr().out)["rows"][0]["value"])
    assert figures[0] == figures[1] != figures[2]


def test_the_machine_is_described_and_not_named():
    said = report.machine()
    assert f"torch {torch.__version__}" in said and "threads" in said
    if len(platform.node()) > 3:
        assert platform.node() not in said


@pytest.mark.parametrize(("value", "shown"), [(0.123456, "0.1235"), (7, "7")])
def test_figures_are_rounded_to_four_places_in_the_table(value, shown):
    assert shown in report.table([report.Row("figure", value, "s")]).splitlines()[-1]


def test_a_table_goes_between_its_own_markers_and_nowhere_else(tmp_path):
    import lab.benchmarks.__main__ as pages

    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- bench:jobs -->\nformer\n<!-- /bench:jobs -->\nb\n")
    rows = [
        {"name": name, "value": 1.0, "unit": "x", "target": target, "holds": True}
        for name, target in (("p", ">= 1"), ("q", None))
    ]
    text = pages.table("jobs", 3, {"machine": "one", "rows": rows, "seed": 3})
    pages.refresh(readme, "jobs", text)
    pages.refresh(readme, "warp", "never seen")
    said = readme.read_text()
    begin = "a\n<!-- bench:jobs -->\n`python -m lab.benchmarks.jobs.every --seed 3` on one\n"
    assert said.startswith(begin) and said.endswith("b\n")
    assert "| p | 1 x | >= 1 | yes |" in said and "| q |" not in said and "former" not in said and "never" not in said


def test_a_kept_result_is_not_measured_twice_and_another_seed_is_refused(monkeypatch, tmp_path):
    import lab.benchmarks.__main__ as everything
    from inversecrafter_core.errors import InputError

    runs = []

    def run_it(command, **options):
        runs.append(command)
        out = command[command.index("--json") + 1]
        report.Path(out).write_text(json.dumps(report.document(3, [report.Row("figure", len(runs), "1")])))

    monkeypatch.setattr(everything.subprocess, "run", run_it)
    first, second = (everything.measured("warp", 3, tmp_path) for _ in range(2))
    assert first == second and len(runs) == 1
    with pytest.raises(InputError, match="seed 3"):
        everything.measured("warp", 4, tmp_path)
