"""`openvasa dub`: new speech for a video of a person."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from openvasa.commands.animate import _check_not_input, _face
from openvasa.commands.performance_flags import seed
from openvasa.commands.provenance_flags import add_flags, read_flags
from openvasa.commands.reenact import save
from openvasa.types import FPS
from openvasa.weights import DEFAULT_MODEL

_DESCRIPTION = """\
Gives a person in a video new speech, and writes an MP4 as large as the video at 25 frames per
second: lips, jaw and lower cheeks follow AUDIO; head, eyes, body and background stay the video's.

The result is as long as AUDIO. A longer video is cut there. Where AUDIO is longer, the video plays
back and forth (--longer pingpong), or the result ends with the video (--longer cut). A face that
is lost is left alone for a second; if it stays away, nothing is written."""

_EXAMPLES = """\
examples:
  openvasa dub talk.mp4 translated.wav -o dubbed.mp4
  openvasa dub talk.mov translated.mp3 -o dubbed.mp4 --longer cut --face 2"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    add("video", metavar="VIDEO", type=Path, help="the video of a person")
    add("audio", metavar="AUDIO", type=Path, help="the new speech")
    add("-o", "--output", metavar="OUT.mp4", type=Path, required=True,
        help="the video to write; one of that name is replaced when the new one is "
        "whole")  # fmt: skip
    add("--longer", choices=("pingpong", "cut"), default="pingpong",
        help="what happens where AUDIO is longer, see above (default: pingpong)")  # fmt: skip
    add("--face", type=_face, metavar="N",
        help="which face of the video's first picture, counted from 1, the largest first "
        "(default: 1)")  # fmt: skip
    add("--seed", type=seed, default=0, metavar="N", help="another performance (default: 0)")
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Dubs; returns the exit code."""
    from openvasa.media.video import check_target, probe_video

    _check_not_input(arguments.output, arguments.video, arguments.audio)
    check_target(arguments.output)
    about = probe_video(arguments.video)
    provenance = read_flags(arguments)
    from openvasa.engine import dubbing  # these take a second; mistakes are told before
    from openvasa.engine.animator import Animator
    from openvasa.face.find import find_face
    from openvasa.media.timed_video import timed_pictures

    started = time.monotonic()
    animator = Animator.load(arguments.model)
    actor = _followed(animator, arguments, about.seconds)
    first = int(actor.seen.argmax())
    _, picture = next(timed_pictures(actor.path, float(actor.times[first])))
    if provenance.blocklist is not None:
        provenance.blocklist.refuse(find_face(picture, arguments.face))
    dynamics = animator.perform(arguments.audio, seed=arguments.seed).dynamics
    dynamics = _fitted(dynamics, actor.frames, arguments.longer)
    size = picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2
    asked = arguments.longer, arguments.face, arguments.seed
    marks = provenance.marks(
        arguments.video, arguments.audio, animator.bundle.config["files"], *asked
    )
    origin = provenance.origin(animator.bundle, marks, parent=arguments.video)
    with provenance.release(arguments.output, origin) as hidden:
        frames = dubbing.dubbed(animator, actor, dynamics, marks)
        save(frames, len(dynamics), hidden, size, arguments.audio, "dubbing")
    seconds = time.monotonic() - started
    _say(f"{arguments.output}: {len(dynamics) / FPS:.1f} s of video, made in {seconds:.1f} s.")
    return 0


def _fitted(dynamics: Any, frames: int, longer: str) -> Any:
    """The speech's motion, cut where it has to end with the video; tells what happens."""
    ours, theirs = len(dynamics) / FPS, frames / FPS
    if len(dynamics) < frames:
        _say(f"The speech ends after {ours:.1f} s: the video's {theirs:.1f} s are cut there.")
    elif len(dynamics) > frames and longer == "cut":
        _say(f"The video ends after {theirs:.1f} s: the speech's {ours:.1f} s are cut there.")
        return dynamics[:frames]
    elif len(dynamics) > frames:
        _say(f"The speech lasts {ours:.1f} s: the video, {theirs:.1f} s, plays back and forth.")
    return dynamics


def _followed(animator: Any, arguments: argparse.Namespace, seconds: float) -> Any:
    from tqdm import tqdm

    from openvasa.engine.dubbing import read_actor

    with tqdm(total=round(seconds, 1), unit=" s", desc="following", dynamic_ncols=True,
              disable=None) as bar:  # fmt: skip
        actor = read_actor(
            animator, arguments.video, face=arguments.face,
            progress=lambda now: bar.update(round(now - bar.n, 2)),
        )  # fmt: skip
    if actor.faces > 1 and arguments.face is None:
        _say(f"The video shows {actor.faces} faces; the largest is dubbed (--face N for another).")
    return actor


def _say(line: str) -> None:
    print(line, file=sys.stderr)
