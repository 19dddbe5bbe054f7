"""Sound of every kind comes in as 16 kHz mono, whole or as a stream; bad files get one sentence."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from openvasa.media.audio import count_samples, load_audio, stream_audio
from openvasa.types import SAMPLE_RATE, InputError


def _tone(seconds: float, rate: int, frequency: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * rate)) / rate)).astype(
        np.float32
    )


def _write(
    path: Path, samples: np.ndarray, rate: int, codec: str, layout: str = "mono", **options: str
) -> Path:
    """Encodes f32 [channels, n]."""
    samples = np.ascontiguousarray(np.atleast_2d(samples), np.float32)
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = layout
        context = stream.codec_context
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=context.format.name, layout=layout, rate=rate, frame_size=context.frame_size
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


FILES = [
    ("a.wav", "pcm_s16le", 8_000, "mono"),
    ("a.wav", "pcm_s24le", 44_100, "stereo"),
    ("a.wav", "pcm_f32le", 192_000, "5.1"),
    ("a.wav", "pcm_u8", 11_025, "mono"),
    ("a.flac", "flac", 96_000, "stereo"),
    ("a.mp3", "libmp3lame", 44_100, "stereo"),
    ("a.ogg", "libopus", 48_000, "mono"),
    ("a.m4a", "aac", 32_000, "stereo"),
    ("a.mp4", "aac", 48_000, "mono"),
]


@pytest.mark.parametrize(("name", "codec", "rate", "layout"), FILES)
def test_any_file_any_rate(tmp_path: Path, name: str, codec: str, rate: int, layout: str) -> None:
    channels = av.AudioLayout(layout).nb_channels
    tone = np.repeat(_tone(2.0, rate)[None], channels, axis=0)
    path = _write(tmp_path / name, tone, rate, codec, layout)
    sound = load_audio(path)
    assert sound.dtype == np.float32 and sound.ndim == 1
    assert abs(len(sound) - 2 * SAMPLE_RATE) <= 0.05 * SAMPLE_RATE
    middle = sound[8000:24000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 440
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.06)  # MP3 is lossy


def test_channels_are_averaged(tmp_path: Path) -> None:
    both = np.stack([_tone(1.0, SAMPLE_RATE), np.zeros(SAMPLE_RATE, np.float32)])
    mono = load_audio(_write(tmp_path / "a.wav", both, SAMPLE_RATE, "pcm_f32le", "stereo"))
    assert np.allclose(mono, both[0] / 2, atol=1e-6)


def test_same_rate_is_untouched(tmp_path: Path) -> None:
    tone = _tone(1.3, SAMPLE_RATE)
    sound = load_audio(_write(tmp_path / "a.wav", tone, SAMPLE_RATE, "pcm_f32le"))
    assert np.array_equal(sound, tone)


@pytest.mark.parametrize("block", [0.04, 0.3, 1.0, 60.0])
def test_stream_equals_whole(tmp_path: Path, block: float) -> None:
    noise = np.random.default_rng(0).standard_normal((2, 3 * 44_100)).astype(np.float32) / 8
    path = _write(tmp_path / "a.flac", noise, 44_100, "flac", "stereo")
    blocks = list(stream_audio(path, block))
    assert all(len(part) == round(block * SAMPLE_RATE) for part in blocks[:-1])
    assert np.array_equal(np.concatenate(blocks), load_audio(path))
    assert count_samples(path) == sum(map(len, blocks))


def test_silence_and_the_shortest_sound(tmp_path: Path) -> None:
    silent = load_audio(_write(tmp_path / "a.wav", np.zeros(16_000), 16_000, "pcm_s16le"))
    assert len(silent) == 16_000 and not silent.any()
    assert len(load_audio(_write(tmp_path / "b.wav", np.ones(1), 16_000, "pcm_s16le"))) == 1


def test_not_a_number_becomes_silence(tmp_path: Path) -> None:
    tone = _tone(0.5, SAMPLE_RATE)
    tone[100:200] = np.nan
    sound = load_audio(_write(tmp_path / "a.wav", tone, SAMPLE_RATE, "pcm_f32le"))
    assert np.isfinite(sound).all() and not sound[100:200].any()


def test_odd_names_are_plain_files(tmp_path: Path) -> None:
    for name in ("concat:a.wav", "take %03d.wav", "ü 你.wav", "-o.wav"):
        made = _write(tmp_path / "a.wav", _tone(0.2, SAMPLE_RATE), SAMPLE_RATE, "pcm_s16le")
        made.rename(tmp_path / name)
        assert len(load_audio(tmp_path / name)) == 3200


def test_bad_files_get_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("no sound here\n" * 100)
    with wave.open(str(tmp_path / "none.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "NONE"))
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nother.wav\n#EXT-X-ENDLIST\n")
    _write(tmp_path / "other.wav", _tone(1, 16_000), 16_000, "pcm_s16le")
    words = {
        "missing.wav": "no recording",
        ".": "not a file",
        "empty.wav": "empty",
        "text.mp3": "not sound",
        "none.wav": "empty",
        "mute.mp4": "no sound track",
        "list.m3u8": "not sound",
    }
    for name, word in words.items():
        with pytest.raises(InputError, match=word) as caught:
            load_audio(tmp_path / name)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.wav", "pcm_s16le"), ("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.m4a", "aac")],
)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_cut_files_are_refused(tmp_path: Path, name: str, codec: str, share: float) -> None:
    noise = np.random.default_rng(0).standard_normal(20 * 44_100).astype(np.float32) / 8
    whole = _write(tmp_path / name, noise, 44_100, codec, movflags="faststart").read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match="cut short|damaged"):
        load_audio(tmp_path / name)


def test_wav_from_a_pipe_has_no_length(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.wav", _tone(1, 16_000), 16_000, "pcm_s16le")
    content = path.read_bytes()
    at = content.index(b"data") + 4
    path.write_bytes(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :])
    assert len(load_audio(path)) == 16_000


def test_damaged_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name, codec in (("a.flac", "flac"), ("a.mp3", "libmp3lame"), ("a.m4a", "aac")):
        path = _write(tmp_path / name, _tone(2, 44_100), 44_100, codec)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for count in (1, 10, 100, 1000):
            hurt = whole.copy()
            hurt[random.integers(0, len(hurt), count)] = random.integers(0, 255, count)
            path.write_bytes(hurt.tobytes())
            try:
                assert np.isfinite(load_audio(path)).all()
            except InputError:
                pass
