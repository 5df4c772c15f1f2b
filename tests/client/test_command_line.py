"""The command line, and what the pages say of it, against a stand-in for a server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import inversecrafter_client
from inversecrafter_client import ClientError, cli

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path, clip, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_run_saves_a_result_and_the_same_again_makes_nothing(fake, capsys):
    command = [
        "run",
        "recapture",
        "--video",
        "a.mp4",
        "--path",
        "arc_left",
        "--size",
        "96x64",
        "--server",
        fake.url,
        "--out",
        "b.mp4",
    ]
    assert cli.main(command) == 0 and capsys.readouterr().out == "b.mp4\n"
    assert cli.main(command) == 1 and "b.mp4: exists. Remove it" in capsys.readouterr().err
    assert cli.main([*command, "--rename", "--set", "Keep Known Pixels.seam=4"]) == 0 and capsys.readouterr().out == "b-2.mp4\n"
    assert list(fake.rendered.values()) == [1], "the seam was 4 before"


def test_a_result_that_was_removed_on_the_server_is_made_again(fake, capsys):
    command = ["run", "recapture", "--video", "a.mp4", "--server", fake.url, "--out"]
    assert cli.main([*command, "b.mp4"]) == 0
    for name in [key for key in fake.files if key[0] == "output"]:
        del fake.files[name]
    assert cli.main([*command, "c.mp4"]) == 0 and "made again" in capsys.readouterr().err
    assert Path("c.mp4").read_bytes() and list(fake.rendered.values()) == [2]


def test_every_file_of_a_result_is_saved_and_named(fake, capsys):
    fake.saved = 3
    Path("b_2of3.png").write_text("mine")
    command = ["run", "recapture", "--video", "a.mp4", "--server", fake.url, "--out"]
    assert cli.main([*command, "b.png"]) == 0
    names = ["b.png", "b_2of3-2.png", "b_3of3.png"]
    assert capsys.readouterr().out.split() == names and Path("b_2of3.png").read_text() == "mine"
    assert len({Path(name).read_bytes() for name in names}) == 3
    del fake.files[next(key for key in fake.files if key[1].endswith("_3.png"))]
    assert cli.main([*command, "c.png"]) == 0 and "made again" in capsys.readouterr().err
    assert Path("c_3of3.png").read_bytes() == Path("b_3of3.png").read_bytes() and list(fake.rendered.values()) == [2]


def test_results_that_are_not_made_are_named(fake, capsys):
    graph = {str(key): {"class_type": "SaveImage", "inputs": {"filename_prefix": f"p{key}"}} for key in (1, 2)}
    Path("two.json").write_text(json.dumps(graph))
    assert cli.main(["run", "two.json", "--server", fake.url, "--out", "b.png"]) == 0
    assert "two has other results, which are not made: add --result result_2" in capsys.readouterr().err
    assert cli.main(["run", "two.json", "--server", fake.url, "--out", "c.png", "--result", "result_2"]) == 0
    assert not capsys.readouterr().err and Path("b.png").read_bytes() != Path("c.png").read_bytes()


def test_a_result_that_saves_no_file_is_named(fake, capsys, monkeypatch):
    monkeypatch.setattr(fake, "_outputs", lambda *_: {})
    assert cli.main(["run", "recapture", "--video", "a.mp4", "--server", fake.url, "--out", "b.mp4"]) == 1
    assert "saved nothing" in capsys.readouterr().err and list(fake.rendered.values()) == [1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["recaptur", "--out", "b.mp4"], "Did you mean recapture"),
        (["recapture", "--vidoe", "a.mp4", "--out", "b.mp4"], "Did you mean video"),
        (["recapture", "--out", "b.mp4"], "video: not given"),
        (["recapture", "--video", "gone.mp4", "--out", "b.mp4"], "no file"),
        (["recapture", "--video", "a.mp4", "--set", "Nobody.seam=4", "--out", "b.mp4"], "Nobody.seam"),
        (["recapture", "--video", "a.mp4", "--steps", "many", "--out", "b.mp4"], "Give a number"),
        (["recapture", "--video", "a.mp4", "--result", "audio", "--out", "b.mp4"], "audio: no result"),
    ],
)
def test_a_mistake_is_named_and_sends_nothing(fake, capsys, options, said):
    assert cli.main(["run", *options, "--server", fake.url]) == 1
    assert said in capsys.readouterr().err and not fake.rendered and not Path("b.mp4").exists()


def test_list_shows_workflows_and_the_inputs_of_one(capsys):
    assert cli.main(["list"]) == 0
    assert re.search(r"^recapture +video, path", capsys.readouterr().out, re.MULTILINE)
    assert cli.main(["list", "recapture"]) == 0
    assert re.search(r"^path +'arc_left' +the trajectory", capsys.readouterr().out, re.MULTILINE)
    with pytest.raises(SystemExit):
        cli.main(["run", "recapture", "--help"])
    assert "--text-encoder" in capsys.readouterr().out
    assert cli.main(["run", "--help"]) == 0 and "--out" in capsys.readouterr().out


def test_batch_counts_and_ends_with_1_where_a_job_failed(fake, capsys):
    Path("jobs.csv").write_text("video,seed,out\na.mp4,1,r/1.mp4\na.mp4,2,r/2.mp4\n")
    command = ["batch", "jobs.csv", "--workflow", "recapture", "--server", fake.url]
    fake.failing = "3"
    assert cli.main(command) == 1 and "no such frame" in capsys.readouterr().err
    assert cli.main([*command, "--start", "main.py --port {port}", "--count", "0"]) == 1
    assert "--count: 0" in capsys.readouterr().err
    fake.failing = None
    assert cli.main(command) == 0 and "2 made, 0 were there, 0 failed" in capsys.readouterr().out


def test_ctrl_c_cancels_the_job_on_the_server(fake):
    fake.seconds = 30
    command = ["run", "recapture", "--video", "a.mp4", "--server", fake.url, "--out", "b.mp4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "inversecrafter_client", *command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a shell's background jobs ignore it, and so their children
    )
    while fake.running is None:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == cli.INTERRUPTED and b"stopped" in process.communicate()[1]
    assert fake.interrupted and not sum(fake.rendered.values())


def test_a_run_whose_server_is_restarted_sends_its_job_again(fake, capsys):
    fake.seconds = 2

    def restart() -> None:
        while fake.running is None:
            time.sleep(0.01)
        time.sleep(0.2)
        fake.kill()
        fake.start()

    thread = threading.Thread(target=restart)
    thread.start()
    assert cli.main(["run", "recapture", "--video", "a.mp4", "--server", fake.url, "--out", "b.mp4"]) == 0
    thread.join()
    assert "sent again" in capsys.readouterr().err and sum(fake.rendered.values()) == 1


def test_cancel_shows_and_cancels_what_runs_and_waits(fake, capsys):
    fake.seconds = 30
    with inversecrafter_client.Client(fake.url) as client:
        workflow = inversecrafter_client.Workflow.named("recapture").set("video", "a.mp4")
        jobs = [client.submit(workflow.set("seed", seed)) for seed in range(2)]
        while client.place(jobs[0].id) != -1:
            time.sleep(0.01)
        assert cli.main(["cancel", "--server", fake.url]) == 0
        assert capsys.readouterr().out == f"{jobs[0].id} running\n{jobs[1].id} queued\n"
        assert cli.main(["cancel", "nobody", "--server", fake.url]) == 1
        assert cli.main(["cancel", "all", "--server", fake.url]) == 0
        assert jobs[0].wait(10).status == "canceled" and not client.list_jobs()


def test_the_script_of_the_readme_runs_as_it_stands(fake, monkeypatch, capsys):
    (script,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in script.splitlines() if line.strip()]) <= 10
    exec(script.replace("http://127.0.0.1:8188", fake.url), {})
    said = capsys.readouterr().out
    assert "Run Guided KSampler 1 of 2" in said and said.splitlines()[-1].startswith("result/")
    assert [path.suffix for path in Path("result/Save_Video").iterdir()] == [".mp4"]


def test_the_page_lists_every_error_and_no_other():
    kinds = {
        name for name, kind in vars(inversecrafter_client).items() if isinstance(kind, type) and issubclass(kind, ClientError)
    }
    table = PAGE.rpartition("| error | when |")[2]
    assert set(re.findall(r"`([A-Z]\w+)`", table)) == kinds - {"ClientError"}


def test_the_pages_commands_are_those_of_the_program():
    parser = cli._parser()
    (commands,) = [set(action.choices) for action in parser._actions if action.dest == "command"]
    assert set(re.findall(r"python -m inversecrafter_client (\w+)", PAGE)) == commands
