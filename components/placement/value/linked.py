"""Object code into functions, by llvmlite and ctypes: what a process needs to run compiled kernels, and nothing more."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from llvmlite import binding

from components.placement.value.kernels import PLAIN, Kernels

PREFIX = "eas_"
"""Before a kernel's name in object code."""
_FROM_C = ("ldexp", "frexp")
"""Exact functions of the C library that numba's code calls under names of its own."""
_RETURNS = {"price": 0, "change": 0, "place_all": 0, "fill": 0, "weigh": 2}
"""How many integers a kernel gives; the others give one."""


class BrokenKernel(ArithmeticError):
    """A compiled kernel met what it cannot go on with, such as a division by zero: a defect, never the data's fault."""


@cache
def machine() -> Any:
    """Return the machine that code is made for: this one."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )


def described() -> str:
    """Return all of this machine and of LLVM that code depends on."""
    parts = (
        binding.get_default_triple(),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
        binding.llvm_version_info,
    )
    return " ".join(map(str, parts))


def linked(code: bytes) -> Kernels:
    """Return the kernels in a file of object code. Their memory stays as long as they are used."""
    library = ctypes.CDLL(None)
    for name in _FROM_C:
        binding.add_symbol(f"numba_{name}", ctypes.cast(getattr(library, name), ctypes.c_void_p).value)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return Kernels(*(_function(engine, name, kernel) for name, kernel in PLAIN._asdict().items()))


def _function(engine: Any, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
    """Return one kernel. By numba's convention it is told where its result and its fault go, and gives 0 if all is well."""
    count = kernel.__code__.co_argcount
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * count)
    function = kind(engine.get_function_address(PREFIX + name))
    results = _RETURNS.get(name, 1)
    room = ctypes.c_int64 * max(results, 1)

    def call(*given: Any) -> Any:
        # Whoever holds the function holds the engine, whose memory the code lies in.
        result, fault = room(), ctypes.c_void_p()
        if function(ctypes.addressof(result), ctypes.addressof(fault), *given):
            raise BrokenKernel(f"kernel {name} of {engine} failed")
        return tuple(result) if results > 1 else result[0] if results else None

    return call
