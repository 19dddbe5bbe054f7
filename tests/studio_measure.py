"""Measures the studio page in a headless Chromium: what a person before it would see and hear.

    openvasa serve --sessions 2
    python tests/studio_measure.py http://127.0.0.1:8000 portrait.jpg speech.wav MINUTES
    python tests/studio_measure.py toy portrait.jpg speech.wav MINUTES

`toy` serves the tests' tiny model, whose frames cost little: what is left is server and page.
Prints JSON, times in milliseconds. The microphone is Chromium's fake device, which plays the WAV.
Needs chromium and the package websockets.
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from websockets.sync.client import connect

from live_server import listening
from server_client import StudioAnimator, settings_with
from tiny_model import tiny_bundle

# Notes, beside the page's own code: what went to the server, came from it, and was shown when.
PROBE = """
(async () => {
  const { Live } = await import("/page/live.js"), { Player } = await import("/page/player.js");
  window.notes = { sent: [], speech: [], came: [], ready: [], shown: [], dropped: 0, clicked: {} };
  const wrap = (of, name, before) => {
    const old = of.prototype[name];
    of.prototype[name] = function (...given) {
      before.call(this, ...given);
      return old.apply(this, given);
    };
  };
  const now = () => performance.now();
  wrap(Live, "send", function (samples) { notes.sent.push([this.sent, samples.length, now()]); });
  wrap(Live, "heard", function (message) {
    if (message.type === "speech") notes.speech.push([message.sample, message.time, now()]);
    if (message.type === "dropped") notes.dropped = message.frames;
    notes.rate = this.audio.sampleRate;
    notes.video = Live.video;
  });
  const index = (message) => new DataView(message).getUint32(4, true);
  wrap(Player, "take", (message) => notes.came.push([index(message), now()]));
  wrap(Player, "insert", (index) => notes.ready.push([index, now()]));
  const show = Player.prototype.show;
  Player.prototype.show = function (frame) {
    const [began, head] = [now(), this.head];
    show.call(this, frame);
    notes.shown.push([frame.index, now(), head - frame.time, this.sources.size, now() - began]);
  };
})()
"""
LOADED = "performance.getEntriesByType('navigation')[0]?.loadEventEnd > 0"
SPOKEN = "document.getElementById('hush').disabled"  # there is nothing to interrupt
LONGEST = 600.0  # seconds that a recording may take on a slow machine


class Tab:
    """One page of a headless Chromium, by its debugging protocol. Use it in a `with` block."""

    def __init__(self, microphone: Path, port: int = 9345) -> None:
        self._count = 0
        browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            process = subprocess.Popen(
                [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "about:blank",
                 f"--remote-debugging-port={port}", f"--user-data-dir={folder}",
                 "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                 f"--use-file-for-fake-audio-capture={microphone}",
                 "--autoplay-policy=no-user-gesture-required"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            self._socket = stack.enter_context(connect(self._address(port), max_size=None))
            self._stack = stack.pop_all()
        self.call("Page.enable")

    def _address(self, port: int) -> str:
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as reply:
                    pages = [page for page in json.load(reply) if page["type"] == "page"]
                return str(pages[0]["webSocketDebuggerUrl"])
            except (OSError, IndexError):
                time.sleep(0.2)
        raise SystemExit("chromium does not start")

    def call(self, method: str, **given: Any) -> Any:
        """One command; its answer."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": given}))
        while True:
            message = json.loads(self._socket.recv(timeout=120))
            if message.get("id") == self._count:
                return message.get("result")

    def run(self, code: str) -> Any:
        """The value of an expression of the page."""
        asked = {"awaitPromise": True, "returnByValue": True, "userGesture": True}
        found = self.call("Runtime.evaluate", expression=code, **asked)
        if "exceptionDetails" in found:
            raise SystemExit(f"the page does not run {code}: {found['exceptionDetails']}")
        return found["result"].get("value")

    def click(self, name: str) -> None:
        """Waits until a button can be pressed, presses it, and notes when."""
        self.wait(f"!document.getElementById('{name}').disabled")
        self.run(
            f"notes.clicked.{name} = performance.now(); document.getElementById('{name}').click()"
        )

    def choose(self, name: str, file: Path) -> None:
        """Gives a file to an input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=f"#{name}")["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file.resolve())])

    def present(self, portrait: Path, voice: Path) -> None:
        """Gives the open page a recording and a portrait, agrees, and asks for the portrait."""
        self.choose("voice", voice)
        self.choose("photo", portrait)
        self.wait("document.getElementById('screen').dataset.state === 'chosen'")
        self.run("document.getElementById('agreed').checked = true;"
            "document.getElementById('consent').value = 'A picture of nobody real.'")  # fmt: skip
        self.click("use")

    def wait(self, code: str, seconds: float = 120.0) -> None:
        """Until an expression holds."""
        end = time.monotonic() + seconds
        while not self.run(code):
            if time.monotonic() > end:
                raise SystemExit(f"not within {seconds:.0f} s: {code}")
            time.sleep(0.05)

    def picture(self, file: Path, width: int, height: int, *, dark: bool) -> None:
        """A screenshot of the whole page at a size, in a theme; scroll bars would cut its edge."""
        self.call("Emulation.setScrollbarsHidden", hidden=True)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=False)  # fmt: skip
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[theme])
        time.sleep(0.5)
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def open(self, url: str) -> None:
        """Goes to a page, and waits until it has loaded; the page before it has as well."""
        self.call("Page.navigate", url=url)
        self.wait(f"location.href === {json.dumps(url)} && {LOADED}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def spread(values: list[float]) -> dict[str, float]:
    """Count, median, 95th percentile and extremes."""
    ranked = sorted(values)
    if not ranked:
        return {"n": 0}
    at = [("least", 0.0), ("median", 0.5), ("p95", 0.95), ("most", 1.0)]
    found = {name: round(ranked[int(share * (len(ranked) - 1))], 1) for name, share in at}
    return {"n": len(ranked), **found}


def wake(tab: Tab, url: str, portrait: Path, voice: Path) -> None:
    """Opens the page, and gives it a portrait and a recording."""
    tab.open(f"{url.rstrip('/')}/")
    tab.run(PROBE)
    tab.present(portrait, voice)
    tab.wait("notes.shown.length > 0")


def first(notes: dict[str, Any], click: str, since: float = -1.0, announced: float = 0.0) -> float:
    """Milliseconds from a click to the first frame shown that is at `since` seconds or later.

    Frames shown before `announced` are of before the interruption, whatever their number.
    """
    clicked = notes["clicked"][click]
    for index, when, *_ in notes["shown"]:
        if when > max(clicked, announced) and index * 0.04 >= since:
            return float(when - clicked)
    raise SystemExit(f"nothing was shown after {click}")


def speech_after(notes: dict[str, Any], click: str) -> tuple[float, float]:
    """The first speech announced after a click: its second of the frames, and when it came."""
    found = next(s for s in notes["speech"] if s[2] > notes["clicked"][click])
    return float(found[1]), float(found[2])


def from_microphone(notes: dict[str, Any]) -> list[float]:
    """For each frame that speaks: from when the page got its sound to when it was shown."""
    sample, time_, _ = next(s for s in notes["speech"] if s[2] > notes["clicked"]["talk"])
    waits = []
    for index, when, *_ in notes["shown"]:
        wanted = sample + round((index * 0.04 - time_) * notes["rate"])
        for at, count, sent in notes["sent"]:
            if sample <= wanted and at <= wanted < at + count:
                waits.append(when - sent)
    return waits


def from_socket(notes: dict[str, Any]) -> list[float]:
    """From a frame's arrival to its picture, decoded."""
    ready = dict(notes["ready"])
    return [ready[index] - when for index, when in notes["came"] if index in ready]


def main(url: str, portrait: Path, voice: Path, minutes: float) -> None:
    """Measures, and prints."""
    with Tab(voice.resolve()) as tab:
        wake(tab, url, portrait, voice)
        tab.click("play")
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            tab.wait(SPOKEN, LONGEST)
            tab.run("document.getElementById('play').click()")
        tab.wait(SPOKEN, LONGEST)
        played = tab.run("notes")
        tab.run("notes.sent = []; notes.shown = []; notes.speech = []")
        tab.click("talk")
        time.sleep(15)
        talked = tab.run("notes")
        tab.click("talk")
    lips = first(played, "play", *speech_after(played, "play"))
    heard = [1000 * frame[2] for frame in played["shown"] if frame[3]]
    indices = [frame[0] for frame in played["shown"]]
    print(json.dumps({
        "video": played["video"],
        "portrait to first frame": round(first(played, "use")),
        "portrait to first spoken frame": round(
            lips + played["clicked"]["play"] - played["clicked"]["use"]),
        "play to lips": round(lips),
        "microphone to lips": spread(from_microphone(talked)),
        "sound ahead of picture": spread(heard),
        "seconds of picture with sound": round(len(heard) / 25, 1),
        "frames": {"came": len(played["came"]), "shown": len(indices), "dropped": played["dropped"],
            "span": max(indices) - min(indices) + 1},
        "arrival to decoded": spread(from_socket(played)),
        "drawing": spread([frame[4] for frame in played["shown"]]),
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    given = Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])
    if sys.argv[1] == "toy":
        with listening(StudioAnimator.load(tiny_bundle()), settings_with()) as address:
            main(address, *given)
    else:
        main(sys.argv[1], *given)
