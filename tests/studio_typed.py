"""Checks in a headless Chromium how typed text is spoken on the studio page.

    python tests/studio_typed.py portrait.jpg speech.wav

Serves the tests' tiny model, with voices that are slow, that fail, and with none. Needs chromium
and the package websockets.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from live_server import listening
from openvasa.server.text_to_speech import Synthesizer
from server_client import StudioAnimator, settings_with
from studio_measure import PROBE, Tab, first, speech_after, spread
from tiny_model import tiny_bundle

# Reads for a while, then says a second of a tone.
VOICE = """
import math, struct, sys, time, wave
text = sys.stdin.read()
time.sleep(float(sys.argv[1]))
if "fail" in text: sys.exit(1)
tone = [round(9000 * math.sin(2 * math.pi * 200 * i / 22050)) for i in range(22050)]
with wave.open(sys.stdout.buffer, "wb") as file:
    file.setparams((1, 2, 22050, len(tone), "NONE", ""))
    file.writeframes(struct.pack(f"<{len(tone)}h", *tone))
"""
THREE = (
    "This is the first sentence. This is the second sentence, which is a little longer. "
    "This is the third and last one."
)
TROUBLES = """
window.troubles = [];
for (const type of ["error", "unhandledrejection"]) {
  addEventListener(type, (event) => troubles.push(event.message ?? String(event.reason)));
}
"""
IN_STEP = 100.0  # milliseconds, on a busy machine


def voice(seconds: float) -> Synthesizer:
    """Needs so long for each text."""
    return Synthesizer([sys.executable, "-c", VOICE, str(seconds)], {"default": "Tone"})


def words(tab: Tab, name: str) -> str:
    """What an element says."""
    return str(tab.run(f"document.getElementById('{name}').textContent"))


def write(tab: Tab, text: str) -> None:
    """Types a text."""
    tab.run(
        f"document.getElementById('text').value = {json.dumps(text)};"
        "document.getElementById('text').dispatchEvent(new Event('input'))"
    )


def press(tab: Tab, key: str) -> None:
    """A key in the text."""
    tab.run(
        "document.getElementById('text').dispatchEvent(new KeyboardEvent('keydown',"
        f"{{ key: '{key}', bubbles: true, cancelable: true }}))"
    )


def spoken(tab: Tab, text: str) -> dict[str, Any]:
    """Types, presses Enter, waits for the end; the notes of it."""
    tab.run("notes.shown = []; notes.speech = []; notes.clicked.speak = performance.now()")
    write(tab, text)
    press(tab, "Enter")
    tab.wait("!document.getElementById('hush').disabled")
    tab.wait("document.getElementById('hush').disabled")
    return dict(tab.run("notes"))


def heard_frames(notes: dict[str, Any]) -> int:
    """Frames with sound, those among them that a busy machine did not show in time as well."""
    heard = [frame[0] for frame in notes["shown"] if frame[3]]
    steps = [after - before for before, after in zip(heard, heard[1:], strict=False)]
    return 1 + sum(step for step in steps if step < 10)


def wake(tab: Tab, url: str, portrait: Path, recording: Path) -> None:
    """A portrait that is awake."""
    tab.open(f"{url}/")
    tab.run(PROBE)
    tab.run(TROUBLES)
    tab.present(portrait, recording)
    tab.wait("notes.shown.length > 0")
    tab.wait("!document.getElementById('talk').disabled")


def check_spoken(tab: Tab) -> None:
    """The face begins with the first sentence; all is heard in step, and becomes the recording."""
    assert tab.run("document.getElementById('reader').hidden")  # one voice is no choice
    notes = spoken(tab, THREE)
    lips = first(notes, "speak", *speech_after(notes, "speak"))
    heard = [1000 * frame[2] for frame in notes["shown"] if frame[3]]
    print("speak to lips", round(lips), "ms; sound ahead of picture", spread(heard))
    assert len(notes["speech"]) == 1 and max(map(abs, heard)) < IN_STEP
    assert heard_frames(notes) >= 70, heard_frames(notes)
    assert words(tab, "voice-name").endswith(", 3.0 s") and "…" in words(tab, "voice-name")
    assert not tab.run("document.getElementById('play').disabled")


def check_interrupted(tab: Tab) -> None:
    """Escape ends it at once, and what was still being read is not spoken later."""
    write(tab, THREE)
    press(tab, "Enter")
    tab.wait("document.getElementById('screen').dataset.state === 'live' && notes.shown.at(-1)[3]")
    press(tab, "Escape")
    assert tab.run("document.getElementById('hush').disabled")
    time.sleep(2)
    assert not tab.run("notes.shown.at(-1)[3]") and words(tab, "text-note") == ""


def check_gaps(tab: Tab) -> None:
    """A voice slower than speech: the face is silent between sentences and loses none of them."""
    notes = spoken(tab, THREE)
    heard = [1000 * frame[2] for frame in notes["shown"] if frame[3]]
    print("with gaps: speech", [s[:2] for s in notes["speech"]], "in step", spread(heard))
    assert len(notes["speech"]) >= 3 and max(map(abs, heard)) < IN_STEP
    assert heard_frames(notes) >= 70


def check_failing(tab: Tab) -> None:
    """What the voice cannot say is told, and what came before it is spoken."""
    spoken(tab, "This is said. The second sentence here is going to fail.")
    assert "The voice failed" in words(tab, "text-error")
    spoken(tab, "This is said.")
    assert words(tab, "text-error") == ""
    write(tab, " ... ")
    assert tab.run("document.getElementById('speak').disabled")


def check_unseen(tab: Tab, url: str) -> None:
    """Before there is a portrait, text becomes the recording."""
    tab.open(f"{url}/?")
    tab.run(PROBE + TROUBLES)
    tab.wait("!document.getElementById('typed').hidden")
    write(tab, "This is said.")
    press(tab, "Enter")
    tab.wait("document.getElementById('voice-name').textContent === 'This is said., 1.0 s'")
    assert "Bring a portrait to life" in words(tab, "text-note")


def check_none(tab: Tab, url: str) -> None:
    """Without a voice there is no field, and a hint."""
    tab.open(f"{url}/")
    tab.wait("!document.getElementById('no-readers').hidden")
    assert tab.run("document.getElementById('typed').hidden")


def main(portrait: Path, recording: Path) -> None:
    """Checks all."""
    animator = StudioAnimator.load(tiny_bundle())
    with (
        listening(animator, settings_with(synthesizer=voice(0.2))) as quick,
        listening(animator, settings_with(synthesizer=voice(6.0))) as slow,
        listening(animator, settings_with()) as none,
        Tab(recording) as tab,
    ):
        tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
        wake(tab, quick, portrait, recording)
        for check in (check_spoken, check_interrupted, check_failing):
            check(tab)
            print(check.__name__, "holds")
        assert tab.run("troubles") == []
        wake(tab, slow, portrait, recording)
        check_gaps(tab)
        print("check_gaps holds")
        assert tab.run("troubles") == []
        check_unseen(tab, quick)
        check_none(tab, none)
        print("check_unseen, check_none hold")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
