from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stumble.data.npz_members import npz_member
from stumble.errors import DataError

NUMBERS = hnp.arrays(
    hnp.integer_dtypes() | hnp.floating_dtypes(), hnp.array_shapes(min_dims=0, max_dims=4), fill=st.nothing()
)


def test_an_array_that_is_not_compressed_stays_on_disk(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", small=np.arange(3), large=np.arange(10.0))
    large = npz_member(tmp_path / "a.npz", "large")
    assert isinstance(large, np.memmap)
    np.testing.assert_array_equal(large, np.arange(10.0))


def test_a_compressed_one_is_read(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", large=np.arange(10.0))
    large = npz_member(tmp_path / "a.npz", "large")
    assert not isinstance(large, np.memmap)
    np.testing.assert_array_equal(large, np.arange(10.0))


@given(NUMBERS, NUMBERS, st.booleans(), st.booleans())
def test_whatever_numpy_writes(
    tmp_path_factory: pytest.TempPathFactory, first: np.ndarray, second: np.ndarray, compressed: bool, fortran: bool
) -> None:
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    second = np.asfortranarray(second) if fortran else second
    (np.savez_compressed if compressed else np.savez)(path, first=first, second=second)
    for name, array in (("first", first), ("second", second)):
        found = npz_member(path, name)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([{}]), np.array([1 + 2j])])
def test_what_is_no_number_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", x=array)
    with pytest.raises(DataError, match=r"a\.npz: found .*; expected a \.npz file with an array x of numbers"):
        npz_member(tmp_path / "a.npz", "x")


def test_an_array_that_is_not_there(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y=np.zeros(2))
    with pytest.raises(DataError, match=r"found the arrays y\.npy; expected a \.npz file with an array x"):
        npz_member(tmp_path / "a.npz", "x")


@given(st.data())
def test_any_damage_is_a_data_error_or_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    np.savez(path, x=np.arange(20.0).reshape(4, 5))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with suppress(DataError):
        np.asarray(npz_member(path, "x")).sum()
