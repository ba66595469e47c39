from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from abc import ABC
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonargparse import ArgumentParser

from stumble.errors import SpecError
from stumble.interfaces import SilhouetteInput, Target
from stumble.spec import from_plain, identity, to_plain


def test_a_component_is_its_import_path_and_its_fields() -> None:
    plain = to_plain(SilhouetteInput(height=32))
    assert plain == {
        "class_path": "stumble.interfaces.gait.SilhouetteInput",
        "init_args": {"height": 32, "width": 44, "minimum_frames": 1},
    }
    assert from_plain(plain, SilhouetteInput) == SilhouetteInput(height=32)


class Colour(Enum):
    RED = 1
    GREEN = 2


class Shape(ABC):  # noqa: B024
    pass


@dataclass(frozen=True)
class Disc(Shape):
    radius: float = 1.0
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Picture(Shape):
    title: str
    shapes: tuple[Shape, ...] = ()
    size: tuple[int, float] = (1, 2.0)
    where: Path = Path("a/b")
    mode: Literal["fill", "line"] = "fill"
    frame: Shape | None = None
    limit: int | float | str | None = None
    weights: dict[str, float] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    shown: bool = True


@dataclass
class Thawed:
    radius: float = 1.0


floats = st.floats(allow_nan=False, allow_infinity=False)
discs = st.builds(Disc, floats, st.sampled_from(Colour))
pictures = st.recursive(
    discs,
    lambda shapes: st.builds(
        Picture,
        st.text(),
        st.lists(shapes, max_size=3).map(tuple),
        st.tuples(st.integers(), floats),
        st.lists(st.from_regex(r"[a-z.]{1,5}", fullmatch=True), max_size=3).map(lambda parts: Path(*parts)),
        st.sampled_from(["fill", "line"]),
        st.none() | shapes,
        st.none() | st.integers() | floats | st.text(),
        st.dictionaries(st.text(), floats, max_size=3),
        st.lists(st.text(), max_size=3),
        st.booleans(),
    ),
    max_leaves=6,
)


@given(pictures)
def test_plain_data_comes_back_equal_through_json(shape: Shape) -> None:
    back = from_plain(json.loads(json.dumps(to_plain(shape))), Shape)
    assert back == shape
    assert identity(back) == identity(shape)


@given(pictures, pictures)
def test_identities_are_equal_exactly_where_components_are(one: Shape, other: Shape) -> None:
    assert (identity(one) == identity(other)) == (one == other)


def test_identity_ignores_the_order_of_keys_and_the_spelling_of_whole_numbers() -> None:
    assert identity({"a": 1, "b": (2.0,)}) == identity({"b": [2], "a": 1.0})
    assert identity(0.1) != identity(0.1 + 1e-17 + 1e-16)
    assert identity(True) != identity(1)


def test_identity_is_the_hash_of_canonical_json_in_any_process() -> None:
    names = "from stumble.interfaces import SilhouetteInput; from stumble.spec import identity"
    code = f"{names}; print(identity(SilhouetteInput()))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    fields = '{"height":64,"minimum_frames":1,"width":44}'
    text = f'{{"class_path":"stumble.interfaces.gait.SilhouetteInput","init_args":{fields}}}'
    assert identity(SilhouetteInput()) == other == hashlib.sha256(text.encode()).hexdigest()


def test_jsonargparse_reads_what_we_write() -> None:
    picture = Picture("one", (Disc(2.0, Colour.GREEN),), frame=Disc(0.5))
    parser = ArgumentParser()
    parser.add_argument("--shape", type=Shape)
    made = parser.instantiate(parser.parse_object({"shape": to_plain(picture)}))
    assert made.shape == picture


def test_we_read_what_jsonargparse_writes() -> None:
    parser = ArgumentParser()
    parser.add_argument("--shape", type=Shape)
    name = f"{__name__}.Picture"
    arguments = parser.parse_args([f"--shape={name}", "--shape.title=one", f"--shape.frame={__name__}.Disc"])
    written = json.loads(parser.dump(arguments, format="json"))["shape"]
    assert from_plain(written, Shape) == Picture("one", frame=Disc())


@pytest.mark.parametrize(
    "unfit",
    [float("nan"), float("inf"), {1: 2}, {1, 2}, b"a", np.float32(1), Disc, Thawed(), Disc(radius=float("nan"))],
    ids=repr,
)
def test_what_has_no_plain_form_is_refused(unfit: object) -> None:
    with pytest.raises(SpecError, match="expected a frozen dataclass"):
        to_plain(unfit)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(SpecError, match=r"Picture\.shapes\[1\]\.radius: found float inf"):
        to_plain(Picture("one", (Disc(), Disc(float("inf")))))


def test_a_local_class_has_no_import_path() -> None:
    @dataclass(frozen=True)
    class Local:
        pass

    with pytest.raises(SpecError, match="has no import path"):
        to_plain(Local())


HERE = __name__


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "found list .*expected a mapping"),
        ({"init_args": {}}, "found dict .*expected a mapping"),
        ({"class_path": f"{HERE}.Disc", "args": {}}, "unknown key 'args'"),
        ({"class_path": f"{HERE}.Disc", "init_args": [1]}, "init_args is list"),
        ({"class_path": f"{HERE}.Disk"}, "no such component; did you mean 'Disc'"),
        ({"class_path": "stumble.nowhere.Disc"}, "no such component"),
        ({"class_path": "Disc"}, "no such component"),
        ({"class_path": "os.system"}, "expected a dataclass"),
        ({"class_path": "stumble.interfaces.gait.SilhouetteInput"}, "is no Shape"),
        ({"class_path": f"{HERE}.Disc", "init_args": {"radios": 1}}, "unknown field 'radios'; did you mean 'radius'"),
        ({"class_path": f"{HERE}.Picture"}, "the field 'title' is missing"),
        ({"class_path": f"{HERE}.Disc", "init_args": {"radius": "1"}}, r"Disc\.radius: found str '1'; expected float"),
        ({"class_path": f"{HERE}.Disc", "init_args": {"radius": True}}, "found bool True; expected float"),
        ({"class_path": f"{HERE}.Disc", "init_args": {"colour": "REDD"}}, "unknown value 'REDD'; did you mean 'RED'"),
        (
            {"class_path": f"{HERE}.Picture", "init_args": {"title": "", "mode": "lin"}},
            "unknown value 'lin'; did you mean 'line'",
        ),
        ({"class_path": f"{HERE}.Picture", "init_args": {"title": "", "size": [1]}}, "found 1 values; expected 2"),
        (
            {
                "class_path": f"{HERE}.Picture",
                "init_args": {"title": "", "frame": {"class_path": f"{HERE}.Disc", "init_args": {"rad": 1}}},
            },
            r"Disc: unknown field 'rad'",
        ),
        ({"class_path": f"{HERE}.Picture", "init_args": {"title": "", "frame": 3}}, "found int 3; expected Shape"),
        ({"class_path": f"{HERE}.Thawed"}, "is no Shape"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(data: object, message: str) -> None:
    with pytest.raises(SpecError, match=message) as refusal:
        from_plain(data, Shape)
    assert "\n" not in str(refusal.value)


def test_where_the_base_is_a_protocol_only_our_own_components_are_admitted() -> None:
    with pytest.raises(SpecError, match="expected a component of stumble"):
        from_plain({"class_path": f"{HERE}.Disc"}, Target)  # type: ignore[type-abstract]
