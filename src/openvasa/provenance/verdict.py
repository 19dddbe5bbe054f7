"""Any file -> one plain verdict: credentials and the mark in the pixels, put side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import chain
from pathlib import Path

import av
import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from openvasa.media.image import load_photo
from openvasa.media.video import probe_video, read_video
from openvasa.provenance.c2pa_library import LibraryMissing
from openvasa.provenance.credentials import Credentials, State, read_credentials
from openvasa.provenance.frame_digests import Tampering, compare_frames
from openvasa.provenance.pixel_mark import MarkReading, read_frames, read_image
from openvasa.types import Image, InputError

PICTURES = 6  # kept of a video, spread evenly, for the page
_WIDE = 320  # pixels, the longer side of those
_WHOLE = 0.98  # share of a video's seconds from which on all of it counts as marked
_SURE = 1e-9  # false alarms rarer than this are not told apart
Progress = Callable[[int, int], None]  # frames read, frames in all


class Outcome(IntEnum):
    """The verdict as an exit code."""

    MARKED = 0
    NOT_FOUND = 1
    TAMPERED = 2
    UNREADABLE = 3


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is known of a file.

    Attributes:
        file: Its path.
        outcome: In one word.
        sentence: In one sentence.
        details: More sentences, the most important first.
        credentials: What it says of itself; None where it could not be read.
        mark: What its pixels carry; None where they could not be read.
        tampering: How the stored frames differ from those that were signed, if they do.
        seconds: Length of a video; 0 for a picture.
        pictures: Some of its pictures, small, u8 [h, w, 3] each.
    """

    file: Path
    outcome: Outcome
    sentence: str
    details: tuple[str, ...] = ()
    credentials: Credentials | None = None
    mark: MarkReading | None = None
    tampering: Tampering | None = None
    seconds: float = 0.0
    pictures: tuple[Image, ...] = ()

    @property
    def marked_ranges(self) -> list[tuple[float, float]]:
        """(start, end) in seconds of the parts with a mark; those that touch are one."""
        ranges: list[tuple[float, float]] = []
        for start, end, there in self.mark.seconds if self.mark is not None else []:
            if there and ranges and ranges[-1][1] >= start:
                ranges[-1] = (ranges[-1][0], end)
            elif there:
                ranges.append((start, end))
        return ranges


def judge(path: Path, trusted: Sequence[bytes] = (), progress: Progress | None = None) -> Verdict:
    """Looks at a file in every way there is.

    Args:
        path: A video or picture: as it was made, a clip, a screenshot, a re-encoded copy.
        trusted: PEM of certificates whose signers count as known.
        progress: Called now and then while frames are read.

    Returns:
        The verdict; a file that cannot be read has one, too.
    """
    try:
        credentials, notes = read_credentials(path, trusted), []
    except LibraryMissing as error:
        credentials = Credentials(state=State.ABSENT)
        notes = [f"Credentials were not looked at: the C2PA library does not run here ({error})."]
    except OSError as error:
        return _unreadable(path, f"cannot be opened: {error.strerror}.")
    tampering = _tampering(path, credentials)
    try:
        mark, seconds, pictures = _read(path, progress)
    except (InputError, UnicodeDecodeError):  # the latter from damaged metadata
        if credentials.state is not State.BROKEN:
            return _unreadable(path, "is not a picture or video that can be read here.")
        mark, seconds, pictures = None, 0.0, []
        notes.append("Its pictures cannot be read.")
    verdict = _conclude(path, credentials, mark, tampering, seconds)
    return replace(
        verdict, details=(*verdict.details, *notes), seconds=seconds, pictures=tuple(pictures)
    )


def chance(mark: MarkReading) -> str:
    """How often an unmarked file would look as much like a marked one, in words."""
    if mark.false_alarm < _SURE:
        return "less often than once in a billion"
    return f"once in {1 / mark.false_alarm:,.0f}"


def _unreadable(path: Path, why: str) -> Verdict:
    return Verdict(file=path, outcome=Outcome.UNREADABLE, sentence=f"The file {why}")


def _conclude(
    path: Path,
    credentials: Credentials,
    mark: MarkReading | None,
    tampering: Tampering | None,
    seconds: float,
) -> Verdict:
    """Weighs both layers; what follows from them alone."""
    marked = mark is not None and mark.present
    says, id_read = credentials.content_id, mark.payload if mark is not None else None
    details = []
    if credentials.state is State.BROKEN:
        outcome = Outcome.TAMPERED
        sentence = f"This file was changed after it was signed: {_changes(credentials, tampering)}."
    elif None not in (says, id_read) and says != id_read:
        outcome = Outcome.TAMPERED
        sentence = "The credentials belong to another file than the pictures do."
    elif credentials.state is not State.ABSENT and credentials.synthetic:
        outcome = Outcome.MARKED
        sentence = f"AI-generated: made with {credentials.generator}, says the signer."
        if credentials.state is State.UNTRUSTED:
            details.append(
                "The signature holds, but nobody this computer trusts vouches for the signer."
            )
        if says is not None and not marked:
            details.append("The mark that its pixels should carry was not found.")
    elif marked:
        outcome = Outcome.MARKED
        share = ", at least in part" if _marked_seconds(mark) < _WHOLE * seconds else ""
        sentence = f"AI-generated{share}: the pixels carry the mark of openvasa."
        if credentials.state is State.ABSENT:
            details.append(
                "Its credentials are gone, as after encoding it again, a screenshot or an upload."
            )
        else:
            details.append("Its credentials do not say so.")
    else:
        outcome = Outcome.NOT_FOUND
        sentence = "No mark was found; that does not prove that it is a camera's picture."
        if credentials.state is not State.ABSENT:
            details.append("Its credentials say nothing of generated content.")
    details += _mark_details(mark, says, seconds)
    return Verdict(
        file=path, outcome=outcome, sentence=sentence, details=tuple(details),
        credentials=credentials, mark=mark, tampering=tampering,
    )  # fmt: skip


def _mark_details(mark: MarkReading | None, says: int | None, seconds: float) -> list[str]:
    if mark is None or not mark.present:
        return []
    found = _marked_seconds(mark)
    details = []
    if found < _WHOLE * seconds:
        details.append(f"The mark was found in {found:.1f} of {seconds:.1f} seconds.")
    if mark.payload is None:
        details.append("The mark is there, but too weak to read its content id.")
    elif mark.payload == says:
        details.append("The mark in the pixels and the credentials name the same content id.")
    return details


def _marked_seconds(mark: MarkReading | None) -> float:
    return sum(end - start for start, end, there in mark.seconds if there) if mark else 0.0


def _changes(credentials: Credentials, tampering: Tampering | None) -> str:
    """What is known of how a file was changed."""
    if not credentials.only_content_changed:
        return "its credentials are damaged or were altered"
    if tampering is None:
        return "its content is not what was signed"
    parts = []
    rate = float((credentials.frames or {}).get("rate") or 25)
    if count := len(tampering.changed):
        are = "frames are" if count > 1 else "frame is"
        at = f"{', the first' if count > 1 else ','} at {tampering.changed[0] / rate:.2f} s"
        parts.append(f"{count} {are} not what was signed{at}")
    if tampering.moved:
        parts.append("frames are in another order")
    for count, word in ((tampering.missing, "missing"), (tampering.added, "too many")):
        if count:
            parts.append(f"{count} frame{'s are' if count > 1 else ' is'} {word}")
    if tampering.sound:
        parts.append("the sound is another")
    return "; ".join(parts) or "every frame is whole, but what the file says around them differs"


def _tampering(path: Path, credentials: Credentials) -> Tampering | None:
    """What differs in the frames, where the credentials are whole and only the content is not."""
    if not credentials.frames or not credentials.only_content_changed:
        return None
    try:
        return compare_frames(path, credentials.frames)
    except (av.error.FFmpegError, IndexError, KeyError, ValueError):
        return None


def _read(path: Path, progress: Progress | None) -> tuple[MarkReading, float, list[Image]]:
    """The mark, the seconds of a video and some pictures.

    Raises:
        InputError: It is neither a picture nor a video.
    """
    if _is_picture(path):
        photo = load_photo(path)
        return read_image(photo), 0.0, [_small(photo)]
    info = probe_video(path)
    total = max(round(info.seconds * info.fps), 1)
    kept: list[Image] = []
    frames = _watched(read_video(path), total, kept, progress)
    first = next(frames, None)
    if first is None:
        raise InputError(f"'{path}' holds no picture.")
    mark = read_frames(chain([first], frames), info.fps or 25.0)
    return mark, info.seconds, kept


def _watched(
    frames: Iterator[Image], total: int, kept: list[Image], progress: Progress | None
) -> Iterator[Image]:
    """The frames as they come, up to damage; some are kept, small, and progress is told."""
    wanted = set(np.linspace(0, total - 1, PICTURES).round().astype(int).tolist())
    try:
        for index, frame in enumerate(frames):
            if index in wanted:
                kept.append(_small(frame))
            if progress is not None:
                progress(index + 1, total)
            yield frame
    except (InputError, UnicodeDecodeError):
        if not kept:  # nothing before the damage, not even the first frame
            raise


def _is_picture(path: Path) -> bool:
    try:
        with Pillow.open(path):
            return True
    except (UnidentifiedImageError, OSError, Pillow.DecompressionBombError):
        return False


def _small(image: Image) -> Image:
    picture = Pillow.fromarray(image)
    picture.thumbnail((_WIDE, _WIDE))
    return np.asarray(picture)
