"""Checks that a video plays in a browser: python check_mp4.py VIDEO [RECORDING].

H.264 yuv420p at 25 fps and AAC, index before data, sound and picture (and the recording, if one
is given) equal in length within one frame, every frame decodes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av

FPS = 25


def check_mp4(path: Path, recording: Path | None = None) -> int:
    """Asserts all of the above; returns the number of frames."""
    boxes = top_boxes(path)
    assert boxes[0] == b"ftyp", boxes
    assert boxes.index(b"moov") < boxes.index(b"mdat"), f"not fast start: {boxes}"
    with av.open(str(path)) as container:
        assert len(container.streams) == 2, "one picture and one sound track"
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.codec_context.name == "h264", picture.codec_context.name
        assert picture.codec_context.pix_fmt == "yuv420p", picture.codec_context.pix_fmt
        assert picture.average_rate == FPS, picture.average_rate
        assert sound.codec_context.name == "aac", sound.codec_context.name
        shown = float(picture.duration * picture.time_base)
        heard = float(sound.duration * sound.time_base)
        assert abs(shown - heard) <= 1 / FPS, f"picture {shown} s, sound {heard} s"
        frames = sum(1 for _ in container.decode(picture))
        assert frames == round(shown * FPS), f"{frames} frames in {shown} s"
    if recording is not None:
        length = seconds_of_sound(recording)
        assert abs(length - shown) <= 1 / FPS, f"recording {length} s, video {shown} s"
    return frames


def top_boxes(path: Path) -> list[bytes]:
    """The names of the file's outermost boxes, in order."""
    names = []
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            names.append(head[4:])
            size = int.from_bytes(head[:4])
            if size == 1:
                size = int.from_bytes(file.read(8)) - 8
            if size == 0:
                break
            file.seek(size - 8, 1)
    return names


def seconds_of_sound(path: Path) -> float:
    """The length of a recording, by decoding it."""
    with av.open(str(path)) as container:
        frames = container.decode(audio=0)
        return sum(frame.samples / frame.sample_rate for frame in frames)


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:]]
    print(f"{files[0].name}: {check_mp4(*files)} frames, plays in a browser")
