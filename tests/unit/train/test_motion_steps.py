"""Runs beside each other: the table names schedules and steps, and more steps cost more."""

import json
from dataclasses import replace

import numpy as np
import pytest

from openvasa.data.motion_clips import MotionClip, split_of, write_clip
from openvasa.train.motion_recipe import MotionRecipe
from openvasa.train.motion_stage import train
from openvasa.train.motion_steps import main


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("steps")
    rng = np.random.default_rng(0)
    names = [f"g{number}" for number in range(200)]
    held = [name for name in names if split_of("fake", name) == "validation"]
    for name in [*names[:3], *held[:2]]:
        clip = MotionClip(
            pose=rng.normal(0, 0.1, (40, 6)).astype("f4"),
            dynamics=rng.standard_normal((40, 48)).astype("f4"),
            audio=rng.standard_normal((40, 128)).astype("f4"), gaze=np.zeros(2, "f4"),
            distance=np.float32(1), emotion=np.zeros(6, "f4"), known=np.ones(3, "f4"),
        )  # fmt: skip
        write_clip(folder / "store", "fake", name, "take", clip)
    recipe = MotionRecipe(batch=4, steps=2, validate_every=0)
    for schedule in ("rectified", "cosine"):
        network = {"preset": "tiny", "schedule": schedule}
        train(folder / "store", folder / schedule, replace(recipe, network=network))
    return folder


def test_schedules_and_steps_beside_each_other(material, capsys) -> None:
    out = material / "steps.json"
    runs = [str(material / "rectified"), str(material / "cosine")]
    asked = [*runs, "--data", str(material / "store"), "--steps", "8,1", "-o", str(out)]
    assert main(asked) == 0
    found = json.loads(out.read_text())
    assert set(found) == {"rectified (rectified)", "cosine (cosine)"}
    for figures in found.values():
        assert figures["8"]["seconds"] > figures["1"]["seconds"]
        assert figures["8"]["spread"] != figures["1"]["spread"]
    assert "steps" in capsys.readouterr().out


def test_a_run_without_weights_is_an_error(material, capsys) -> None:
    asked = [str(material / "none"), "--data", str(material / "store"), "--steps", "2"]
    assert main(asked) == 2
    assert "train the motion stage first" in capsys.readouterr().err
