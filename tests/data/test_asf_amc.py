"""ASF/AMC: an independent writer and a slow reference, then real files, then damaged ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.asf_amc import read_amc, read_asf
from stumble.errors import DataError

TEN_INCHES = 0.254

SKELETON = """# a comment
:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   free text
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name thigh
     direction 0 1 0
     length 4.5
     axis 0 0 90 XYZ
    dof rx rz
    limits (-160.0 20.0)
           (-70.0 70.0)
  end
  begin
     id 2
     name shin
     direction 0 1 0
     length 4.5
     axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh shin
  end
"""
MOTION = """#!OML:ASF somewhere
:FULLY-SPECIFIED
:DEGREES
1
root 0 0 0 0 0 0
thigh 0 0
2
root 4.5 9 0 0 0 90
thigh 0 0
3
root 0 0 0 0 0 0
thigh 0 90
4
root 0 0 0 0 0 0
thigh 90 0
"""


def write(folder: Path, skeleton: str | bytes = SKELETON, motion: str | bytes = MOTION) -> tuple[Path, Path]:
    paths = folder / "some.asf", folder / "some.amc"
    for path, content in zip(paths, (skeleton, motion), strict=True):
        path.write_bytes(content.encode("latin-1") if isinstance(content, str) else content)
    return paths


def test_two_bones_of_ten_inches(tmp_path: Path) -> None:
    asf, amc = write(tmp_path)
    recording = read_amc(amc, read_asf(asf))
    assert recording.joints == ("root", "thigh", "shin")
    assert recording.frame_rate == 120
    one = TEN_INCHES
    rest = [[0, 0, 0], [0, one, 0], [0, 2 * one, 0]]
    root_moved_and_turned = [[one, 2 * one, 0], [0, 2 * one, 0], [-one, 2 * one, 0]]
    turned_about_z = [[0, 0, 0], [-one, 0, 0], [-2 * one, 0, 0]]
    turned_about_own_x_which_is_y = [[0, 0, 0], [0, one, 0], [0, 2 * one, 0]]  # both bones lie along that axis
    expected = [rest, root_moved_and_turned, turned_about_z, turned_about_own_x_which_is_y]
    np.testing.assert_allclose(recording.positions, expected, atol=1e-12)


@dataclass
class Random:
    """A random skeleton and motion, written by the letter of the format."""

    seed: int
    bones: int = 6
    frames: int = 3

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.unit = rng.uniform(0.2, 2)
        self.radians = bool(rng.random() < 0.5)
        self.parents = [-1, *(int(rng.integers(k)) for k in range(1, self.bones))]
        self.names = ["root", *(f"bone{k}" for k in range(1, self.bones))]
        self.directions = rng.normal(size=(self.bones, 3))
        self.directions /= np.linalg.norm(self.directions, axis=1, keepdims=True)
        self.lengths = rng.uniform(0, 8, self.bones)
        self.axes = rng.uniform(-180, 180, (self.bones, 3))
        self.orders = ["".join(rng.permutation(list("XYZ"))) for _ in range(self.bones)]
        self.dofs = [
            [str(d) for d in rng.permutation(["rx", "ry", "rz"])[: rng.integers(4)]] for _ in range(self.bones)
        ]
        self.dofs[0] = [str(d) for d in rng.permutation(["tx", "ty", "tz", "rx", "ry", "rz"])]
        self.place = rng.normal(size=3)
        self.values = [[rng.uniform(-170, 170, len(d)) for d in self.dofs] for _ in range(self.frames)]
        self.shuffle = rng.permutation(self.bones)

    def angle(self, degrees: float) -> float:
        return float(np.radians(degrees)) if self.radians else float(degrees)

    def asf(self) -> str:
        lines = [":units", f" length {self.unit!r}", f" angle {'rad' if self.radians else 'deg'}", ":root"]
        lines += [" order " + " ".join(self.dofs[0]).upper(), f" axis {self.orders[0]}"]
        lines += [" position " + " ".join(map(repr, self.place.tolist()))]
        lines += [" orientation " + " ".join(repr(self.angle(a)) for a in self.axes[0]), ":bonedata"]
        for k in range(1, self.bones):
            direction = " ".join(map(repr, self.directions[k].tolist()))
            axis = " ".join(repr(self.angle(a)) for a in self.axes[k])
            lines += ["begin", f"id {k}", f"name {self.names[k]}", f"direction {direction}"]
            lines += [f"length {float(self.lengths[k])!r}", f"axis {axis} {self.orders[k]}"]
            lines += [f"dof {' '.join(self.dofs[k])}"] * bool(self.dofs[k]) + ["end"]
        lines += [":hierarchy", "begin"]
        for parent in reversed(range(self.bones)):  # children may come before their parents
            children = [self.names[k] for k in range(self.bones) if self.parents[k] == parent]
            lines += [" ".join([self.names[parent], *children])] * bool(children)
        return "\n".join([*lines, "end", ""])

    def amc(self) -> str:
        lines = [":FULLY-SPECIFIED", ":RADIANS" if self.radians else ":DEGREES"]
        for number, values in enumerate(self.values, 1):
            lines.append(str(number))
            for k in self.shuffle:
                if self.dofs[k]:
                    written = [
                        v if d[0] == "t" else self.angle(v) for d, v in zip(self.dofs[k], values[k], strict=True)
                    ]
                    lines.append(" ".join([self.names[k], *map(repr, map(float, written))]))
        return "\n".join(lines)

    @staticmethod
    def turn(axis: str, degrees: float) -> np.ndarray:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
        matrix = np.eye(3)
        matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
        return matrix

    def positions(self) -> dict[str, np.ndarray]:
        """Bone by bone and frame by frame."""
        metres = 0.0254 / self.unit
        found: dict[str, list[np.ndarray]] = {name: [] for name in self.names}
        for values in self.values:
            turns, places = {}, {}
            for k in range(self.bones):
                c, r = np.eye(3), np.eye(3)
                for axis in self.orders[k].lower():
                    c = self.turn(axis, self.axes[k]["xyz".index(axis)]) @ c
                shift = np.zeros(3)
                for channel, value in zip(self.dofs[k], values[k], strict=True):
                    if channel[0] == "r":
                        r = self.turn(channel[1], value) @ r
                    else:
                        shift["xyz".index(channel[1])] += value
                local = c @ r @ np.linalg.inv(c)
                if k == 0:
                    turns[k], places[k] = local, (self.place + shift) * metres
                else:
                    turns[k] = turns[self.parents[k]] @ local
                    offset = self.directions[k] * self.lengths[k] * metres
                    places[k] = places[self.parents[k]] + turns[k] @ offset
                found[self.names[k]].append(places[k])
        return {name: np.array(rows) for name, rows in found.items()}


@given(st.integers(0, 2**32))
def test_any_skeleton_and_motion_as_a_slow_loop_computes_them(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = Random(seed)
    asf, amc = write(tmp_path_factory.mktemp("random"), random.asf(), random.amc())
    recording = read_amc(amc, read_asf(asf))
    for name, expected in random.positions().items():
        np.testing.assert_allclose(recording[name], expected, atol=1e-9)


@pytest.mark.parametrize("clip", ["cmu/02/02_01", "cmu/39/39_01", "cmu/16/16_15", "hdm05/squat1Reps"])
def test_real_people_have_human_sizes_and_feet_on_the_ground(mocap: Path, clip: str) -> None:
    amc = (mocap / f"{clip}.amc") if clip.startswith("cmu") else sorted((mocap / clip).glob("*_bk_*.amc"))[0]
    asf = amc.with_name(f"{amc.parent.name}.asf") if clip.startswith("cmu") else mocap / "hdm05" / "HDM_bk.asf"
    skeleton = read_asf(asf)
    assert skeleton.metres == pytest.approx(0.0254 / 0.45)
    recording = read_amc(amc, skeleton)
    standing = np.percentile(recording["head"][:, 1], 90)
    assert 1.4 < standing < 1.8  # the middle of the head of an adult
    lowest = recording.positions[:, :, 1].min(1)
    assert -0.08 < np.median(lowest) < 0.1
    for side in "lr":
        leg = sum(
            np.linalg.norm(bone.offset) for bone in skeleton.bones if bone.name in (f"{side}femur", f"{side}tibia")
        )
        assert 0.7 < leg < 1.0
        thigh = np.linalg.norm(recording[f"{side}femur"] - recording[f"{side}hipjoint"], axis=1)
        assert np.ptp(thigh) < 1e-9


def damaged(line: str, by: str, text: str) -> str:
    assert line in text
    return text.replace(line, by, 1)


@pytest.mark.parametrize(
    ("skeleton", "message"),
    [
        ("", r"some\.asf: found :root with nothing"),
        (SKELETON[: SKELETON.index("axis 0 0 0 XYZ")], r"some\.asf: found the end of the file; expected end of a bone"),
        (damaged("length 4.5", "length nan", SKELETON), r"some\.asf:19: found 'nan'; expected length and a number"),
        (damaged("length 0.45", "length 0", SKELETON), r"some\.asf:5: found length 0"),
        (damaged("direction 0 1 0", "direction 0 1", SKELETON), r"some\.asf:18: found '0 1'; expected direction and 3"),
        (damaged("direction 0 1 0", "direction 0 0 0", SKELETON), r"direction of length 0 for 'thigh'"),
        (damaged("90 XYZ", "90 XYX", SKELETON), r"some\.asf:20: found '0 0 90 XYX'"),
        (damaged("dof rx rz", "dof rx l", SKELETON), r"some\.asf:21: found 'rx l'; expected dof and some of rx ry rz"),
        (damaged("order TX", "order", SKELETON), r"found :root with order ty tz rx ry rz, axis xyz"),
        (damaged("    thigh shin", "", SKELETON), r"found 'shin' in no line of :hierarchy"),
        (damaged("    thigh shin", "    shin shin", SKELETON), r"found 'shin' outside the hierarchy"),
        (damaged("    thigh shin", "    thigh foot", SKELETON), r"some\.asf:35: found 'foot'; expected a bone"),
        (damaged("name shin", "name thigh", SKELETON), r"found a second bone 'thigh'"),
    ],
)
def test_a_damaged_skeleton(tmp_path: Path, skeleton: str, message: str) -> None:
    asf, _ = write(tmp_path, skeleton)
    with pytest.raises(DataError, match=message):
        read_asf(asf)


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        ("", r"some\.amc: found no frames"),
        (
            damaged("thigh 0 0\n", "", MOTION),
            r"some\.amc:6: found '2'; expected 'thigh' or another bone that frame 1 lacks",
        ),
        (damaged("thigh 0 0", "foot 0 0", MOTION), r"some\.amc:6: found 'foot'; expected 'thigh'"),
        (damaged("thigh 0 0", "thigh 0", MOTION), r"some\.amc:6: found '0'; expected thigh rx rz"),
        (damaged("thigh 0 0", "thigh 0 nan", MOTION), r"some\.amc:6: found '0 nan'; expected thigh rx rz"),
        (damaged("thigh 0 0", "thigh 0 1e9", MOTION), r"some\.amc:6: found '0 1e9'"),
        (MOTION[: MOTION.rindex("thigh")], r"some\.amc: found the end of the file; expected 'thigh'"),
        (MOTION + "extra 3\n", r"some\.amc:16: found 'extra 3'; expected the number of a frame"),
    ],
)
def test_a_damaged_motion(tmp_path: Path, motion: str, message: str) -> None:
    asf, amc = write(tmp_path, motion=motion)
    with pytest.raises(DataError, match=message):
        read_amc(amc, read_asf(asf))


def test_a_motion_of_another_skeleton(tmp_path: Path, mocap: Path) -> None:
    asf, _ = write(tmp_path)
    with pytest.raises(DataError, match=r"02_01\.amc:6: found 'lowerback'; expected 'thigh'"):
        read_amc(mocap / "cmu" / "02" / "02_01.amc", read_asf(asf))


@given(st.data())
def test_whatever_is_done_to_a_file_gives_finite_joints_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    contents = [SKELETON.encode(), MOTION.encode()]
    which = data.draw(st.integers(0, 1))
    content = contents[which]
    first = data.draw(st.integers(0, len(content)))
    last = data.draw(st.integers(first, min(first + 40, len(content))))
    contents[which] = content[:first] + data.draw(st.binary(max_size=12)) + content[last:] * data.draw(st.booleans())
    asf, amc = write(tmp_path_factory.mktemp("fuzz"), *contents)
    try:
        recording = read_amc(amc, read_asf(asf))
    except DataError as error:
        message = str(error)
    else:
        message = "some.amc" if np.isfinite(recording.positions).all() else "not finite"
    assert "some.a" in message and "\n" not in message
