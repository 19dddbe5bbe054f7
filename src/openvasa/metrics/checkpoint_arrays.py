"""Arrays of a pickled checkpoint of JAX or Flax, read without running anything in it.

A pickle is a small program. `pickletools` lists its operations; this carries out only those that
build dictionaries, tuples, strings, numbers and NumPy arrays, and refuses all others. No class is
looked up and no function is called. Knows nothing of networks.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from openvasa.types import InputError

_TYPES = {"f4": "f4", "f2": "f2", "f8": "f8", "i4": "i4", "i8": "i8"}


class _Mark:
    """Where a tuple or the items of a dictionary begin."""


class _Named:
    """The name of a class or function, never looked up."""

    def __init__(self, name: str) -> None:
        self.name = name


class _Cell:
    """An array or a dtype that is described in a later operation."""

    def __init__(self, kind: str, arguments: tuple[Any, ...]) -> None:
        self.kind, self.arguments = kind, arguments
        self.state: tuple[Any, ...] = ()

    def array(self) -> np.ndarray:
        shape, dtype, fortran, data = self.state[1:5]
        kind = _TYPES[dtype.arguments[0]]
        flat = np.frombuffer(data, "<" + kind)
        return flat.reshape(shape, order="F" if fortran else "C")


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of a checkpoint.

    Args:
        path: A pickle of nested dictionaries of NumPy arrays.

    Returns:
        Arrays by their keys, joined by slashes.

    Raises:
        InputError: The file is missing, or holds anything else.
    """
    if not path.is_file():
        raise InputError(f"there is no file '{path}': give the checkpoint named in the help.")
    try:
        tree = _build(path.read_bytes())
        arrays = dict(_flat(tree, ""))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(
            f"'{path}' is not a plain checkpoint of arrays ({error}): give the file named in the "
            "help."
        ) from error
    if not arrays:
        raise InputError(f"'{path}' holds no arrays: give the file named in the help.")
    return arrays


def _flat(tree: Any, name: str) -> list[tuple[str, np.ndarray]]:
    if isinstance(tree, dict):
        return [pair for key, value in tree.items() for pair in _flat(value, f"{name}/{key}")]
    if isinstance(tree, _Cell) and tree.kind.endswith("_reconstruct"):
        return [(name.lstrip("/"), tree.array())]
    raise ValueError(f"'{name}' is no array")


def _build(data: bytes) -> Any:
    """What the pickle describes, arrays as cells."""
    stack: list[Any] = []
    memo: dict[Any, Any] = {}
    for operation, value, _ in pickletools.genops(data):
        name = operation.name
        if name in ("PROTO", "FRAME"):
            continue
        if name == "STOP":
            return stack.pop()
        if name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _VALUES:
            stack.append(value)
        elif name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
            memo[len(memo) if name == "MEMOIZE" else value] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[value])
        elif name == "GLOBAL":
            stack.append(_Named(str(value).replace(" ", ".")))
        elif name in _MAKERS:
            _MAKERS[name](stack)
        else:
            raise ValueError(f"operation {name}")
    raise ValueError("it ends early")


def _to_mark(stack: list[Any]) -> list[Any]:
    at = max(i for i, item in enumerate(stack) if isinstance(item, _Mark))
    items = stack[at + 1 :]
    del stack[at:]
    return items


def _tuple(count: int) -> Callable[[list[Any]], None]:
    def make(stack: list[Any]) -> None:
        items = tuple(stack[-count:])
        del stack[-count:]
        stack.append(items)

    return make


def _set_item(stack: list[Any]) -> None:
    key, value = stack[-2:]
    del stack[-2:]
    stack[-1][key] = value


def _set_items(stack: list[Any]) -> None:
    items = _to_mark(stack)
    stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _name(stack: list[Any]) -> None:
    module, name = stack[-2:]
    del stack[-2:]
    stack.append(_Named(f"{module}.{name}"))


def _reduce(stack: list[Any]) -> None:
    called, arguments = stack[-2:]
    del stack[-2:]
    if not isinstance(called, _Named) or not called.name.startswith("numpy."):
        raise ValueError("it calls something that is not NumPy's")
    stack.append(_Cell(called.name, arguments))


def _state(stack: list[Any]) -> None:
    state = stack.pop()
    stack[-1].state = state


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_VALUES = {
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
_MAKERS: dict[str, Callable[[list[Any]], None]] = {
    "EMPTY_DICT": lambda stack: stack.append({}),
    "MARK": lambda stack: stack.append(_Mark()),
    "TUPLE": lambda stack: stack.append(tuple(_to_mark(stack))),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "STACK_GLOBAL": _name,
    "REDUCE": _reduce,
    "BUILD": _state,
}
