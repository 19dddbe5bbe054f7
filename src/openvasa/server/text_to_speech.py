"""Typed text -> speech, by a program of this computer that reads text and writes a WAV."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import av

from openvasa.types import InputError

LONGEST = 1000  # characters spoken at once
_MOST_BYTES = 25_000_000  # of a program's WAV
_AT_ONCE = 2  # programs that run beside the live faces
_PIECE = 1 << 16  # bytes
_ESPEAK = "espeak-ng"
_USUAL = "en-us"  # of its voices the first
_NAMED = re.compile(r"^\s*\d+\s+(\S+)\s+\S+\s+(\S+)")  # of a line of `espeak-ng --voices`


class VoiceError(Exception):
    """The program did not speak; the sentence is for clients and tells nothing of it."""


class Synthesizer:
    """A program that speaks: text on its standard input, a WAV on its standard output.

    Clients choose among its voices; their words never become part of a command.

    Attributes:
        voices: Names for people by the name that a client sends.
    """

    def __init__(
        self, command: Sequence[str], voices: Mapping[str, str], seconds: float = 30.0
    ) -> None:
        """Runs nothing yet.

        Args:
            command: Program and arguments; the name of a voice follows where there are several.
            voices: As the attribute.
            seconds: How long a text may take, the wait for its turn included.
        """
        self.voices = dict(voices)
        self._command, self._seconds = tuple(command), seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def speak(self, text: str, voice: str | None = None) -> bytes:
        """The text as a mono 16-bit WAV at the program's own rate.

        Args:
            text: At most `LONGEST` characters.
            voice: One of `voices`; None is the first.

        Raises:
            InputError: There is no such voice, or nothing in the text can be spoken.
            VoiceError: The program failed, took too long, or wrote no WAV or too much.
        """
        if voice is not None and voice not in self.voices:
            raise InputError(f"there is no voice '{voice}': choose one of GET /v1/voices.")
        chosen = voice or next(iter(self.voices))
        command = [*self._command, chosen] if len(self.voices) > 1 else self._command
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                line = " ".join(text.split())  # some programs write a file for each line
                return _plain(await _run(command, line.encode()))
        except TimeoutError as error:
            raise VoiceError("the voice takes too long: try a shorter text.") from error


def find_synthesizer(command: str | None) -> Synthesizer | None:
    """The voice of this computer, if there is one.

    Args:
        command: What whoever runs the server named, with quotes as in a shell; None looks for
            espeak-ng, `none` is no voice.

    Raises:
        InputError: The command names no program.
    """
    if command == "none":
        return None
    if command is None:
        program = shutil.which(_ESPEAK)
        voices = _espeak_voices(program) if program else {}
        # UTF-8 in, and the voice's name last.
        words = [program or "", "--stdin", "--stdout", "-b", "1", "-v"]
        return Synthesizer(words, voices) if voices else None
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"'{command}' cannot be split into words: close its quotes.") from error
    if not words or not (program := shutil.which(words[0])):
        raise InputError(f"'{command}' names no program of this computer: install it first.")
    return Synthesizer([program, *words[1:]], {"default": Path(program).stem})


def _espeak_voices(program: str) -> dict[str, str]:
    """Names by language; of several voices of a language, the first, which is its usual one."""
    try:
        listed = subprocess.run(
            [program, "--voices"], capture_output=True, stdin=subprocess.DEVNULL, timeout=10,
            check=True,
        ).stdout.decode(errors="replace")  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return {}
    found = [match.groups() for line in listed.splitlines()[1:] if (match := _NAMED.match(line))]
    named = {language: name.replace("_", " ").strip() for language, name in reversed(found)}
    return dict(sorted(named.items(), key=lambda voice: (voice[0] != _USUAL, voice[1])))


async def _run(command: Sequence[str], text: bytes) -> bytes:
    """What a program writes; it is gone afterwards, and what it started with it."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, start_new_session=True
        )
    except OSError as error:
        raise VoiceError("the voice cannot be started.") from error
    assert process.stdin is not None and process.stdout is not None
    written = bytearray()
    try:
        process.stdin.write(text)  # less than a pipe holds: nobody waits
        process.stdin.close()
        while len(written) <= _MOST_BYTES and (piece := await process.stdout.read(_PIECE)):
            written += piece
        if len(written) > _MOST_BYTES:
            raise VoiceError("the voice does not come to an end: try a shorter text.")
        if await process.wait():
            raise VoiceError("the voice failed: whoever runs the server sees why.")
        return bytes(written)
    finally:
        _kill(process)
        with suppress(ConnectionError):
            await process.communicate()  # closes its pipes


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.returncode is None:
            process.kill()


def _plain(content: bytes) -> bytes:
    """Any WAV, also one whose header does not know its length, as mono 16-bit with its length."""
    try:
        # As WAV and nothing else: other formats may name files that are to be read.
        with av.open(io.BytesIO(content), "r", format="wav") as container:
            (stream,) = container.streams.audio
            rate = stream.rate
            mono = av.AudioResampler(format="s16", layout="mono", rate=rate)
            pieces = [
                bytes(piece.planes[0])[: 2 * piece.samples]
                for frame in (*container.decode(stream), None)
                for piece in mono.resample(frame)
            ]
    except (av.error.FFmpegError, ValueError) as error:
        raise VoiceError("the voice wrote no WAV: whoever runs the server must mend it.") from error
    if not any(map(any, pieces)):
        raise InputError("nothing in this text can be spoken: type words.")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(pieces))
    return out.getvalue()
