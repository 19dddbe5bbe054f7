"""A small signed video, and what somebody might do to it while keeping its credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from openvasa.media.video import VideoWriter
from openvasa.provenance.identity import load_identity
from openvasa.provenance.origin import Origin
from openvasa.provenance.signing import sign_file

FRAMES = 25


class Packet(NamedTuple):
    """A compressed picture or a piece of sound."""

    kind: str
    data: bytes
    pts: int
    dts: int
    time_base: object
    key: bool


def plain_video(path: Path, frames: int = FRAMES) -> Path:
    """An MP4 of 64 x 64 noise and a tone."""
    rng = np.random.default_rng(0)
    tone = 0.2 * np.sin(np.arange(640 * frames) / 16_000 * 2 * np.pi * 200)
    with VideoWriter(path, (64, 64), tone.astype(np.float32)) as writer:
        for _ in range(frames):
            coarse = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            writer.write(np.kron(coarse, np.ones((8, 8, 1), np.uint8)))
    return path


def signed_video(folder: Path, **origin: object) -> Path:
    """The same, signed by the local identity."""
    about = {"model": "tiny", "model_hash": "0" * 64} | origin
    source, target = plain_video(folder / "plain.mp4"), folder / "signed.mp4"
    sign_file(source, target, Origin(**about), load_identity())  # type: ignore[arg-type]
    return target


def repacked(signed: Path, target: Path, change: Callable[[list[Packet]], None]) -> Path:
    """A copy whose pictures were changed, with the credentials of the signed file put back in.

    Args:
        signed: The signed file.
        target: The copy.
        change: Gets the pictures in the order they are stored, and changes the list.
    """
    with av.open(str(signed)) as old, av.open(str(target), "w", format="mp4") as new:
        streams = {s.type: new.add_stream_from_template(s) for s in old.streams}
        packets = [
            Packet(p.stream.type, bytes(p), p.pts, p.dts, p.time_base, p.is_keyframe)
            for p in old.demux()
            if p.size
        ]
        pictures = [p for p in packets if p.kind == "video"]
        change(pictures)
        for one in [*pictures, *(p for p in packets if p.kind == "audio")]:
            packet = av.Packet(one.data)
            packet.pts, packet.dts, packet.time_base = one.pts, one.dts, one.time_base
            packet.is_keyframe, packet.stream = one.key, streams[one.kind]
            new.mux(packet)
    credentials = next(box for kind, box in boxes(signed.read_bytes()) if kind == b"uuid")
    with target.open("ab") as file:
        file.write(credentials)
    return target


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, bytes) of the boxes at the top of an MP4."""
    place = 0
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], data[place : place + size]
        place += size


def flipped(signed: Path, target: Path, place: int) -> Path:
    """A copy in which one bit of one byte differs."""
    data = bytearray(signed.read_bytes())
    data[place] ^= 1
    target.write_bytes(data)
    return target


def inside_a_picture(path: Path) -> tuple[int, int]:
    """Where in the file a byte of a picture lies, and which in the order shown the picture is."""
    with av.open(str(path)) as container:
        pictures = [packet for packet in container.demux(video=0) if packet.size]
    shown = sorted(packet.pts for packet in pictures).index(pictures[4].pts)
    return pictures[4].pos + pictures[4].size // 2, shown


def swap_two(pictures: list[Packet]) -> None:
    """Two pictures change places; the clock stays."""
    a, b = pictures[3], pictures[9]
    pictures[3], pictures[9] = a._replace(data=b.data), b._replace(data=a.data)


def replace_one(pictures: list[Packet]) -> None:
    """One picture becomes another."""
    pictures[5] = pictures[5]._replace(data=pictures[5].data[:-1] + b"\x00")


def drop_last(pictures: list[Packet]) -> None:
    """The last picture is cut off."""
    del pictures[-1]


def leave(pictures: list[Packet]) -> None:
    """Only the container is written anew."""
