"""BVH: an independent writer and a slow reference, the same trial as ASF/AMC, then damaged files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stumble.data.asf_amc import read_amc, read_asf
from stumble.data.bvh import read_bvh
from stumble.data.ntu25 import ntu25
from stumble.data.trials import CMU_METRES
from stumble.errors import DataError
from stumble.layouts import NTU25

FILE = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Left Leg
  {
    OFFSET 10 0 0
    CHANNELS 2 Zrotation Xrotation
    End Site
    {
      OFFSET 0 5 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 0 0 0 0 0
0 0 0 90 0 0 90 0
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.bvh"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_leg_in_centimetres(tmp_path: Path) -> None:
    recording = read_bvh(write(tmp_path, FILE), metres=0.01)
    assert recording.joints == ("Hips", "Left Leg", "Left Leg end")
    assert recording.frame_rate == pytest.approx(25)
    expected = [[[0.01, 0.02, 0.03], [0.11, 0.02, 0.03], [0.11, 0.07, 0.03]], [[0, 0, 0], [0, 0.1, 0], [0, 0.05, 0]]]
    np.testing.assert_allclose(recording.positions, expected, atol=1e-12)


def turn(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    matrix = np.eye(3)
    matrix[i, i], matrix[i, j], matrix[j, i], matrix[j, j] = c, -s, s, c
    return matrix


@given(st.integers(0, 2**32))
def test_any_hierarchy_as_a_slow_loop_computes_it(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = np.random.default_rng(seed)
    head: list[str] = []
    values: list[float] = []
    expected: list[np.ndarray] = []

    def joint(name: str, depth: int, place: np.ndarray, above: np.ndarray) -> None:
        offset = rng.uniform(-5, 5, 3)
        channels = [f"{axis}rotation" for axis in rng.permutation(list("XYZ"))[: rng.integers(4)]]
        if depth == 0 or rng.random() < 0.3:
            channels += ["Xposition", "Yposition", "Zposition"]
            channels = [str(c) for c in rng.permutation(channels)]
        own, shift, local = rng.uniform(-170, 170, len(channels)), offset.copy(), np.eye(3)
        for channel, value in zip(channels, own, strict=True):
            if channel.endswith("position"):
                shift["XYZ".index(channel[0])] = value
            else:
                local = local @ turn(channel[0], value)
        values.extend(own.tolist())
        head.append(f"{'JOINT' if depth else 'ROOT'} {name}\n{{\nOFFSET {' '.join(map(str, offset.tolist()))}")
        head.append(f"CHANNELS {len(channels)} {' '.join(channels)}")
        here = place + above @ shift
        expected.append(here)
        children = int(rng.integers(3)) if depth < 3 else 0
        for child in range(children):
            joint(f"{name}{child}", depth + 1, here, above @ local)
        if not children:
            tip = rng.uniform(-5, 5, 3)
            head.append(f"End Site\n{{\nOFFSET {' '.join(map(str, tip.tolist()))}\n}}")
            expected.append(here + above @ local @ tip)
        head.append("}")

    joint("j", 0, np.zeros(3), np.eye(3))
    text = "\n".join(["HIERARCHY", *head, "MOTION", "Frames: 1", "Frame Time: 0.0333", " ".join(map(str, values))])
    recording = read_bvh(write(tmp_path_factory.mktemp("random"), text), metres=1.0)
    np.testing.assert_allclose(recording.positions[0], expected, atol=1e-9)


def test_the_same_trial_as_asf_and_amc(mocap: Path) -> None:
    """CMU's BVH was solved anew on another skeleton, 6 % larger: the same pose to a few degrees and centimetres."""
    bvh = read_bvh(mocap / "cmu" / "bvh" / "02_01.bvh", CMU_METRES)
    amc = read_amc(mocap / "cmu" / "02" / "02_01.amc", read_asf(mocap / "cmu" / "02" / "02.asf"))
    assert len(bvh.positions) == len(amc.positions)
    assert bvh.frame_rate == pytest.approx(amc.frame_rate, rel=1e-3)
    scale = bvh["Hips"][0, 1] / amc["root"][0, 1]
    assert scale == pytest.approx(1.063, abs=1e-3)
    np.testing.assert_allclose(bvh["Hips"], amc["root"] * scale, atol=1e-4)
    ours, theirs = ntu25(bvh), ntu25(amc) * scale
    (hip,) = NTU25.index("left hip")
    relative = (ours - ours[:, [hip]]) - (theirs - theirs[:, [hip]])
    legs = NTU25.index("left knee", "left ankle", "left foot", "right knee", "right ankle", "right foot")
    assert np.linalg.norm(relative[:, legs], axis=2).max() < 0.12
    for child, parent in (("knee", "hip"), ("ankle", "knee"), ("elbow", "shoulder"), ("wrist", "elbow")):
        for side in ("left", "right"):
            a, b = NTU25.index(f"{side} {child}", f"{side} {parent}")
            u, v = ours[:, a] - ours[:, b], theirs[:, a] - theirs[:, b]
            cosine = np.sum(u * v, 1) / np.linalg.norm(u, axis=1) / np.linalg.norm(v, axis=1)
            assert np.degrees(np.arccos(cosine.clip(-1, 1))).max() < 12


def damaged(line: str, by: str) -> str:
    assert line in FILE
    return FILE.replace(line, by, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"some\.bvh: found the end of the file; expected HIERARCHY"),
        (FILE[: FILE.index("End Site")], r"some\.bvh: found the end of the file; expected a closed hierarchy"),
        (FILE[: FILE.index("0 0 0 90 0")], r"some\.bvh: found 1 lines of motion; expected 2"),
        (damaged("1 2 3 0 0", "1 2 3 0"), r"some\.bvh:19: found '1 2 3 0 0 0 0'; expected 8 numbers"),
        (damaged("1 2 3", "1 2 inf"), r"some\.bvh:19: found '1 2 inf 0 0 0 0 0'; expected 8 numbers"),
        (damaged("OFFSET 10 0 0", "OFFSET 10 0"), r"some\.bvh:8: found '10 0'; expected OFFSET and 3 numbers"),
        (damaged("    OFFSET 10 0 0\n", ""), r"found 'Left Leg' without an OFFSET"),
        (damaged("Zrotation Xrotation Yrotation", "Zrotation Xrotation Wrotation"), r"some\.bvh:5: found CHANNELS 6"),
        (damaged("CHANNELS 2", "CHANNELS 3"), r"some\.bvh:9: found CHANNELS 3 Zrotation Xrotation"),
        (damaged("JOINT Left Leg", "JOINT Hips"), r"some\.bvh:6: found 'Hips'; expected a name of its own"),
        (damaged("Frames: 2", "Frames: 0"), r"some\.bvh:17: found 'Frames: 0'"),
        (damaged("0.04", "0"), r"some\.bvh:18: found 0 seconds a frame"),
    ],
)
def test_a_damaged_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_bvh(write(tmp_path, text), metres=1.0)


@given(st.data())
def test_whatever_is_done_to_a_file_gives_finite_joints_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = FILE.encode()
    first = data.draw(st.integers(0, len(content)))
    last = data.draw(st.integers(first, min(first + 40, len(content))))
    content = content[:first] + data.draw(st.binary(max_size=12)) + content[last:] * data.draw(st.booleans())
    try:
        recording = read_bvh(write(tmp_path_factory.mktemp("fuzz"), content), metres=1.0)
    except DataError as error:
        message = str(error)
    else:
        message = "some.bvh" if np.isfinite(recording.positions).all() else "not finite"
    assert "some.bvh" in message and "\n" not in message
