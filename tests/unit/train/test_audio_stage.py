"""The audio stage: labels and crops line up, a few steps learn, resume, finish and export."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from openvasa.audio.network import load_audio  # noqa: E402
from openvasa.train import audio_stage  # noqa: E402
from openvasa.train.audio_data import (  # noqa: E402
    MOUTHS,
    PHONES,
    Recording,
    batches,
    frame_labels,
    mouth_of,
)
from openvasa.train.audio_teacher import at_25_hz, whisper_mel  # noqa: E402


def recordings(count: int = 4, frames: int = 60) -> list[Recording]:
    """Noise that is loud where the mouth label says so: something a network can learn."""
    draw = np.random.default_rng(0)
    made = []
    for number in range(count):
        loud = np.repeat(draw.random(frames // 6) < 0.5, 6)
        sound = draw.normal(size=frames * 640) * np.where(np.repeat(loud, 640), 0.2, 0.002)
        states = np.outer(loud, draw.normal(size=12)) + 0.1 * draw.normal(size=(frames, 12))
        mouths = np.eye(len(MOUTHS), dtype=np.float32)[np.where(loud, 5, 0)]
        phones = np.eye(len(PHONES), dtype=np.float32)[np.where(loud, 20, 1)]
        split = "held_out" if number == count - 1 else "train"
        arrays = [np.asarray(a, np.float32) for a in (sound, states, mouths, phones)]
        made.append(Recording(f"r{number}", split, *arrays))
    return made


def store(folder: Path) -> Path:
    folder.mkdir()
    for r in recordings():
        np.savez(
            folder / f"{r.name}.npz", samples=r.samples, states=r.states, mouths=r.mouths,
            phones=r.phones, split=np.array(r.split),
        )  # fmt: skip
    return folder


def test_mouth_shapes_of_phones() -> None:
    names = [MOUTHS[mouth_of(p)] for p in ("p", "b", "m", "f", "u", "i", "ɑ", "k", "sil")]
    assert names == ["closed"] * 3 + ["lip-teeth", "rounded", "spread", "open", "other", "silence"]


def test_labels_share_a_frame() -> None:
    start, end = np.float32([0.0, 0.05]), np.float32([0.05, 0.12])
    mouths, phones = frame_labels(("m", "u"), start, end, 4)
    np.testing.assert_allclose(mouths[:, 1], [1, 0.25, 0, 0], atol=1e-5)
    np.testing.assert_allclose(mouths[:, 3], [0, 0.75, 1, 0], atol=1e-5)
    assert mouths[3, 0] == 1  # beyond the end: silence
    np.testing.assert_allclose(phones.sum(1), 1, atol=1e-5)


def test_25_hz_mean_is_centered() -> None:
    states = np.arange(21, dtype=np.float32)[:, None]
    np.testing.assert_allclose(at_25_hz(states, 10)[:, 0], 2 * np.arange(10) + 1)
    assert at_25_hz(states[:18], 10).shape == (10, 1)


def test_whisper_mel_shape() -> None:
    assert whisper_mel(np.random.default_rng(0).normal(size=16000)).shape == (80, 100)


def test_batches_depend_on_the_step_only() -> None:
    one = batches(recordings(), 2, 20, seed=3)
    next(one)
    again, resumed = next(one), next(batches(recordings(), 2, 20, seed=3, step=1))
    assert np.array_equal(again.mel, resumed.mel)
    assert again.mel.shape == (2, 76 + 4 * 19, 80)
    assert again.targets.shape == (2, 20, 12)


def test_it_learns_resumes_and_exports(tmp_path: Path) -> None:
    data, out = store(tmp_path / "data"), tmp_path / "run"
    torch.set_num_threads(1)
    config = audio_stage.AudioStageConfig(copied=8, batch=2, frames=12, steps=4)
    audio_stage.train(data, out, config, None)
    longer = audio_stage.AudioStageConfig(copied=8, batch=2, frames=12, steps=25)
    student = audio_stage.train(data, out, longer, None)
    pieces = recordings()
    audio_stage.whiten(student.network, pieces)
    features = np.concatenate([audio_stage.encode(student.network, r.samples) for r in pieces])
    np.testing.assert_allclose(features.std(0), 1, atol=0.05)
    pytest.importorskip("onnxscript")
    report = audio_stage.finish_run(data, out)
    assert (out / "audio.onnx").exists() and (out / "audio.safetensors").exists()
    assert report["student"]["mouth"] > 0.8


def test_a_successor_keeps_what_features_mean(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    data = store(tmp_path / "data")
    torch.set_num_threads(1)
    config = audio_stage.AudioStageConfig(copied=8, batch=2, frames=12, steps=40)
    audio_stage.train(data, tmp_path / "first", config, None)
    audio_stage.finish_run(data, tmp_path / "first")
    before = load_audio(tmp_path / "first" / "audio.safetensors")
    gentle = audio_stage.AudioStageConfig(batch=2, frames=12, steps=20, rate=1e-4)
    after = audio_stage.train(
        data, tmp_path / "second", gentle, None, tmp_path / "first" / "audio.safetensors"
    )
    stranger = audio_stage.Student().eval()
    sound = recordings()[0].samples
    was, now, other = (
        audio_stage.encode(n, sound) for n in (before, after.network, stranger.network)
    )
    assert np.abs(now - was).mean() < 0.5 * np.abs(other - was).mean()


def test_a_broken_recording_is_named_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audio_stage, "Teacher", lambda _: None)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "broken.wav").write_bytes(b"RIFF but no more")
    audio_stage.prepare_all([tmp_path / "in"], tmp_path, tmp_path / "out", 1.0, 3)
    assert "skipped broken.wav" in capsys.readouterr().out
    assert not list((tmp_path / "out").iterdir())
