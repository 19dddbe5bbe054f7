"""Checks in a headless Chromium how the studio page shows, compares and gives up videos.

    python tests/studio_compare.py portrait.jpg speech.wav

Serves the tests' tiny model. The page's live session is left out, so that the videos get the
machine. Needs chromium and the package websockets.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from live_server import listening
from server_client import StudioAnimator, settings_with
from studio_measure import Tab
from tiny_model import tiny_bundle

VIDEOS = "[...document.querySelectorAll('.take video')]"
WORDS = "document.getElementById('takes').innerText"
IDLE = "document.getElementById('give-up').hidden"
NO_SOCKET = """
window.notes = { clicked: {} };
window.troubles = [];
for (const type of ["error", "unhandledrejection"]) {
  addEventListener(type, (event) => troubles.push(event.message ?? String(event.reason)));
}
window.WebSocket = class { send() {} close() {} };
"""
APART = 0.15  # seconds between videos that play together, at most


def begin(tab: Tab, url: str, portrait: Path, voice: Path) -> None:
    """Opens the page, and gives it a recording and a portrait."""
    tab.call("Emulation.setFocusEmulationEnabled", enabled=True)
    tab.open(f"{url}/")
    tab.run(NO_SOCKET)
    tab.present(portrait, voice)


def times(tab: Tab) -> list[float]:
    """Where each video is, seconds."""
    return [float(value) for value in tab.run(f"{VIDEOS}.map((video) => video.currentTime)")]


def check_one(tab: Tab) -> None:
    """One video: shown with the browser's controls, its verdict and its download."""
    tab.run("document.getElementById('seed').value = 999999")
    tab.click("make")
    tab.wait(f"{VIDEOS}.length === 1 && {IDLE}")
    assert tab.run(f"{VIDEOS}[0].controls && !{VIDEOS}[0].muted")
    assert "AI-generated" in tab.run(WORDS) and "Performance 999999" in tab.run(WORDS)
    assert tab.run("document.querySelector('.verdict').dataset.outcome") == "marked"
    assert tab.run("document.querySelector('.take a').download") == "talking-999999.mp4"


def check_three(tab: Tab) -> None:
    """Three videos play, pause and seek as one, and one is heard; those before are let go."""
    old = tab.run(f"{VIDEOS}[0].src")
    tab.click("compare")
    assert tab.run("document.getElementById('compare').disabled")
    tab.wait(f"{VIDEOS}.length === 3 && {IDLE} && {VIDEOS}.every((video) => video.readyState > 1)")
    assert all(f"Performance {seed}\n" in tab.run(WORDS) for seed in (999999, 0, 1))
    assert tab.run(f"fetch('{old}').then(() => false, () => true)"), "its address is still good"
    tab.run(f"{VIDEOS}[1].focus(); {VIDEOS}[1].play()")
    tab.wait(f"{VIDEOS}[1].currentTime > 0.5")
    together = times(tab)
    assert max(together) - min(together) < APART, together
    assert tab.run(f"{VIDEOS}.map((video) => video.muted)") == [True, False, True]
    tab.run(f"{VIDEOS}[1].pause(); {VIDEOS}[1].currentTime = 0.2")
    tab.wait(f"{VIDEOS}.every((video) => video.paused && video.currentTime === 0.2)")


def check_given_up(tab: Tab, other: Path) -> None:
    """What is given up can be tried again, what lost its portrait cannot."""
    tab.click("compare")
    tab.run("document.getElementById('give-up').click()")
    tab.wait(f"{IDLE} && document.querySelectorAll('.take .error').length === 3")
    tab.run("document.querySelector('.take button').click()")
    tab.wait(f"{VIDEOS}.length === 1 && {IDLE}")
    tab.click("compare")
    tab.choose("photo", other)
    tab.wait(f"{IDLE} && document.querySelectorAll('.take .error').length === 3")
    assert tab.run(WORDS).count("the portrait was changed") == 3
    assert tab.run("[...document.querySelectorAll('.take button')].every((one) => one.hidden)")


def check_busy(tab: Tab) -> None:
    """A queue of one takes the first performances; the last is told so, and may try again."""
    tab.click("compare")
    tab.wait(IDLE)
    words = tab.run(WORDS)
    assert "Too many videos wait" in words and "Try again" in words, words
    assert tab.run(f"{VIDEOS}.length") > 0


def main(portrait: Path, voice: Path) -> None:
    """Checks all."""
    animator = StudioAnimator.load(tiny_bundle())
    with (
        listening(animator, settings_with()) as url,
        listening(animator, settings_with(queued_jobs=1)) as busy,
        tempfile.TemporaryDirectory() as folder,
        Tab(voice) as tab,
    ):
        check(tab, url, busy, portrait, voice, Path(folder))


def check(tab: Tab, url: str, busy: str, portrait: Path, voice: Path, folder: Path) -> None:
    """All checks, with two servers; a folder for a second portrait."""
    other = Path(shutil.copy(portrait, folder / f"other{portrait.suffix}"))
    begin(tab, url, portrait, voice)
    for part in (check_one, check_three):
        part(tab)
        print(part.__name__, "holds")
    check_given_up(tab, other)
    print("check_given_up holds")
    assert tab.run("troubles") == []
    begin(tab, busy, portrait, voice)
    check_busy(tab)
    print("check_busy holds")
    time.sleep(0.1)
    assert tab.run("troubles") == []


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
