"""Tables of jobs: what a row is, and that a table which is cut off or wrong names the line and sends nothing."""

from __future__ import annotations

import json

import pytest

from inversecrafter_client import InvalidManifest
from inversecrafter_client.batch import Options, read_manifest, run_batch

QUICK = Options(timeout=5, patience=10)


def test_rows_may_be_json_and_name_files_beside_the_manifest(fake, tmp_path, clip):
    manifest = tmp_path / "jobs.jsonl"
    manifest.write_text("\n".join(json.dumps({"video": "a.mp4", "seed": seed, "out": f"{seed}.mp4"}) for seed in (1, 2)))
    assert len(run_batch(manifest, [fake.url], Options(workflow="recapture")).made) == 2


@pytest.mark.parametrize("letter", ["\u2028", "\x85", "\x0c", "\x1e"])
@pytest.mark.parametrize("name", ["jobs.jsonl", "jobs.csv"])
def test_only_the_ends_of_lines_end_a_row(tmp_path, clip, name, letter):
    """A text pasted from a page may have other separators, which JSON and CSV take for letters."""
    row = {"workflow": "recapture", "video": "a.mp4", "prompt": f"a hill{letter}at dusk", "out": "b.mp4"}
    table = "\r\n".join([",".join(row), ",".join(row.values()), ""])
    path = tmp_path / name
    path.write_text(
        table if name.endswith("csv") else json.dumps(row, ensure_ascii=False) + "\r\n", encoding="utf-8", newline=""
    )
    if name.endswith("jsonl") and letter < " ":
        pytest.skip("JSON has such letters escaped only")
    (read,) = read_manifest(path)
    assert f"a hill{letter}at dusk" in [value for node in read.prompt.values() for value in node["inputs"].values()]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "", "no jobs"),
        ("a.csv", "workflow,video,out\n", "no jobs"),
        ("a.csv", "workflow,video,out\nrecapture,a.mp4\n", "line 2: 2 cells"),
        ("a.csv", 'workflow,video,out\nrecapture,"a.mp4,b.mp4\n', "cut off"),
        ("a.csv", "workflow,video,out\nrecapture,a.mp4,b\n", "no ending"),
        ("a.csv", "workflow,video,video,out\nrecapture,a.mp4,a.mp4,b.mp4\n", "columns"),
        ("a.csv", "workflow,video,out\nrecapture,a.mp4,b.mp4\nrecapture,a.mp4,b.mp4\n", "line 3: .*line 2 too"),
        ("a.csv", "workflow,vidoe,out\nrecapture,a.mp4,b.mp4\n", r"line 2: vidoe.*Did you mean video"),
        ("a.csv", "workflow,video,out\nrecapture,gone.mp4,b.mp4\n", r"line 2: video: no file"),
        ("a.csv", "workflow,video,out\nrecaptur,a.mp4,b.mp4\n", "line 2: recaptur"),
        ("a.csv", "workflow,out\nrecapture,b.mp4\n", "line 2: video: not given"),
        ("a.csv", "video,out\na.mp4,b.mp4\n", "no 'workflow'.*--workflow"),
        ("a.csv", "workflow,video\nrecapture,a.mp4\n", "no 'out'"),
        ("a.csv", "workflow;video;out\nrecapture;a.mp4;b.mp4\n", "line 1: columns separated by ';'.*commas"),
        ("a.jsonl", '{"workflow": "recapture", "video": "a.mp4", "out": "b.mp4"}\n{"workflow": "reca', "line 2: no JSON"),
        ("a.jsonl", "3\n", "line 1: a int"),
        ("a.txt", "x", r"\.csv or a \.jsonl"),
    ],
)
def test_a_manifest_that_is_cut_off_or_wrong_names_the_line(fake, tmp_path, clip, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InvalidManifest, match=said):
        run_batch(path, [fake.url], QUICK)
    with pytest.raises(InvalidManifest, match="no such file"):
        run_batch(tmp_path / "gone.csv", [fake.url], QUICK)
    assert not fake.rendered
