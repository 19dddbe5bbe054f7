"""Measures a WebRTC session whose packets get lost, with a headless Chromium as the client.

    python tests/webrtc_loss.py portrait.jpg speech.wav SECONDS

Serves the tests' tiny model. Packets are lost both ways, alone and in bursts, and then all of them
for a while. Prints what Chromium says, a line of JSON for each network. Needs aiortc, chromium and
the package websockets.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from live_server import listening
from lossy_network import Network, losing
from openvasa.client import create_avatar
from server_client import StudioAnimator, settings_with
from studio_measure import Tab, spread
from tiny_model import tiny_bundle

CALL = """
(async (avatar) => {
  const peer = window.peer = new RTCPeerConnection();
  window.shown = []; window.words = [];
  const microphone = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: false },
  });
  peer.addTrack(microphone.getAudioTracks()[0], microphone);
  peer.addTransceiver("video", { direction: "recvonly" });
  peer.createDataChannel("words").onmessage = ({ data }) => words.push(JSON.parse(data).type);
  const stream = new MediaStream();
  peer.ontrack = ({ track }) => stream.addTrack(track);
  const gathered = new Promise((done) => { peer.onicecandidate = ({ candidate }) => candidate || done(); });
  await peer.setLocalDescription();
  await gathered;
  const reply = await fetch("/v1/webrtc", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      sdp: peer.localDescription.sdp, hello: { type: "hello", version: 1, avatar, size: 512 },
    }),
  });
  await peer.setRemoteDescription({ type: "answer", sdp: (await reply.json()).sdp });
  const video = Object.assign(document.createElement("video"), { srcObject: stream, autoplay: true });
  document.body.append(video);
  const note = (now) => { shown.push(now); video.requestVideoFrameCallback(note); };
  video.requestVideoFrameCallback(note);
})
"""  # noqa: E501
STATISTICS = """
(async () => {
  const found = { state: peer.connectionState, words };
  (await peer.getStats()).forEach((s) => { if (s.type === "inbound-rtp") found[s.kind] = s; });
  return found;
})()
"""


def offset(found: dict[str, Any]) -> list[float]:
    """Milliseconds by which the sound is played behind the picture, if Chromium knows."""
    times = [found.get(kind, {}).get("estimatedPlayoutTimestamp") for kind in ("audio", "video")]
    return [times[1] - times[0]] if all(times) else []


def call(tab: Tab, url: str, avatar: str) -> float:
    """Connects; the seconds until the first picture."""
    tab.open(f"{url}/?{time.monotonic()}")
    began = time.monotonic()
    tab.run(f"{CALL}({json.dumps(avatar)})")
    tab.wait("shown.length > 0", 30)
    return time.monotonic() - began


def measure(tab: Tab, url: str, avatar: str, network: Network, seconds: float) -> dict[str, Any]:
    """One session in a network."""
    share, network.share = network.share, 0.0
    connected = call(tab, url, avatar)
    time.sleep(3)
    network.share, network.sent, network.lost = share, 0, 0
    before, since = tab.run(STATISTICS), tab.run("shown.length")
    behind = []
    for _ in range(round(seconds)):
        time.sleep(1)
        behind += offset(tab.run(STATISTICS))
    network.share = 0.0
    found, shown = tab.run(STATISTICS), tab.run("shown")[since:]
    gained = {kind: lambda name, kind=kind: found[kind][name] - before[kind].get(name, 0)
        for kind in ("audio", "video")}  # fmt: skip
    tab.run("peer.close()")
    return {
        "share": share, "burst": network.burst, "lost": round(network.lost / network.sent, 3),
        "first picture": round(connected, 1), "state": found["state"],
        "pictures a second": round(len(shown) / seconds, 1),
        "ms between pictures": spread([b - a for a, b in zip(shown, shown[1:], strict=False)]),
        "concealed": round(gained["audio"]("concealedSamples")
            / gained["audio"]("totalSamplesReceived"), 3),
        "asked again": gained["video"]("nackCount"),
        "key frames asked": gained["video"]("pliCount"),
        "sound behind picture": spread(behind), "told": sorted(set(found["words"])),
    }  # fmt: skip


def outage(tab: Tab, url: str, avatar: str, network: Network, seconds: float) -> dict[str, Any]:
    """Nothing arrives for some seconds: how long until pictures come one after another again."""
    call(tab, url, avatar)
    time.sleep(2)
    network.share = 1.0
    time.sleep(seconds)
    since, network.share = tab.run("performance.now()"), 0.0
    moves = f"shown.find((when, i) => when > {since} && shown[i + 5] - when < 2000)"
    tab.wait(moves, 30)
    first = tab.run(moves) - since
    found = tab.run(STATISTICS)
    tab.run("peer.close()")
    return {
        "outage": seconds, "ms until it moves": round(first), "state": found["state"],
        "key frames asked": found["video"]["pliCount"],
    }  # fmt: skip


def main(portrait: Path, speech: Path, seconds: float) -> None:
    """Measures all, one after the other."""
    network = Network()
    with (
        listening(StudioAnimator.load(tiny_bundle()), settings_with()) as url,
        Tab(speech.resolve()) as tab,
        losing(network, received=True),
    ):
        avatar = create_avatar(url, portrait, "A picture of nobody real.")
        for share, burst in ((0, 1), (0.02, 1), (0.05, 1), (0.1, 1), (0.05, 5), (0.1, 10)):
            network.share, network.burst = share, burst
            print(json.dumps(measure(tab, url, avatar, network, seconds)), flush=True)
        for pause in (0.3, 1.0, 3.0, 8.0):
            print(json.dumps(outage(tab, url, avatar, network, pause)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
