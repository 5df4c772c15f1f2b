"""Check of every name of the host that the nodes use, and of every call of one, against the host at hand.

Read from the source, not run, so that a host that moved or renamed something is named by file, line and symbol in a second,
before any sampling. Covered: imports and attributes of the host's modules; attributes and methods of values whose annotation is
a class of the host (parameters, dataclass fields, ``self.field``); positional and keyword arguments of all those calls.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST = {"comfy", "comfy_api", "comfy_execution", "comfy_extras", "folder_paths", "latent_preview", "node_helpers"}
MADE_OTHERWISE = {"comfy.samplers.KSamplerX0Inpaint": {"noise"}}
"""Attributes that the host sets from outside the class."""

Names = dict[str, list[str]]
"""Dotted paths in the host by local name: ``{"io": ["comfy_api", "latest", "io"]}``."""


def names_of(tree: ast.Module) -> Names:
    """Return the local names that stand for something of the host."""
    names: Names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                path = alias.name.split(".")
                names.update({alias.asname: path} if alias.asname else {path[0]: path[:1]})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({alias.asname or alias.name: [*node.module.split("."), alias.name] for alias in node.names})
    return {name: path for name, path in names.items() if path[0] in HOST}


def imports_of(tree: ast.Module) -> Iterator[tuple[int, list[str]]]:
    """Yield line and dotted path of everything that is imported from the host."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            paths = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            paths = [[*node.module.split("."), alias.name] for alias in node.names]
        else:
            continue
        yield from ((node.lineno, path) for path in paths if path[0] in HOST)


def dotted(node: ast.AST, names: Names) -> list[str] | None:
    """Return the path of a name or a chain of attributes that begins with one of ``names``."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    inner = dotted(node.value, names) if isinstance(node, ast.Attribute) else None
    return inner and [*inner, node.attr]


@functools.cache
def resolve(path: str) -> Any:
    """Return the object at a dotted path; raises AttributeError or ImportError where there is none."""
    first, *rest = path.split(".")
    found, so_far = importlib.import_module(first), first
    for name in rest:
        so_far += f".{name}"
        if not hasattr(found, name) and inspect.ismodule(found):
            importlib.import_module(so_far)
        found = getattr(found, name)
    return found


def missing(path: str) -> str:
    """Return why there is nothing at a dotted path; empty where there is something."""
    try:
        resolve(path)
    except (AttributeError, ImportError) as reason:
        return str(reason)
    return ""


def classes_in(annotation: ast.AST | None, names: Names) -> list[str]:
    """Return the host's classes in an annotation: one for ``VAE`` and for ``VAE | None``."""
    if isinstance(annotation, ast.BinOp):
        return classes_in(annotation.left, names) + classes_in(annotation.right, names)
    path = ".".join(dotted(annotation, names) or ()) if annotation is not None else ""
    return [path] if path and not missing(path) and inspect.isclass(resolve(path)) else []


def typed_values(tree: ast.Module, names: Names) -> Iterator[tuple[ast.AST, str, str]]:
    """Yield (scope, expression, class) for parameters and fields that are annotated with one class of the host."""
    for scope in ast.walk(tree):
        entries: list[tuple[str, ast.AST | None]] = []
        if isinstance(scope, ast.FunctionDef):
            listed = [*scope.args.posonlyargs, *scope.args.args, *scope.args.kwonlyargs]
            entries = [(one.arg, one.annotation) for one in listed]
        elif isinstance(scope, ast.ClassDef):
            fields = [one for one in scope.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
            entries = [(f"self.{ast.unparse(one.target)}", one.annotation) for one in fields]
        for expression, annotation in entries:
            found = classes_in(annotation, names)
            if len(found) == 1:
                yield scope, expression, found[0]


@functools.cache
def instance_attributes(path: str) -> frozenset[str]:
    """Return every attribute that a class's own source, or that of its bases, assigns to ``self`` or declares."""
    found = set(MADE_OTHERWISE.get(path, ()))
    for kind in resolve(path).__mro__[:-1]:
        found |= set(vars(kind)) | set(getattr(kind, "__annotations__", {}))
        if kind.__module__.split(".")[0] in HOST:
            tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
            attributes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
            found |= {one.attr for one in attributes if isinstance(one.ctx, ast.Store) and ast.unparse(one.value) == "self"}
    return frozenset(found)


def misfit(call: ast.Call, function: Any, before: int = 0) -> str:
    """Return why a call does not fit a function's signature; empty where it does or where that cannot be known."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    given = [None for argument in call.args if not isinstance(argument, ast.Starred)]
    open_ended = len(given) < len(call.args) or any(word.arg is None for word in call.keywords)
    bind = signature.bind_partial if open_ended else signature.bind
    try:
        bind(*[None] * before, *given, **{word.arg: None for word in call.keywords if word.arg})
    except TypeError as problem:
        return str(problem)
    return ""


def faults_of_modules(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield (line, symbol, reason) for names that the host's modules lack and calls that they do not take."""
    names = names_of(tree)
    chains = [(node.lineno, dotted(node, names)) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for line, path in [*imports_of(tree), *chains]:
        if path and (reason := missing(".".join(path))):
            yield line, ".".join(path), reason
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        path = dotted(call.func, names)
        if path and not missing(".".join(path)) and (reason := misfit(call, resolve(".".join(path)))):
            yield call.lineno, f"{'.'.join(path)}()", reason


def faults_of_values(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield (line, symbol, reason) for attributes that annotated values lack and method calls that they do not take."""
    for scope, expression, path in typed_values(tree, names_of(tree)):
        for node in ast.walk(scope):
            attribute = node.func if isinstance(node, ast.Call) else node
            if not isinstance(attribute, ast.Attribute) or ast.unparse(attribute.value) != expression:
                continue
            symbol = f"{path}.{attribute.attr}"
            if attribute.attr not in instance_attributes(path):
                if node is attribute:
                    yield node.lineno, symbol, f"instances of {path} have no such attribute"
            elif isinstance(node, ast.Call) and inspect.isfunction(method := getattr(resolve(path), attribute.attr, None)):
                problem = misfit(node, method, before=1)
                if problem:
                    yield node.lineno, f"{symbol}()", problem


def faults(source: str, file: str) -> list[str]:
    """Return ``file:line: symbol: reason`` for everything that the host lacks or would not take, in order."""
    tree = ast.parse(source, file)
    found = sorted({*faults_of_modules(tree), *faults_of_values(tree)})
    return [f"{file}:{line}: {symbol}: {reason}" for line, symbol, reason in found]


def used(folder: str) -> set[str]:
    """Return the dotted paths in the host of everything that a folder imports."""
    files = (ROOT / folder).rglob("*.py")
    return {".".join(path) for file in files for _, path in imports_of(ast.parse(file.read_text(encoding="utf-8")))}


def test_the_host_has_every_name_and_takes_every_call(pack):
    files = [ROOT / "__init__.py", *sorted((ROOT / "nodes").rglob("*.py"))]
    found = [fault for path in files for fault in faults(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))]
    assert not found, f"the first of {len(found)} that this host lacks: {found[0]}"


def test_the_check_reads_all_rooms_of_the_nodes(pack):
    assert {"comfy.samplers.KSAMPLER", "comfy.sd.VAE", "comfy.patcher_extension.WrappersMP", "latent_preview"} <= used("nodes")


EXAMPLE = """
import comfy.utils
import comfy.no_such_module
from comfy.model_patcher import ModelPatcher
from comfy.sd import VAE, NoSuchClass
from comfy_api.latest import io
comfy.utils.no_such_thing
comfy.utils.ProgressBar(1, node_id=2)
comfy.utils.ProgressBar(1, colour="red")
comfy.utils.ProgressBar()
io.Combo.Entrance("name")
class Coder:
    vae: VAE
    def encode(self, model: ModelPatcher | None):
        self.vae.encode_tiled(0, tile_x=64)
        self.vae.encode_tiled(0, tile_z=64)
        model.no_such_method()
        return self.vae.latent_channels, model.model
"""


@pytest.mark.parametrize(
    ("line", "symbol", "word"),
    [
        (3, "comfy.no_such_module", "no_such_module"),
        (5, "comfy.sd.NoSuchClass", "NoSuchClass"),
        (7, "comfy.utils.no_such_thing", "no_such_thing"),
        (9, "comfy.utils.ProgressBar()", "colour"),
        (10, "comfy.utils.ProgressBar()", "total"),
        (11, "comfy_api.latest.io.Combo.Entrance", "Entrance"),
        (16, "comfy.sd.VAE.encode_tiled()", "tile_z"),
        (17, "comfy.model_patcher.ModelPatcher.no_such_method", "no such attribute"),
    ],
)
def test_what_is_missing_or_does_not_fit_is_named(pack, line, symbol, word):
    (fault,) = [one for one in faults(EXAMPLE, "file.py") if one.startswith(f"file.py:{line}: ")]
    assert fault.startswith(f"file.py:{line}: {symbol}: ") and word in fault


def test_nothing_else_is_named(pack):
    assert len(faults(EXAMPLE, "file.py")) == 8


def test_a_symbol_that_the_host_loses_is_named(pack, monkeypatch):
    """The nodes themselves against a host without one function: the check fails, and says where."""
    import comfy.sample

    monkeypatch.delattr(comfy.sample, "prepare_noise")
    resolve.cache_clear()
    try:
        file = ROOT / "nodes" / "guide" / "ksampler.py"
        found = faults(file.read_text(encoding="utf-8"), "ksampler.py")
    finally:
        monkeypatch.undo()
        resolve.cache_clear()
    assert len(found) == 1 and "comfy.sample.prepare_noise" in found[0]


def test_every_class_of_a_video_vae_exists_but_those_of_newer_hosts(pack):
    import comfyui_version

    lacking = {path for path, _ in pack.submodule("nodes.host.vae").CLASSES if missing(path)}
    newer = tuple(map(int, comfyui_version.__version__.split(".")[:2])) >= (0, 30)
    assert lacking <= (set() if newer else {"comfy.ldm.minimax.vae.MiniMaxH3VideoVAE"})
