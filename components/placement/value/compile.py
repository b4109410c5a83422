"""From the kernels' source to object code, by numba; the one module that imports it.

The kernels are called with addresses: every bundle of arrays lies in memory as a row of words, in the order of its fields
(``words.py`` writes them), and the compiled functions find the arrays from there. So what runs them needs neither numba nor
numpy, which take longer to import than a small plan takes to make.
"""

from __future__ import annotations

import types as python
from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import numba
from llvmlite import binding, ir
from numba.core import types
from numba.extending import intrinsic, register_jitable
from numba.np.arrayobj import populate_array

from components.placement.value import (
    energy,
    gangs,
    knapsack,
    node,
    numeric,
    prices,
    ranks,
    shape,
    solve,
    tables,
)
from components.placement.value.kernels import PLAIN
from components.placement.value.linked import PREFIX, machine

_PARTS = (numeric, energy, gangs, solve, tables, node, prices, ranks, knapsack)
"""In the order in which they call one another."""
# Typed in part, and without what is used here.
_njit: Any = numba.njit
_named_tuple: Any = types.NamedTuple
_populate: Any = populate_array
_WORD = ir.IntType(64)
_INT, _FLOAT = types.int64, types.float64
_LEAVES: dict[object, Any] = {
    int: _INT,
    float: _FLOAT,
    shape.Ints: types.Array(_INT, 1, "C"),
    shape.Floats: types.Array(_FLOAT, 1, "C"),
    shape.Rows: types.Array(_INT, 2, "C"),
    shape.FloatRows: types.Array(_FLOAT, 2, "C"),
}


def object_code() -> bytes:
    """Return all kernels as one file of object code for this machine."""
    for part in _PARTS:
        for function in vars(part).values():
            if isinstance(function, python.FunctionType) and function.__module__ == part.__name__:
                register_jitable(forceinline=True)(function)
    whole = binding.parse_assembly("")
    for name, function in PLAIN._asdict().items():
        whole.link_in(_module(name, function))
    whole.verify()
    code: bytes = machine().emit_object(whole)
    return code


def _module(name: str, function: Callable[..., Any]) -> Any:
    """Return one kernel as LLVM's code, under its name."""
    hints = get_type_hints(function)
    kinds = [hints[each] for each in function.__code__.co_varnames[: function.__code__.co_argcount]]
    scope: dict[str, Any] = {"kernel": function}
    handed = []
    for number, kind in enumerate(kinds):
        scope[f"read{number}"] = _reader(kind)
        handed.append(f"a{number}" if kind is int else f"read{number}(a{number})")
    names = ", ".join(f"a{number}" for number in range(len(kinds)))
    exec(f"def entry({names}):\n    return kernel({', '.join(handed)})", scope)
    signature = (_INT,) * len(kinds)
    # Kernels allocate nothing, and counting references to arrays would take most of their time.
    compiled = _njit(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(scope["entry"])
    compiled.compile(signature)
    module = binding.parse_assembly(compiled.inspect_llvm(signature))
    module.get_function(compiled.overloads[signature].fndesc.llvm_func_name).name = PREFIX + name
    return module


def _type(kind: Any) -> Any:
    if kind in _LEAVES:
        return _LEAVES[kind]
    return _named_tuple([_type(hint) for hint in _fields(kind)], kind)


def _fields(kind: Any) -> Sequence[Any]:
    hints = get_type_hints(kind)
    return [hints[name] for name in kind._fields]


def _reader(kind: Any) -> Any:
    """Return a function from the address of a bundle's words, or an array's, to the bundle."""
    result = _type(kind)

    @intrinsic
    def read(typing: Any, address: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, given: Any) -> Any:
            words = builder.inttoptr(given[0], _WORD.as_pointer())
            return (
                _read(context, builder, kind, words, 0)[0]
                if kind in _LEAVES
                else _bundle(context, builder, kind, words)
            )

        return result(types.int64), code

    return read


def _bundle(context: Any, builder: Any, kind: Any, words: Any) -> Any:
    values, at = [], 0
    for each in _fields(kind):
        value, at = _read(context, builder, each, words, at)
        values.append(value)
    return context.make_tuple(builder, _type(kind), values)


def _read(context: Any, builder: Any, kind: Any, words: Any, at: int) -> tuple[Any, int]:
    """Return what stands at a word, and the word after it."""

    def word(number: int) -> Any:
        return builder.load(builder.gep(words, [ir.Constant(_WORD, number)]))

    if kind is int:
        return word(at), at + 1
    if kind is float:
        return builder.bitcast(word(at), ir.DoubleType()), at + 1
    if kind not in _LEAVES:
        return _bundle(context, builder, kind, builder.inttoptr(word(at), _WORD.as_pointer())), at + 1
    type_ = _LEAVES[kind]
    extent = [word(at + 1 + dimension) for dimension in range(type_.ndim)]
    size = ir.Constant(_WORD, 8)
    strides = [size] if type_.ndim == 1 else [builder.mul(extent[1], size), size]
    array = context.make_array(type_)(context, builder)
    data = builder.inttoptr(word(at), context.get_data_type(type_.dtype).as_pointer())
    _populate(array, data=data, shape=extent, strides=strides, itemsize=size, meminfo=None)
    return array._getvalue(), at + 1 + type_.ndim
