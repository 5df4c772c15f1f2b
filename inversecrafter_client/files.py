"""Files that this client reads and writes: names made of content, writes that never overwrite and never stay half done."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import itertools
import os
import shutil
from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InvalidOverride, ResultExists, WriteFailed

CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits; a file that did not change is read once."""
    facts = path.stat()
    return _sha256(path, facts.st_size, facts.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_name(path: Path) -> str:
    """Return the name of an upload: the same for the same bytes, another for others. Raises InvalidOverride without a file."""
    require_file(path.name, path)
    return f"{sha256(path)[:32]}{path.suffix.lower()}"


def require_file(name: str, path: Path) -> Path:
    """Return the path unchanged; raise InvalidOverride unless a file that can be read is there."""
    if not path.is_file():
        raise InvalidOverride(
            name, f"no file {path}", "Give the path of a file on this machine, or server:NAME for one on the server."
        )
    if not os.access(path, os.R_OK):
        raise InvalidOverride(name, f"{path} cannot be read", "Change its permissions.")
    return path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the system's errors of a block that writes ``path`` into WriteFailed."""
    try:
        yield
    except OSError as problem:
        full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        advice = "Free some space and run the same command again: it goes on where it stopped."
        found = "the disk is full" if full else f"cannot be written ({problem.strerror or problem})"
        raise WriteFailed(str(path), found, advice if full else "Choose a folder that can be written to.") from problem


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that at every moment either the old or the whole new content is there, after a crash too.

    Only one process may write a file so at a time.
    """
    with writing(path):
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def publish(part: Path, path: Path) -> None:
    """Give a finished file its name; raise ResultExists where the name is taken, at whatever moment it was taken."""
    with writing(path):
        try:
            os.link(part, path)
        except FileExistsError:
            raise ResultExists(str(path), "exists", "Remove it, or choose another name.") from None
        except OSError:  # a file system without links: an exclusive copy
            _copy_exclusively(part, path)
        part.unlink()


def _copy_exclusively(part: Path, path: Path) -> None:
    try:
        with path.open("xb") as target, part.open("rb") as source:
            shutil.copyfileobj(source, target, CHUNK)
    except FileExistsError:
        raise ResultExists(str(path), "exists", "Remove it, or choose another name.") from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def free_name(path: Path) -> Path:
    """Return the path, or the first of ``name-2``, ``name-3``, … that no file has."""
    return next(name for name in _names(path) if not name.exists())


def numbered_name(path: Path, number: int, count: int, ending: str) -> Path:
    """Return the name of one of the ``count`` files of a result, from 2, as ``name_2of3.png`` beside ``name.png``."""
    return path.with_name(f"{path.stem}_{number:0{len(str(count))}}of{count}{ending}")


def publish_free(part: Path, path: Path, kept: Container[Path]) -> Path:
    """Give a finished file its name, or the first free one; ``kept`` are names for others. Return the name.

    A file of the same content that has the name stays: a run that ended before it could record that made it.
    """
    for name in _names(path):
        if name in kept:
            continue
        if name.is_file() and sha256(name) == sha256(part):
            part.unlink()
            return name
        with contextlib.suppress(ResultExists):
            publish(part, name)
            return name
    raise AssertionError("names do not end")


def _names(path: Path) -> Iterator[Path]:
    """Yield the path, then ``name-2``, ``name-3``, and so on."""
    yield path
    for number in itertools.count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
