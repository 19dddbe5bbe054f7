"""The Wav2Vec2 door: clear refusals, and 25 Hz features from a tiny random model."""

from pathlib import Path

import numpy as np
import pytest

from openvasa.audio.wav2vec2 import load_wav2vec2, on_clock
from openvasa.types import InputError


def test_states_are_read_at_the_middle_of_frames() -> None:
    states = np.arange(100, dtype=np.float32)[:, None]  # state i sits at sample 320 i + 200
    made = on_clock(states, 40, 320)
    np.testing.assert_allclose(made[:, 0] * 320 + 200, 640 * (np.arange(40) + 0.5), atol=1e-2)


def test_ends_are_repeated() -> None:
    made = on_clock(np.ones((3, 4), np.float32), 10, 320)
    assert made.shape == (10, 4) and np.all(made == 1)


def test_a_missing_package_or_folder_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"transformers|folder"):
        load_wav2vec2(tmp_path / "nowhere")


def test_a_saved_model_loads_and_encodes(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8,) * 7, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    transformers.Wav2Vec2Model(config).save_pretrained(tmp_path)
    encoder = load_wav2vec2(tmp_path)
    sound = np.random.default_rng(0).normal(size=10_000).astype(np.float32)
    features = encoder.encode(sound)
    assert features.shape == (16, encoder.width)
    assert np.isfinite(features).all()
    assert encoder.encode(sound[:100]).shape == (1, 16)
    assert encoder.encode(sound[:0]).shape == (0, 16)
