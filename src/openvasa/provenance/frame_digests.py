"""A digest of every stored frame, signed with the credentials: says what was tampered with.

C2PA's own hash tells that a file was changed. These tell which frames were, whether their order
was, or only what lies around them. A digest is of the compressed picture as the container holds
it, so it says nothing of a copy that was encoded again.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

_BYTES = 4  # of a frame's digest: 360 kB for an hour; the signature covers all of them
Digests = NDArray[np.uint32]


@dataclass(frozen=True)
class Tampering:
    """How a file's frames differ from those that were signed.

    Attributes:
        changed: Indices of frames with other content, in the order they are shown.
        moved: How many frames are whole, but not in the order they were signed in.
        missing: How many frames fewer than were signed there are.
        added: How many more.
        sound: Whether the sound differs.
    """

    changed: tuple[int, ...]
    moved: int
    missing: int
    added: int
    sound: bool


def digest_frames(path: Path) -> dict[str, Any]:
    """Digests of a video, ready for an assertion.

    Raises:
        av.error.FFmpegError: The container cannot be read.
    """
    frames, sound, rate = _read(path)
    return {
        "alg": "sha256/32",
        "frames": base64.b64encode(frames.astype(">u4").tobytes()).decode(),
        "sound": sound,
        "rate": rate,
    }


def compare_frames(path: Path, signed: Mapping[str, Any]) -> Tampering:
    """What differs between a file and the digests in its credentials.

    Args:
        path: The video.
        signed: What `digest_frames` said when it was signed.

    Raises:
        av.error.FFmpegError: The container cannot be read.
    """
    now, sound, _ = _read(path)
    before = np.frombuffer(base64.b64decode(signed["frames"]), ">u4").astype(np.uint32)
    places: dict[int, list[int]] = {}
    for place, one in reversed(list(enumerate(before.tolist()))):
        places.setdefault(one, []).append(place)
    # Where each frame was when it was signed; alike ones keep their order; -1: it was nowhere.
    found = [places[one].pop() if places.get(one) else -1 for one in now.tolist()]
    order = np.array([place for place in found if place >= 0], np.int64)
    changed = tuple(index for index, place in enumerate(found) if place < 0)
    return Tampering(
        changed=changed,
        moved=int((order != np.sort(order)).sum()),
        missing=max(len(before) - len(now), 0),
        added=max(len(now) - len(before), 0),
        sound=sound != signed["sound"],
    )


def _read(path: Path) -> tuple[Digests, str, float]:
    """Digests of the pictures as they are shown, one of all the sound, and frames per second."""
    sound = hashlib.sha256()
    frames: list[tuple[int, int]] = []
    with av.open(f"file:{path}") as container:
        video = container.streams.video[0]
        for packet in container.demux([video, *container.streams.audio[:1]]):
            if packet.size == 0:
                continue  # the mark of the end
            if packet.stream.type == "video":
                told = hashlib.sha256(bytes(packet)).digest()[:_BYTES]
                frames.append((packet.pts or 0, int.from_bytes(told, "big")))
            else:
                sound.update(bytes(packet))
        rate = float(video.average_rate or 0)
    shown = [digest for _, digest in sorted(frames, key=lambda frame: frame[0])]
    return np.array(shown, np.uint32), sound.hexdigest(), rate
