from __future__ import annotations

import pickle
from pathlib import Path

from stumble.errors import DataError, StumbleError


def test_a_data_error_names_the_file_what_was_found_and_what_was_expected() -> None:
    error = DataError(Path("001.png"), "an empty file", "a PNG file")
    assert str(error) == "001.png: found an empty file; expected a PNG file"
    assert isinstance(error, StumbleError)


def test_a_data_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DataError("001.png", "an empty file", "a PNG file")))
    assert isinstance(error, DataError)
    assert (error.where, error.found, error.expected) == ("001.png", "an empty file", "a PNG file")
    assert str(error) == "001.png: found an empty file; expected a PNG file"
