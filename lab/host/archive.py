"""The archive that the registry ships: its file list, its check, and the zip itself.

As ``comfy node publish`` makes it: what git tracks, without what ``.comfyignore`` matches. Standard library only.

    python -m lab.host.archive [FILE.zip] [--tag vX.Y.Z]

prints each fault and ends with 1 where there is one: something of the lab or the tests inside, something missing that the host
reads, more than 40 MB, or a tag that is not the version of ``pyproject.toml``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

from .paths import ROOT

MEGABYTES = 75
UNWANTED = ("lab/", "tests/", ".github/", ".venv/", ".host/", ".cache/")
NEEDED = ("__init__.py", "pyproject.toml", "requirements.txt", "README.md", "LICENSE", "nodes/__init__.py")
NEEDED_KINDS = (
    ("workflows/", ".json"),
    ("subgraphs/", ".json"),
    ("locales/", ".json"),
    ("weights/", ".safetensors"),
    ("web/docs/", ".md"),
)


def shipped(root: Path = ROOT) -> list[str]:
    """Return the paths that are shipped, relative to ``root``. Raises CalledProcessError outside a git checkout."""
    left_out = git_files(root, "--cached", "--ignored", "--exclude-from=.comfyignore")
    return sorted(set(git_files(root, "--cached")) - set(left_out))


def faults(files: list[str]) -> list[str]:
    """Return a sentence for everything in a list of shipped paths that must not be there, or is missing."""
    found = [f"{name} does not belong into the archive" for name in files if name.startswith(UNWANTED)]
    found += [f"{name} is missing from the archive" for name in NEEDED if name not in files]
    for folder, kind in NEEDED_KINDS:
        if not any(name.startswith(folder) and name.endswith(kind) for name in files):
            found.append(f"no {kind} file of {folder} is in the archive")
    return found


def write_archive(target: Path, root: Path = ROOT) -> float:
    """Write the shipped files as a zip and return its size in megabytes (10^6 bytes)."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in shipped(root):
            archive.write(root / name, name)
    return target.stat().st_size / 1e6


def git_files(root: Path, *options: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *options], cwd=root, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


def main() -> int:
    """Check the archive, and keep it where a file is named; the exit status."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("file", nargs="?", type=Path, help="keep the archive here")
    options.add_argument("--tag", help="the tag that is published, v and the version")
    chosen = options.parse_args()
    found = faults(shipped())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if chosen.tag and chosen.tag != f"v{version}":
        found.append(f"the tag is {chosen.tag} and pyproject.toml says {version}: make them equal")
    with tempfile.TemporaryDirectory() as scratch:
        size = write_archive(chosen.file or Path(scratch) / "archive.zip")
    if size > MEGABYTES:
        found.append(f"the archive has {size:.1f} MB, more than {MEGABYTES}")
    print(*found, f"{len(shipped())} files, {size:.1f} MB", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
