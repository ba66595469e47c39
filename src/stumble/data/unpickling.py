"""Pickles from elsewhere: arrays and plain containers come out; anything else that a pickle names is refused.

Admitting numpy's own functions is not enough: a pickle also says what state to give to what they return, and numpy
believes it. A dtype takes flags from it that make the bytes of an object array pointers; an object array with a
list shorter than its shape ends the process. So what a pickle can reach are the stand-ins below. They take from a
state only what describes an array of numbers, and, being instances without a dictionary, cannot be changed by it.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any

import numpy as np

from stumble.data.damage import reading
from stumble.errors import DataError

__all__ = ["load_pickle"]

LARGEST_FILE = 2**31
EXPECTED = "a pickle of numpy arrays of numbers, and plain containers"
SIMPLE_DTYPE = re.compile(r"[<>|=]?[biufc]\d{1,2}")


def load_pickle(path: Path) -> Any:
    """What a pickle file holds, without running anything that it names.

    Numbers, strings, tuples, lists, dicts, sets and numpy arrays of numbers are admitted, as every version of
    pickle and numpy writes them; numpy's single numbers come out as Python's.

    Raises:
        DataError: the file is over 2 GiB or no pickle, or names anything but what numpy needs to rebuild arrays;
            the error names the refused global.
    """
    with reading(path, EXPECTED):
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise DataError(path, f"{size} bytes", f"at most {LARGEST_FILE}")
        content = path.read_bytes()
        for opcode, argument, _ in pickletools.genops(content):  # refuses lengths beyond the end of the file
            if opcode.name.endswith("PUT") and (argument or 0) > len(content):  # would allocate a memo of that length
                raise DataError(path, f"memo index {argument} in {len(content)} bytes", EXPECTED)
        value = _ArrayUnpickler(path, content).load()
        return value.view(np.ndarray) if isinstance(value, _Array) else value


class _Dtype:
    """A dtype; of its state only the byte order counts."""

    __slots__ = ("real",)

    def __init__(self, real: np.dtype[Any]) -> None:
        self.real = real

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        order, parts = state[1], state[2:5]
        if order not in ("<", ">", "|", "=") or parts != (None, None, None):
            raise pickle.UnpicklingError(f"a dtype in the state {str(state)[:40]}")
        self.real = self.real.newbyteorder(order)


class _Array(np.ndarray):
    """An array that a pickle fills with its data."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        version, shape, dtype, fortran, data = state
        if isinstance(data, str):  # Python 2
            data = data.encode("latin1")
        if type(shape) is not tuple or any(type(size) is not int or size < 0 for size in shape):
            raise pickle.UnpicklingError(f"an array of shape {str(shape)[:40]}")
        if type(dtype) is not _Dtype or type(data) is not bytes or len(data) != math.prod(shape) * dtype.real.itemsize:
            raise pickle.UnpicklingError(f"array data that does not fill the shape {shape}")
        super().__setstate__((version, shape, dtype.real, bool(fortran), data))  # type: ignore[arg-type]


class _MakeDtype:
    """`numpy.dtype`, for simple types."""

    __slots__ = ()

    def __call__(self, name: Any, align: Any = False, copy: Any = False) -> _Dtype:
        if not isinstance(name, str) or not SIMPLE_DTYPE.fullmatch(name):
            raise pickle.UnpicklingError(f"the dtype {str(name)[:40]!r}")
        return _Dtype(np.dtype(name))


class _ArrayType:
    """`numpy.ndarray` as an argument: nothing that can be called."""

    __slots__ = ()


class _Reconstruct:
    """numpy's `_reconstruct`: the empty array that is filled afterwards."""

    __slots__ = ()

    def __call__(self, subtype: Any, shape: Any, dtype: Any) -> _Array:
        if not isinstance(subtype, _ArrayType) or shape != (0,):
            raise pickle.UnpicklingError(f"an array of shape {shape!r} before its data")
        return _Array((0,))


class _FromBuffer:
    """numpy's `_frombuffer` (pickle protocol 5)."""

    __slots__ = ()

    def __call__(self, buffer: Any, dtype: _Dtype, shape: Any, order: Any) -> np.ndarray:
        if not isinstance(buffer, bytes | bytearray):
            raise pickle.UnpicklingError(f"array data in a {type(buffer).__name__}")
        return np.frombuffer(bytearray(buffer), dtype=dtype.real).reshape(shape, order=order)


class _Scalar:
    """numpy's `scalar`: a single number, which comes out as Python's."""

    __slots__ = ()

    def __call__(self, dtype: Any, data: Any) -> Any:
        if isinstance(data, str):  # Python 2
            data = data.encode("latin1")
        if type(dtype) is not _Dtype or type(data) is not bytes or len(data) != dtype.real.itemsize:
            raise pickle.UnpicklingError("data that is no single number")
        return np.frombuffer(data, dtype.real)[0].item()


class _Latin1Bytes:
    """`_codecs.encode` as pickle protocols 0 to 2 use it: bytes written as text."""

    __slots__ = ()

    def __call__(self, text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
        return text.encode("latin1")


class _EmptyBytes:
    """`bytes` as pickle protocols 0 to 2 call it, without a length to allocate."""

    __slots__ = ()

    def __call__(self) -> bytes:
        return b""


ADMITTED: dict[str, Any] = {
    "numpy.ndarray": _ArrayType(),
    "numpy.dtype": _MakeDtype(),
    "_codecs.encode": _Latin1Bytes(),
    **{f"numpy.{core}.multiarray._reconstruct": _Reconstruct() for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _Scalar() for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _FromBuffer() for core in ("core", "_core")},
    **{f"{builtins}.set": set for builtins in ("builtins", "__builtin__")},
    **{f"{builtins}.frozenset": frozenset for builtins in ("builtins", "__builtin__")},
    **{f"{builtins}.bytes": _EmptyBytes() for builtins in ("builtins", "__builtin__")},
}


class _ArrayUnpickler(pickle.Unpickler):
    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="latin1")
        self.path = path

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" not in ADMITTED:
            raise DataError(self.path, f"a pickle that names {module}.{name}", EXPECTED)
        return ADMITTED[f"{module}.{name}"]
