"""Controls in the model's units, the held past, and what training hides."""

from __future__ import annotations

import numpy as np
import pytest

from openvasa.motion.conditions import (
    control_arrays,
    cut_audio_end,
    drop_conditions,
    emotion_vector,
    extend_back,
    window_conditions,
)
from openvasa.motion.config import CONDITION_NAMES, PRESETS, MotionConfig, config_from_dict
from openvasa.types import EMOTIONS, Controls, InputError


def test_controls_become_units_and_flags() -> None:
    gaze, distance, emotion, keep = control_arrays(
        Controls(gaze=(20.0, -10.0), emotion=("sad", 0.5))
    )
    np.testing.assert_allclose(gaze, [1.0, -0.5])
    assert emotion[EMOTIONS.index("sad")] == 0.5 and emotion.sum() == 0.5
    assert keep.tolist() == [1, 1, 1] and distance.tolist() == [0]


def test_distance_is_logarithmic_about_the_portrait() -> None:
    near = control_arrays(Controls(distance=0.8))[1]
    far = control_arrays(Controls(distance=1.25))[1]
    np.testing.assert_allclose(near, -far, rtol=1e-5)
    assert control_arrays(Controls(distance=1.0))[1] == 0


@pytest.mark.parametrize(
    ("controls", "message"),
    [
        (Controls(gaze=(90.0, 0.0)), "Gaze"),
        (Controls(gaze=(float("nan"), 0.0)), "Gaze"),
        (Controls(distance=0.0), "distance"),
        (Controls(emotion=("hungry", 1.0)), "happy, sad"),
        (Controls(emotion=("happy", 1.5)), "strength"),
        (Controls(emotion_offset=(0.5, 0.5)), "6 weights"),
        (Controls(emotion_offset=(0, 0, 0, 0, 0, 1.5)), "6 weights"),
        (Controls(emotion_offset=(0,) * 6, emotion=("sad", 1.0)), "not both"),
        (Controls(head=(0.0, 0.0, 31.0)), "head"),
        (Controls(movement=-0.1), "movement"),
        (Controls(blinks=float("nan")), "blinks"),
        (Controls(expressiveness=2.5), "expressiveness"),
    ],
)
def test_impossible_wishes_are_refused(controls: Controls, message: str) -> None:
    with pytest.raises(InputError, match=message):
        control_arrays(controls)


def test_neutral_is_a_known_emotion_and_heard_is_none() -> None:
    assert not emotion_vector("neutral").any()
    assert control_arrays(Controls(emotion=("neutral", 1.0)))[3].tolist() == [1, 1, 1]
    for left in (Controls(), Controls(emotion=("heard", 1.0))):
        assert control_arrays(left)[3].tolist() == [1, 1, 0]


def test_an_offset_mixes_emotions() -> None:
    _, _, emotion, keep = control_arrays(Controls(emotion_offset=(0.3, 0, 0, 0.4, 0, 0)))
    np.testing.assert_allclose(emotion, [0.3, 0, 0, 0.4, 0, 0], rtol=1e-6)
    assert keep[2] == 1


def test_first_window_has_no_past_and_missing_audio_is_zero() -> None:
    config = PRESETS["tiny"]
    audio = np.ones((3, 128), np.float32)
    empty = window_conditions(
        config, np.zeros((0, 54), "f4"), np.zeros((0, 128), "f4"), audio, Controls()
    )
    assert empty.keep.tolist() == [0, 1, 1, 1, 0]
    assert empty.audio.shape == (27, 128)
    assert empty.audio[20:23].all() and not empty.audio[23:].any() and not empty.audio[:20].any()


def test_short_past_holds_its_first_frame() -> None:
    frames = np.arange(3, dtype=np.float32)[:, None]
    assert extend_back(frames, 5)[:, 0].tolist() == [0, 0, 0, 1, 2]
    assert extend_back(frames, 2)[:, 0].tolist() == [1, 2]
    assert extend_back(frames[:0], 2).tolist() == [[0], [0]]


def test_dropout_rates() -> None:
    rates = dict.fromkeys(CONDITION_NAMES, 0.1) | {"previous": 0.5}
    known = np.ones((20_000, 5), np.float32)
    known[:, 4] = 0.0
    kept = drop_conditions(known, np.random.default_rng(0), rates).mean(axis=0)
    np.testing.assert_allclose(kept, [0.5, 0.9, 0.9, 0.9, 0.0], atol=0.02)


def test_cut_audio_leaves_the_first_window_frame() -> None:
    audio = np.ones((500, 27, 4), np.float32)
    cut = cut_audio_end(audio, 7, np.random.default_rng(0), rate=0.5)
    heard = cut[:, :, 0].sum(axis=1)
    assert heard.min() == 21 and heard.max() == 27
    assert 0.4 < (heard < 27).mean() < 0.6
    assert (np.diff(cut[:, :, 0], axis=1) <= 0).all()


def test_config_names_are_checked() -> None:
    assert config_from_dict({"preset": "paper"}) == PRESETS["paper"]
    assert config_from_dict({"layers": 3}).layers == 3
    with pytest.raises(InputError, match="presets?"):
        config_from_dict({"preset": "huge"})
    with pytest.raises(InputError, match="layers"):
        config_from_dict({"layer": 3})
    with pytest.raises(ValueError, match="ahead"):
        MotionConfig(ahead=7)


def test_compact_keeps_the_stream_within_its_look_ahead() -> None:
    compact = PRESETS["compact"]
    assert (compact.window, compact.hop, compact.ahead, compact.prefix) == (7, 5, 2, 20)
