from __future__ import annotations

import os
import pickle
import struct
import tempfile
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.unpickling import load_pickle
from stumble.errors import DataError

FRAMES = np.arange(2 * 64 * 64).reshape(2, 64, 64).astype(np.uint8)


def load(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "090.pkl"
        path.write_bytes(content)
        return load_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_pickle_protocol(protocol: int) -> None:
    np.testing.assert_array_equal(load(pickle.dumps(FRAMES, protocol)), FRAMES)


def test_arrays_as_numpy_1_wrote_them() -> None:
    content = pickle.dumps(FRAMES, protocol=2)
    assert b"numpy._core.multiarray" in content
    np.testing.assert_array_equal(load(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")), FRAMES)


def test_arrays_as_python_2_wrote_them() -> None:
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x03\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x03\x01\x80\xfftb."
    )
    assert load(content).tolist() == [1, 128, 255]


@pytest.mark.parametrize(
    "value",
    [
        ({"a": [1, 2.5, "text", None, True], "b": (b"bytes", {1, 2}, frozenset({3}))}),
        (["S001", "S002"], [0, 1]),
        b"",
        2**80,
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_plain_containers(value: object, protocol: int) -> None:
    assert load(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("array", [np.float16([1, 2]), np.array([True, False]), np.complex64(1j) * np.ones(3)])
def test_arrays_of_other_numbers(array: np.ndarray) -> None:
    loaded = load(pickle.dumps({"x": [array]}))["x"][0]
    np.testing.assert_array_equal(loaded, array)
    assert loaded.dtype == array.dtype


@pytest.mark.parametrize("number", [np.int64(-3), np.float32(0.5), np.uint8(200), np.bool_(True), np.complex128(1j)])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_single_numbers_come_out_as_pythons(number: np.generic, protocol: int) -> None:
    content = pickle.dumps({"label": number}, protocol)
    for written in (content, content.replace(b"numpy._core", b"numpy.core")) if protocol < 4 else (content,):
        loaded = load(written)["label"]
        assert loaded == number and type(loaded) is type(number.item())


class Runs:
    """What an attacker pickles: an object that says how to be rebuilt."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.rebuild = function, arguments

    def __reduce__(self) -> Any:
        return self.rebuild


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_pickle_that_calls_a_function_is_refused_and_nothing_runs(tmp_path: Path, protocol: int) -> None:
    proof = tmp_path / "executed"
    for hidden in (lambda bad: bad, lambda bad: [FRAMES, {"x": bad}]):
        content = pickle.dumps(hidden(Runs(os.system, f"touch {proof}")), protocol)
        with pytest.raises(DataError, match=r"090\.pkl: found a pickle that names posix\.system|nt\.system"):
            load(content)
    assert not proof.exists()


@pytest.mark.parametrize(
    "value",
    [
        Runs(eval, "1+1"),
        Runs(getattr, FRAMES, "dump"),
        OrderedDict(a=1),
        Path("x"),
        np.random.default_rng(0),
        np.datetime64,
        np.zeros(2).view(np.recarray),
        Runs(np.load, "x"),
        Runs(np.memmap, "/etc/hostname"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_everything_but_arrays_and_containers_is_refused(value: object) -> None:
    with pytest.raises(DataError, match=r"names [\w.]+; expected a pickle of numpy arrays"):
        load(pickle.dumps(value))


class Dtype:
    """A dtype with a state that numpy would never write."""

    def __init__(self, name: object, *state: object) -> None:
        self.rebuild = np.dtype, (name, False, True), state

    def __reduce__(self) -> Any:
        return self.rebuild


class Array:
    """An array with a dtype and data of the attacker's choice."""

    def __init__(self, dtype: object, data: object, shape: object = (1,)) -> None:
        rebuild: Any = np.zeros(0).__reduce__()[0]
        self.rebuild = rebuild, (np.ndarray, (0,), b"b"), (1, shape, dtype, False, data)

    def __reduce__(self) -> Any:
        return self.rebuild


@pytest.mark.parametrize(
    "value",
    [
        Array(Dtype("O8", 3, "|", None, None, None, -1, -1, 0), b"pointers"),
        Array(Dtype("u1", 3, "|", None, ("a",), {"a": (Dtype("O8"), 0)}, 8, 8, 0), b"pointers"),
        Array(Dtype([("a", "O")]), b"pointers"),
        Array(Dtype("O8"), [], (2,)),
        Array(Dtype("O8"), [1]),
        Array(Dtype("V8"), b"pointers"),
        Array(Dtype("U2"), b"\xff" * 8),
        Array(Dtype("u1"), b"a", (-1, -1)),
        Array("O8", b"pointers"),
        Array(Dtype("u1"), b"too many"),
        Array(Dtype("u1"), b"", (2**40,)),
        Array(Dtype("u1"), b"", (2**62, 2**62)),
        Runs(np.zeros(0).__reduce_ex__(5)[0], 2**40, Dtype("u1"), (2**40,), "C"),
        Runs(np.dtype, "u1", False, True, "more"),
        Runs(np.int64(0).__reduce__()[0], Dtype("u1"), b"too many"),
        Runs(np.int64(0).__reduce__()[0], Dtype("O8"), b"pointers"),
        Runs(np.int64(0).__reduce__()[0], "u1", b"a"),
        Runs(np.ndarray, (2**40,)),
    ],
)
def test_state_that_numpy_would_believe_is_refused(value: object) -> None:
    """Unpicklers that admit numpy's own functions crash, or worse, on the first and third of these."""
    with pytest.raises(DataError, match="expected a pickle of numpy arrays"):
        load(pickle.dumps(value))


def test_byte_order_counts() -> None:
    assert load(pickle.dumps(np.arange(3, dtype=">i4"))).tolist() == [0, 1, 2]


def test_fortran_order_and_empty_arrays() -> None:
    for array in (np.asfortranarray(FRAMES), FRAMES[:0], np.array(3.5)):
        for protocol in (2, 5):
            loaded = load(pickle.dumps(array, protocol))
            np.testing.assert_array_equal(loaded, array)
            assert type(loaded) is np.ndarray


def test_one_pickle_cannot_change_how_the_next_is_read() -> None:
    for name in ("numpy\ndtype", "numpy\nndarray", "_codecs\nencode", "builtins\nset"):
        for state in (b"N}(V__call__\nNVreal\nNu\x86b.", b"}(Vreal\nNub."):
            with pytest.raises(DataError):
                load(b"\x80\x02c" + name.encode() + b"\n" + state)
    np.testing.assert_array_equal(load(pickle.dumps(FRAMES)), FRAMES)


def test_a_small_file_cannot_ask_for_much_memory() -> None:
    huge_memo = b"\x80\x02Nr" + struct.pack("<I", 2**31) + b"."
    huge_array = pickle.dumps(FRAMES, 2).replace(b"K\x00\x85", b"J\xff\xff\xff\x7f\x85", 1)
    huge_bytes = b"\x80\x05\x96" + struct.pack("<Q", 2**50) + b"."
    for content, found in (
        (huge_memo, "memo index 2147483648 in 9 bytes"),
        (huge_array, r"shape \(2147483647,\) before its data"),
        (huge_bytes, "expected 1125899906842624 bytes"),
    ):
        with pytest.raises(DataError, match=found):
            load(content)


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=3),
    st.integers(0, 5),
)
def test_no_bytes_make_it_fail_in_another_way(noise: bytes, changes: list[tuple[int, int]], protocol: int) -> None:
    content = bytearray(pickle.dumps([FRAMES[0, 0], {"a": 1}], protocol))
    for position, value in changes:
        content[position % len(content)] = value
    for damaged in (noise, bytes(content), bytes(content[: changes[0][0] % len(content)])):
        with suppress(DataError):
            load(damaged)
