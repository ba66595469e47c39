from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from stumble.cli import main
from stumble.data import open_gait

ONE = ["--subjects", "1", "--views", "90", "--conditions", "nm-05", "--workers", "1"]


def test_synth_check_and_pretreat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out"
    assert main(["data", "synth", "gait", "--out", str(raw), "--format", "png", "--first", "7", *ONE]) == 0
    assert (raw / "007" / "nm-05" / "090" / "007-nm-05-090-001.png").exists()
    assert main(["data", "pretreat", str(raw), str(out)]) == 0
    assert "1 sequences written, 0 were there" in capsys.readouterr().out
    assert main(["data", "pretreat", str(raw), str(out)]) == 0
    assert "0 sequences written, 1 were there" in capsys.readouterr().out
    assert main(["data", "check", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "layout arrays, protocol casia-b" in shown and "1 of 124 synthetic people: 007" in shown


def test_the_compressed_layout_is_the_pretreated_raw_one(tmp_path: Path) -> None:
    main(["data", "synth", "gait", "--out", str(tmp_path / "png"), "--format", "png", *ONE])
    main(["data", "synth", "gait", "--out", str(tmp_path / "npz"), *ONE])
    png, npz = open_gait(tmp_path / "png"), open_gait(tmp_path / "npz")
    assert png.keys == npz.keys
    np.testing.assert_array_equal(png.load(png.keys[0]), npz.load(npz.keys[0]))


def test_a_second_world_in_casia_as_protocol(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "others"
    few = ["--subjects", "2", "--views", "90", "--conditions", "nm-04", "--workers", "1"]
    assert main(["data", "synth", "gait", "--protocol", "casia-a", "--out", str(out), "--format", "png", *few]) == 0
    assert (out / "a02" / "90_4" / "a02-90_4-001.png").exists()
    assert main(["data", "check", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "layout casia-a, protocol casia-a" in shown and "2 of 20 synthetic people: a01, a02" in shown
    assert "not in the published data set" not in shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--protocol", "casia-a", "--views", "090"], "view '090': expected some of 00, 45, 90; did you mean '90'"),
        (["--protocol", "casia-a", "--conditions", "bg-01"], "condition 'bg-01': expected some of nm-04"),
        (["--views", "0,19"], "view '19': expected some of 000, 018, .* did you mean '"),
        (["--conditions", "nm-07"], "condition 'nm-07': expected some of nm-01"),
        (["--subjects", "0"], "--subjects is 0; expected at least 1"),
    ],
)
def test_synth_refuses_before_it_writes(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "synth", "gait", "--out", str(tmp_path / "out"), *options]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("stumble: ") and shown.count("\n") == 1
    assert re.search(message, shown)
    assert not (tmp_path / "out").exists()


def test_check_finds_what_is_damaged(walkers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(walkers, tmp_path / "walkers")
    assert main(["data", "check", str(tmp_path / "walkers")]) == 0
    (tmp_path / "walkers" / "001" / "nm-02" / "000" / "000.npz").write_bytes(b"PK")
    assert main(["data", "check", str(tmp_path / "walkers")]) == 1
    assert "damaged: 001/nm-02/000: " in capsys.readouterr().out


def test_check_tells_about_actions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    array = np.ones((2, 3, 4, 25, 1), np.float32)
    np.save(tmp_path / "val_data.npy", array)
    names = ["S001C001P001R001A001", "S001C001P003R001A060"]
    (tmp_path / "val_label.pkl").write_bytes(pickle.dumps((names, [0, 59])))
    assert main(["data", "check", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "ST-GCN arrays, layout ntu-25, preprocessing raw" in shown
    assert "splits that fit: ntu60-xsub (1 train, 1 test); ntu120-xsub (1 train, 1 test)" in shown
    array[0, 0, 0, 0, 0] = np.nan
    np.save(tmp_path / "val_data.npy", array)
    assert main(["data", "check", str(tmp_path)]) == 1
    assert "damaged: S001C001P001R001A001: " in capsys.readouterr().out
