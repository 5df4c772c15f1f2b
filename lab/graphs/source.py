"""The texts that expressions of the pack's source may have, read without running it.

A text keeps ``HOLE`` where a value stands that is known only in a run. Names are followed to what is assigned to them, to what
callers pass, and to constants of other modules; f-strings, sums, conditionals, dictionaries of texts and functions that return
texts are followed too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

HOLE = "\0"
WORD = r"[A-Za-z]{2}"
MOST_ALTERNATIVES = 2
"""Texts that a piece of a sentence is written out for; more of them are texts of their own."""
DEEPEST = 8
"""Assignments, calls and branches that a text is followed through."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """A piece of source: its module and the functions around it, innermost last."""

    module: Module
    around: tuple[Function, ...] = ()


class Module:
    """One source file: its constants, its functions and what it imports."""

    def __init__(self, path: Path, root: Path):
        self.name = str(path.relative_to(root))
        tree = ast.parse(path.read_text(encoding="utf-8"))
        self.statements = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        self.functions: dict[str, tuple[Function, bool]] = {}
        self.properties: set[str] = set()
        self.imports: dict[str, str] = {}
        self.calls: list[tuple[ast.Call, tuple[Function, ...]]] = []
        self._walk(tree, (), False)

    def _walk(self, node: ast.AST, around: tuple[Function, ...], in_class: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Function):
                self.functions[child.name] = (child, in_class)
                self.properties |= {child.name} if _is_text_property(child) else set()
                self._walk(child, (*around, child), False)
                continue
            if isinstance(child, ast.ImportFrom) and child.module:
                self.imports |= {alias.asname or alias.name: child.module.rpartition(".")[2] for alias in child.names}
            if isinstance(child, ast.Call):
                self.calls.append((child, around))
            self._walk(child, around, isinstance(child, ast.ClassDef))


class Source:
    """The modules of some packages.

    Attributes:
        modules: their source files.
        calls: calls by the name that is called and whether it is an attribute, as that of a method.
        parts: texts that were met on the way and fill holes of others: words of a list, sentences, one of many alternatives.
    """

    def __init__(self, packages: Iterable[Path], root: Path):
        self.modules = [Module(file, root) for package in packages for file in sorted(package.rglob("*.py"))]
        self.calls: dict[tuple[str, bool], list[tuple[ast.Call, Place]]] = {}
        for module in self.modules:
            for call, around in module.calls:
                self.calls.setdefault(_called(call), []).append((call, Place(module, around)))
        self.parts: set[str] = set()
        self._known: dict[tuple[int, int], list[str]] = {}
        self._readers: dict[type, Callable[..., list[str]]] = {
            ast.Constant: self._constant,
            ast.JoinedStr: self._f_string,
            ast.BinOp: self._sum,
            ast.IfExp: self._conditional,
            ast.BoolOp: self._either,
            ast.Name: self._name,
            ast.Subscript: self._subscript,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
        }

    def texts(self, node: ast.expr | None, place: Place, depth: int = 0) -> list[str]:
        """Return the texts that an expression may have, ``HOLE`` for one that is known only in a run."""
        read = self._readers.get(type(node))
        if read is None or depth > DEEPEST:
            return [HOLE]
        key = (id(node), depth)
        if key not in self._known:
            self._known[key] = read(node, place, depth + 1) or [HOLE]
        return self._known[key]

    def _constant(self, node: ast.Constant, *_: object) -> list[str]:
        return [node.value] if isinstance(node.value, str) else []

    def _f_string(self, node: ast.JoinedStr, place: Place, depth: int) -> list[str]:
        return _joined([self._filled(value, place, depth) for value in node.values])

    def _sum(self, node: ast.BinOp, place: Place, depth: int) -> list[str]:
        return (
            _joined([self.texts(each, place, depth) for each in (node.left, node.right)])
            if isinstance(node.op, ast.Add)
            else []
        )

    def _conditional(self, node: ast.IfExp, place: Place, depth: int) -> list[str]:
        return self._any([node.body, node.orelse], place, depth)

    def _either(self, node: ast.BoolOp, place: Place, depth: int) -> list[str]:
        return self._any(node.values, place, depth)

    def _name(self, node: ast.Name, place: Place, depth: int) -> list[str]:
        return _union(self.texts(value, home, depth) for value, home in self._values(node.id, place))

    def _subscript(self, node: ast.Subscript, place: Place, depth: int) -> list[str]:
        return self._entries(node.value, node.slice, place, depth)

    def _attribute(self, node: ast.Attribute, _: Place, depth: int) -> list[str]:
        homes = [home for home in self.modules if node.attr in home.properties]
        return self._returned(homes[0], node.attr, depth) if len(homes) == 1 else []

    def _call(self, node: ast.Call, place: Place, depth: int) -> list[str]:
        match node:
            case ast.Call(func=ast.Attribute(value=table, attr="get"), args=[_, default]):
                entries = self._entries(table, None, place, depth)
                return _union([entries, self.texts(default, place, depth)]) if entries else []
            case ast.Call(func=ast.Attribute(attr="join"), args=[ast.GeneratorExp(elt=ast.JoinedStr() as each)]):
                self.parts |= {*self.texts(each, place, depth)}
            case ast.Call(func=ast.Name(id=name)) if name in place.module.functions:
                return self._returned(place.module, name, depth)
        return []

    def _any(self, nodes: Iterable[ast.expr], place: Place, depth: int) -> list[str]:
        return _union(self.texts(node, place, depth) for node in nodes)

    def _filled(self, node: ast.expr, place: Place, depth: int) -> list[str]:
        """Return the texts of a piece of an f-string; those that are many, or sentences, are templates of their own."""
        if not isinstance(node, ast.FormattedValue):
            return self.texts(node, place, depth)
        if node.conversion != -1 or node.format_spec is not None:
            return [HOLE]
        texts = self.texts(node.value, place, depth)
        if len(texts) <= MOST_ALTERNATIVES and all(" " in text and not text.endswith(".") for text in texts):
            return texts
        self.parts |= {text for text in texts if re.search(WORD, text)}
        return [HOLE]

    def _values(self, name: str, place: Place) -> list[tuple[ast.expr, Place]]:
        """Return the expressions that a name may stand for: those assigned, those passed, or a constant's."""
        for level in range(len(place.around), 0, -1):
            inside = Place(place.module, place.around[:level])
            given = [(value, inside) for value in _assigned(name, inside.around[-1].body)]
            if name in _parameters(inside.around[-1]):
                given += self._passed(name, inside)
            if given:
                return given
        return [(value, Place(home)) for home in self._homes(name, place.module) for value in _assigned(name, home.statements)]

    def _entries(self, table: ast.expr, index: ast.expr | None, place: Place, depth: int) -> list[str]:
        """Return the texts in a dictionary or a tuple of texts."""
        inner: list[tuple[ast.expr, Place]] = []
        match table:
            case ast.Dict(values=values):
                return self._any(values, place, depth)
            case ast.Tuple(elts=values):
                chosen = [values[index.value]] if isinstance(index, ast.Constant) and isinstance(index.value, int) else values
                return self._any(chosen, place, depth)
            case ast.BinOp(op=ast.BitOr(), left=one, right=other) | ast.IfExp(body=one, orelse=other):
                inner = [(one, place), (other, place)]
            case ast.ListComp(generators=[ast.comprehension(iter=ast.Call(func=ast.Attribute(value=items, attr="items")))]):
                inner = [(items, place)]
            case ast.Name(id=name):
                inner = self._values(name, place)
        return _union(self._entries(each, index, home, depth + 1) for each, home in inner if depth < DEEPEST)

    def _homes(self, name: str, module: Module) -> list[Module]:
        stem = module.imports.get(name)
        return [module] if stem is None else [home for home in self.modules if Path(home.name).stem == stem]

    def _returned(self, module: Module, name: str, depth: int) -> list[str]:
        function = module.functions[name][0]
        given = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
        return self._any(given, Place(module, (function,)), depth) or [HOLE]

    def _passed(self, name: str, place: Place) -> list[tuple[ast.expr, Place]]:
        """Return the parameter ``name`` of the innermost function as its callers pass it, and its default if any does."""
        function = place.around[-1]
        method = place.module.functions[function.name][1]
        index = [*_parameters(function)].index(name) - (method and not _is_static(function))
        given: list[tuple[ast.expr, Place]] = []
        for call, caller in self.calls.get((function.name, method), []):
            if method or self._means(caller.module, function.name, place.module):
                words = [word.value for word in call.keywords if word.arg == name]
                given += [(value, caller) for value in words or call.args[index : index + 1]]
        default = _parameters(function)[name]
        return [*given, (default, place)] if given and default is not None else given

    def _means(self, module: Module, name: str, home: Module) -> bool:
        return module is home or (name in module.imports and home in self._homes(name, module))


def _joined(parts: list[list[str]]) -> list[str]:
    return _union(["".join(each)] for each in product(*parts))


def _union(texts: Iterable[list[str]]) -> list[str]:
    return list(dict.fromkeys(text for each in texts for text in each))


def _parameters(function: Function) -> dict[str, ast.expr | None]:
    """Return the default of every parameter, None where there is none."""
    plain = [*function.args.posonlyargs, *function.args.args]
    defaults = [None] * (len(plain) - len(function.args.defaults)) + [*function.args.defaults]
    words = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return {argument.arg: value for argument, value in [*zip(plain, defaults, strict=True), *words]}


def _is_text_property(function: Function) -> bool:
    named = any(isinstance(word, ast.Name) and word.id == "property" for word in function.decorator_list)
    return named and isinstance(function.returns, ast.Name) and function.returns.id == "str"


def _is_static(function: Function) -> bool:
    return any(isinstance(word, ast.Name) and word.id == "staticmethod" for word in function.decorator_list)


def _called(call: ast.Call) -> tuple[str, bool]:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr, True
    return (call.func.id if isinstance(call.func, ast.Name) else ""), False


def _assigned(name: str, body: Iterable[ast.AST]) -> list[ast.expr]:
    """Return what is assigned to a name in some statements, through tuples of one length and their conditionals."""
    found: list[ast.expr] = []
    for node in (inner for statement in body for inner in ast.walk(statement)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                found += _unpacked(name, target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            found += _unpacked(name, node.target, node.value)
    return found


def _unpacked(name: str, target: ast.expr, value: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Name):
        return [value] if target.id == name else []
    if isinstance(value, ast.IfExp):
        return _unpacked(name, target, value.body) + _unpacked(name, target, value.orelse)
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        return [each for one, other in zip(target.elts, value.elts, strict=True) for each in _unpacked(name, one, other)]
    return []
