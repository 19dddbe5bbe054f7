"""The program that speaks typed text: what it says is sound, and what it does wrong stays here."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import textwrap
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from openvasa.server import text_to_speech
from openvasa.server.text_to_speech import Synthesizer, VoiceError, find_synthesizer
from openvasa.types import InputError

Program = Callable[..., Synthesizer]
# Speaks: as many 10 ms of a tone as it gets bytes of text.
TONE = """
    import struct, sys
    text = sys.stdin.buffer.read()
    sound = struct.pack("<2h", 3000, -3000) * 110 * len(text)
    header = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", SIZE, b"WAVEfmt ", 16, 1, 1, 22050, 44100,
        2, 16, b"data", SIZE)
    sys.stdout.buffer.write(header + sound)
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Makes a voice of a few lines of Python."""

    def make(code: str, seconds: float = 20.0, **voices: str) -> Synthesizer:
        file = tmp_path / "voice.py"
        file.write_text(textwrap.dedent(code))
        return Synthesizer([sys.executable, str(file)], voices or {"default": "Test"}, seconds)

    return make


def _spoken(voice: Synthesizer, text: str = "Hello", name: str | None = None) -> wave.Wave_read:
    return wave.open(io.BytesIO(asyncio.run(voice.speak(text, name))))


@pytest.mark.parametrize("size", ["0", "0x7ffff000", "0xffffffff", "4 * 110 * len(text)"])
def test_text_becomes_sound_whatever_length_the_header_tells(program: Program, size: str) -> None:
    sound = _spoken(program(TONE.replace("SIZE", size)), "häll")
    assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (22050, 1, 2)
    assert sound.getnframes() == 2 * 110 * len("häll".encode())
    assert sound.readframes(1) == (3000).to_bytes(2, "little")


def test_lines_are_one_text(program: Program) -> None:
    sound = _spoken(program(TONE.replace("SIZE", "0")), "a\n\n b\r\n")
    assert sound.getnframes() == 2 * 110 * len("a b")


def test_stereo_at_any_rate_becomes_mono(program: Program) -> None:
    voice = program(
        """
        import sys, wave
        with wave.open("out.wav", "wb") as file:
            file.setparams((2, 2, 48000, 0, "NONE", ""))
            file.writeframes(b"\\x00\\x10" * 9600)
        sys.stdout.buffer.write(open("out.wav", "rb").read())
    """.replace('"out.wav"', 'sys.argv[0] + ".wav"')
    )
    sound = _spoken(voice)
    assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (48000, 1, 4800)


def test_the_voice_is_the_last_word_and_the_text_is_none(program: Program) -> None:
    told = TONE.replace("SIZE", "0").replace("sys.stdin.buffer.read()", "sys.argv[-1]")
    voice = program(told, aa="First", bbbb="Second")
    counts = [_spoken(voice, "; rm -rf $(x)", name).getnframes() for name in (None, "aa", "bbbb")]
    assert counts == [440, 440, 880]
    with pytest.raises(InputError, match="no voice"):
        _spoken(voice, name="../../etc")


@pytest.mark.parametrize(
    ("code", "about"),
    [
        ("import sys; sys.exit(1)", "failed"),
        ("print('this is no sound')", "no WAV"),
        ("print('#EXTM3U\\n#EXTINF:1,\\nfile:///etc/passwd')", "no WAV"),
        ("", "no WAV"),
        (TONE.replace("SIZE", "0") + "    sys.exit(3)", "failed"),
        (TONE.replace("SIZE", "0") + "    while True: sys.stdout.buffer.write(sound)", "an end"),
    ],
)
def test_what_does_not_speak(
    program: Program, code: str, about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_to_speech, "_MOST_BYTES", 1_000_000)
    with pytest.raises(VoiceError, match=about):
        _spoken(program(code))


def test_silence_is_told_from_speech(program: Program) -> None:
    with pytest.raises(InputError, match="nothing in this text"):
        _spoken(program(TONE.replace("SIZE", "0").replace("3000, -3000", "0, 0")))


def test_a_missing_program_is_told() -> None:
    with pytest.raises(VoiceError, match="cannot be started"):
        _spoken(Synthesizer(["/no/such/program"], {"default": "None"}))


@pytest.mark.skipif(sys.platform == "win32", reason="looks at processes as POSIX has them")
def test_what_hangs_is_ended_with_all_that_it_started(program: Program, tmp_path: Path) -> None:
    voice = program(
        f"""
        import os, subprocess, sys, time
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        open({str(tmp_path / "pids")!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
        time.sleep(60)
        """,
        seconds=1.0,
    )
    began, files = time.monotonic(), len(os.listdir("/dev/fd"))
    with pytest.raises(VoiceError, match="too long"):
        _spoken(voice)
    assert time.monotonic() - began < 10
    assert len(os.listdir("/dev/fd")) == files
    for pid in map(int, (tmp_path / "pids").read_text().split()):
        assert _ends(pid)


def _ends(pid: int) -> bool:
    """Whether a process is gone soon: dead children of the dead wait for who adopts them."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_texts_wait_for_their_turn(program: Program) -> None:
    voice = program("import time; time.sleep(0.4)\n" + textwrap.dedent(TONE.replace("SIZE", "0")))

    async def talk() -> float:
        began = time.monotonic()
        await asyncio.gather(*(voice.speak("Hello") for _ in range(4)))
        return time.monotonic() - began

    assert asyncio.run(talk()) > 0.8


def test_what_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_synthesizer(None) is None and find_synthesizer("none") is None
    for wrong in ("", "no-such-program -x", "'open"):
        with pytest.raises(InputError):
            find_synthesizer(wrong)
    found = find_synthesizer(f"'{sys.executable}' -c 'print(1)'")
    assert found is not None and list(found.voices) == ["default"]
    assert asyncio.run(_failure(found)) is VoiceError


async def _failure(voice: Synthesizer) -> type[Exception]:
    try:
        await voice.speak("Hello")
    except Exception as error:
        return type(error)
    raise AssertionError("it spoke")


@pytest.mark.skipif(sys.platform == "win32", reason="writes a script with a shebang")
def test_espeak_s_voices_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "espeak-ng"
    script.write_text(
        "#!/bin/sh\n"
        "echo 'Pty Language       Age/Gender VoiceName          File      Other Languages'\n"
        "echo ' 5  de              --/M      German             gmw/de'\n"
        "echo ' 5  cmn             --/M      Chinese_(Mandarin) sit/cmn   (zh-cmn 5)(zh 5)'\n"
        "echo ' 2  en-us           --/M      English_(America)  gmw/en-US (en 3)'\n"
        "echo ' 5  de              --/F      German_again       mb/de2'\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_synthesizer(None)
    assert found is not None
    assert list(found.voices.items()) == [
        ("en-us", "English (America)"), ("cmn", "Chinese (Mandarin)"), ("de", "German"),
    ]  # fmt: skip
    script.write_text("#!/bin/sh\nexit 1\n")
    assert find_synthesizer(None) is None
