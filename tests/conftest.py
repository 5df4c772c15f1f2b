"""Paths for every test, the one real server that the server and page tests share, and which tests share a worker.

The repository root goes to the *end* of ``sys.path``, so that it never hides the host's modules.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from loaded_pack import Pack

    from lab.host.client import Host

if "PYTEST_XDIST_WORKER" in os.environ:
    # Workers run side by side, each on a core, and so do the servers that they start: threads would only wait for one another.
    os.environ.update(OMP_NUM_THREADS="1", OPENCV_FOR_THREADS_NUM="1")

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
for folder in (TESTS, ROOT):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

SERVED = ("tests/browser/", "tests/server/", "tests/client/test_real_server.py")
"""Tests that need a real server."""
EMBEDDED = {"vae": "inversecrafter_small_wan_vae.safetensors", "diffusion_models": "inversecrafter_small_wan_t2v.safetensors"}


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, which need not be there
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the tests of a file in one worker, and all that share the real server in one worker, which begins with them.

    What these wait for, a server and a browser, takes as long as all the other tests together.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByServer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "server" if file.startswith(SERVED) else file

    return ByServer(config, log)


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A real server with the pack, with a base directory of its own; where an embedded model is missing, a random one."""
    from lab.host.server import running_host

    base = tmp_path_factory.mktemp("server")
    for folder, name in EMBEDDED.items():
        if not (ROOT / "weights" / folder / name).is_file():
            # In a process of its own: the models are built from the host's classes, and this process may never need the host.
            subprocess.run(
                [sys.executable, str(TESTS / "tiny_wan.py"), folder, str(base / "models" / folder / name)], check=True
            )
    with running_host(base=base, extra_args=("--preview-method", "latent2rgb")) as client:
        yield client


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    from loaded_pack import Pack

    from lab.host.inprocess import load_pack, use_host

    # pytest registers a folder of the tests as a module called "nodes"; the host's module of that name must win from here on.
    if not hasattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS"):
        sys.modules.pop("nodes", None)
    # A training module, imported by an earlier test, may have brought up the host already: one process, one base directory.
    base = None if "comfy.cli_args" in sys.modules else tmp_path_factory.mktemp("host")
    use_host(cpu=True, base=base)
    return Pack(load_pack(base))


@pytest.fixture
def host_folders(pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with empty folders of input and output, which are the host's during the test."""
    import folder_paths

    for name in ("input", "output"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(folder_paths, f"{name}_directory", str(tmp_path / name))
    return tmp_path


@pytest.fixture(scope="session")
def wan_vae(pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> object:
    """A small Wan 2.1 VAE with random weights, loaded as the stock loader loads it."""
    import comfy.sd
    import comfy.utils
    import tiny_wan

    file = tiny_wan.make_vae(tmp_path_factory.mktemp("vae") / "vae.safetensors")
    return comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(file)))
