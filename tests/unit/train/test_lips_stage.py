"""Lips learned from clips: they follow the sound, resume exactly, and are lips alone."""

import numpy as np
import pytest

from openvasa.train import lips_stage, loop
from openvasa.train.lips_network import LIPS, LipsNetwork
from openvasa.train.lips_stage import LipsStage, Spoken, likeness, load_lips
from openvasa.types import EXPRESSION_NAMES, InputError

JAW = LIPS.index(EXPRESSION_NAMES.index("jawOpen"))


def _clips(count: int = 6) -> list[Spoken]:
    rng = np.random.default_rng(0)
    clips = []
    for number in range(count):
        heard = rng.standard_normal((60, 16)).astype(np.float32)
        lips = np.full((60, len(LIPS)), 0.1, np.float32)
        lips[:, JAW] = 0.3 + 0.2 * np.tanh(np.convolve(heard[:, 0], np.ones(3) / 3, "same"))
        clips.append(Spoken("ab"[number % 2], heard, lips))
    return clips


def _run(out, steps: int, until: int) -> LipsStage:
    stage = LipsStage(_clips(), steps, seed=1)
    loop.run(stage.step, stage.state(), out, loop.LoopOptions(steps=until, seed=1))
    return stage


def test_lips_follow_what_is_heard(tmp_path) -> None:
    before = likeness(LipsStage(_clips(), 80, seed=1).network.eval(), _clips())["opening"]
    _run(tmp_path, 80, 80)
    after = likeness(load_lips(tmp_path), _clips())["opening"]
    assert after > 0.6 > abs(before)


def test_a_stopped_run_goes_on_as_an_unbroken_one(tmp_path) -> None:
    _run(tmp_path / "broken", 8, 4)
    broken = _run(tmp_path / "broken", 8, 8).network.state_dict()
    for name, value in _run(tmp_path / "whole", 8, 8).network.state_dict().items():
        assert bool((value == broken[name]).all()), name


def test_only_lips_are_told_and_within_bounds() -> None:
    network = LipsNetwork(16, 1, np.full(len(LIPS), 0.5, "f4"), np.full(len(LIPS), 3, "f4")).eval()
    told = network.speak(np.random.default_rng(0).standard_normal((20, 16)).astype(np.float32))
    assert told.shape == (20, 45)
    assert told.min() >= 0
    assert told.max() <= 1
    assert not np.delete(told, LIPS, axis=1).any()


def test_errors_say_what_to_do(tmp_path, capsys) -> None:
    with pytest.raises(InputError, match="train the lips first"):
        load_lips(tmp_path)
    asked = ["--run", str(tmp_path), "--teacher", "t", "--speech", "s", "--out", "o"]
    assert lips_stage.main(["speak", *asked]) == 2
    assert "train the lips first" in capsys.readouterr().err
