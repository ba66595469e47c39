from __future__ import annotations

import numpy as np
import pytest

from stumble.data import GaitData, SequenceKey
from stumble.errors import DataError


def test_keys_select_and_batch() -> None:
    data = made_up()
    probes = data.select(subjects=["002"], kinds=["BG"])
    assert [key.id for key in probes.keys] == ["002/bg-01/000", "002/bg-01/090"]

    batch = data.batch(probes.keys, frames=5)
    assert batch.ids == ("002/bg-01/000", "002/bg-01/090")
    assert tuple(batch.frames.shape) == (2, 5, 64, 44)
    assert batch.lengths.tolist() == [5, 5]


def made_up(width: int = 64) -> GaitData:
    """Sequences whose level at every pixel is the pixel's column, of 4 and more frames."""

    def read(key: SequenceKey) -> np.ndarray:
        frames = 4 + int(key.subject)
        return np.broadcast_to(np.arange(width, dtype=np.uint8), (frames, 64, width))

    keys = (SequenceKey(s, c, v) for s in ("001", "002") for c in ("bg-01", "nm-01", "nm-02") for v in ("000", "090"))
    return GaitData("made up", tuple(keys), read, synthetic=True, protocol="casia-b")


def test_key_knows_its_id_and_kind_and_sorts_by_subject_condition_view() -> None:
    key = SequenceKey("075", "cl-02", "018")
    assert (key.id, str(key), key.kind) == ("075/cl-02/018", "075/cl-02/018", "CL")
    assert SequenceKey("001", "nm-01", "180") < SequenceKey("002", "bg-01", "000")


def test_the_middle_44_of_64_columns_are_taken() -> None:
    frames = made_up().load(SequenceKey("001", "nm-01", "000"))
    assert frames[0, 0].tolist() == list(range(10, 54))
    assert frames.flags.c_contiguous


def test_44_columns_stay_as_they_are() -> None:
    assert made_up(44).load(SequenceKey("001", "nm-01", "000"))[0, 0].tolist() == list(range(44))


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((0, 64, 64), np.uint8),
        np.zeros((3, 64, 63), np.uint8),
        np.zeros((3, 128, 88), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((3, 64, 64), np.float32),
    ],
    ids=["empty", "63 wide", "128x88", "one image", "float"],
)
def test_anything_but_silhouettes_of_64_rows_is_an_error_that_names_the_sequence(frames: np.ndarray) -> None:
    data = GaitData("odd", (SequenceKey("001", "nm-01", "000"),), lambda key: frames, False, "casia-b")
    with pytest.raises(DataError, match=r"odd: 001/nm-01/000: found .*; expected uint8 \(n, 64, 64\)"):
        data.load(data.keys[0])


def test_select_filters_on_every_axis_and_none_keeps_all() -> None:
    data = made_up()
    assert data.select() == data
    assert len(data.select(conditions=["nm-02"], views=["090"])) == 2
    assert data.select(kinds=["CL"]).keys == ()
    assert data.subjects == ("001", "002")
    assert data.views == ("000", "090")


def test_batch_pads_to_the_longest() -> None:
    data = made_up()
    batch = data.batch([SequenceKey("001", "nm-01", "000"), SequenceKey("002", "nm-01", "000")])
    assert batch.lengths.tolist() == [5, 6]
    assert int(batch.frames[0, 5].max()) == 0


def test_sequences_skips_damage_and_tells_of_it() -> None:
    def read(key: SequenceKey) -> np.ndarray:
        if key.view == "090":
            raise DataError(key.id, "damage", "none")
        return np.ones((2, 64, 44), np.uint8)

    keys = tuple(SequenceKey("001", "nm-01", view) for view in ("000", "090", "180"))
    data = GaitData("half", keys, read, False, "casia-b")
    told: list[SequenceKey] = []
    assert [key.view for key, _ in data.sequences(lambda key, error: told.append(key))] == ["000", "180"]
    assert told == [keys[1]]
    with pytest.raises(DataError, match="found damage"):
        list(data.sequences())
