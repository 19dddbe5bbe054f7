"""The measurements measure: known errors come out as they are."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from openvasa.data.head import fit, save_basis
from openvasa.data.head_check import kept_out_error, main, read_hand_points, to_mean_face
from openvasa.data.head_scene import HeadScene
from openvasa.data.toy_head import toy_basis, toy_landmarks, toy_portrait

BASIS = toy_basis()


def test_templates_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.tem").write_text("2\n1.5\t2.0\n3.0\t4.5\n1\n0\n2\n0 1\n")
    np.testing.assert_array_equal(read_hand_points(tmp_path / "a.tem"), [[1.5, 2], [3, 4.5]])


def test_points_are_carried_to_the_same_place() -> None:
    face = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    mean = np.array([[1.0, 1.0], [1.0, 5.0], [5.0, 1.0]])
    carried = to_mean_face(np.array([[0.5, 1.0], [3.0, 3.0]]), face, mean, np.array([[0, 1, 2]]))
    np.testing.assert_allclose(carried[0], [3.0, 2.0])
    assert np.isnan(carried[1]).all()


def test_points_kept_from_the_fit_are_near_if_the_head_explains_the_face() -> None:
    landmarks = toy_landmarks(BASIS, np.random.default_rng(1)).astype(np.float64)
    exact = kept_out_error(BASIS, landmarks, 0)
    noise = np.random.default_rng(0).normal(0, 0.02, landmarks.shape)
    assert exact < 0.02 < 0.6 * kept_out_error(BASIS, landmarks + 2 * noise, 0)


def test_the_command_writes_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "faker" / "crops"
    folder.mkdir(parents=True)
    landmarks = toy_landmarks(BASIS, np.random.default_rng(1))
    head = fit(BASIS, landmarks.astype(np.float64))
    picture = toy_portrait(HeadScene(BASIS), head, 128, 1)
    cv2.imwrite(str(folder / "p.jpg"), picture[:, :, ::-1])
    np.savez(
        tmp_path / "faker" / "index.npz", names=np.array(["p"]), person=np.array(["a"]),
        split=np.array(["train"]), landmarks=landmarks[None],
        valid=np.array([[-1.0, -1, 1, 1]], np.float32),
    )  # fmt: skip
    save_basis(tmp_path / "head.safetensors", {k: v for k, v in vars(BASIS).items()
                                               if isinstance(v, np.ndarray)})  # fmt: skip
    out = tmp_path / "check.json"
    assert main(["--portraits", str(tmp_path), "--basis", str(tmp_path / "head.safetensors"),
                 "--out", str(out)]) == 0  # fmt: skip
    report = json.loads(out.read_text())["table"]
    assert report["flow PSNR of the person, dB"]["median"] >= 30
    assert "flow PSNR" in capsys.readouterr().out


def test_no_portraits_is_a_clear_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--portraits", str(tmp_path), "--out", str(tmp_path / "x.json")]) == 2
    assert "openvasa.data.portraits" in capsys.readouterr().err
