"""The encoder: whole equals chunked bit for bit, one frame of look-ahead, bounded memory."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openvasa.audio.clock import BLOCK_COLUMNS
from openvasa.audio.encoder import AudioEncoder, EncoderState
from openvasa.types import Array, InputError

_MIX = np.random.default_rng(5).normal(size=(76 * 80, 128)).astype(np.float32)


def fake_graph(name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """A linear stand-in with the real receptive field: 76 columns for each of 5 frames."""
    assert name == "audio"
    mel = inputs["mel"]
    assert mel.shape == (1, 80, BLOCK_COLUMNS)
    rows = [mel[0, :, 4 * i : 4 * i + 76].T.ravel() for i in range(5)]
    return {"features": np.stack([row @ _MIX for row in rows])[None]}


ENCODER = AudioEncoder(fake_graph)


def noise(samples: int) -> Array:
    return (0.1 * np.random.default_rng(1).normal(size=samples)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(total=st.integers(0, 12_000), chunks=st.lists(st.integers(0, 3000), max_size=12))
def test_chunked_equals_whole(total: int, chunks: list[int]) -> None:
    sound = noise(total)
    state, made, start = EncoderState(), [], 0
    for chunk in [*chunks, total]:
        state, features = ENCODER.push(state, sound[start : start + chunk])
        start = min(total, start + chunk)
        made.append(features)
        assert state.frames == sum(map(len, made))
    state, features = ENCODER.flush(state)
    made.append(features)
    assert np.array_equal(np.concatenate(made), ENCODER.encode(sound))
    assert state.frames == -(-total // 640)


@pytest.mark.parametrize("frame", [0, 1, 2, 6, 7, 13])
def test_a_frame_hears_one_frame_ahead_and_no_more(frame: int) -> None:
    sound = noise(16_000)
    limit = 640 * (frame + 2)
    later, last = sound.copy(), sound.copy()
    later[limit:] = 0.7
    last[limit - 30 : limit] = 0.7
    truth = ENCODER.encode(sound)
    assert np.array_equal(ENCODER.encode(later)[: frame + 1], truth[: frame + 1])
    assert not np.array_equal(ENCODER.encode(last)[frame], truth[frame])


def test_seven_frames_come_after_320_ms() -> None:
    assert len(ENCODER.push(EncoderState(), noise(5120))[1]) == 7
    assert len(ENCODER.push(EncoderState(), noise(5119))[1]) == 2


def test_memory_is_bounded() -> None:
    state, _ = ENCODER.push(EncoderState(), noise(160_000))
    assert state.pending.size < 240 + 640
    assert state.columns.shape == (BLOCK_COLUMNS, 80)


def test_streams_share_nothing() -> None:
    one, two = EncoderState(), EncoderState()
    made = []
    for start in range(0, 9600, 960):
        one, features = ENCODER.push(one, noise(9600)[start : start + 960])
        two, _ = ENCODER.push(two, -noise(9600)[start : start + 960])
        made.append(features)
    made.append(ENCODER.flush(one)[1])
    assert np.array_equal(np.concatenate(made), ENCODER.encode(noise(9600)))


def test_a_finished_stream_takes_no_more() -> None:
    state, _ = ENCODER.flush(EncoderState())
    with pytest.raises(InputError, match="finished"):
        ENCODER.push(state, noise(10))


@pytest.mark.parametrize("bad", [np.zeros((2, 10)), np.array([0.0, np.nan])])
def test_bad_sound_is_refused(bad: np.ndarray) -> None:
    with pytest.raises(InputError):
        ENCODER.encode(bad)
