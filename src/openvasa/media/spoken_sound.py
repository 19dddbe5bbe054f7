"""Which sound belongs to which frame: what was sent, laid out by the server's `speech` messages."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 2  # bytes of a sample


@dataclass
class _Speech:
    """Samples first..end of all that was sent, heard from sample `at` of the frames' clock on."""

    at: int
    first: int
    end: int | None = None  # None while it goes on


class SpokenSound:
    """Keeps 16-bit mono sound until the frames that speak it have come."""

    def __init__(self, rate: int, fps: int) -> None:
        """Starts empty.

        Args:
            rate: Samples a second.
            fps: Frames a second.
        """
        self._rate, self._fps = rate, fps
        self._kept = bytearray()
        self._start = 0  # samples sent before those kept
        self._speeches: list[_Speech] = []
        self._heard = 0  # of all that was sent: samples heard, or dropped
        self._ends: list[int] = []  # samples sent when a speech was said to be over

    @property
    def sent(self) -> int:
        """Samples sent so far."""
        return self._start + len(self._kept) // WIDTH

    @property
    def waiting(self) -> int:
        """Samples that were sent and not heard yet."""
        return self.sent - self._heard

    def send(self, pcm: bytes) -> None:
        """Sound that went to the server."""
        self._kept += pcm

    def end(self) -> None:
        """The speech sent so far is whole."""
        self._ends.append(self.sent)

    def drop(self) -> None:
        """The server was asked to drop what it has not spoken."""
        self._heard = self.sent
        self._ends.clear()

    def begin(self, sample: int, time: float) -> None:
        """Speech begins: sample number `sample` is heard at `time` seconds of the frames."""
        self._finish(sample)
        self._speeches.append(_Speech(round(time * self._rate), sample))

    def silence(self, time: float) -> None:
        """Nothing is spoken from `time` on, until speech begins again."""
        if self._speeches and self._speeches[-1].end is None:
            speech = self._speeches[-1]
            length = max(round(time * self._rate) - speech.at, 0)
            speech.end = min(self.sent, speech.first + length)

    def take_back(self, frame: int) -> None:
        """Nothing sent so far is heard from frame `frame` on."""
        cut = self._at(frame)
        self._speeches = [speech for speech in self._speeches if speech.at < cut]
        for speech in self._speeches:
            end = self.sent if speech.end is None else speech.end
            speech.end = min(end, speech.first + cut - speech.at)

    def of_frame(self, frame: int) -> tuple[bytes, bool, bool]:
        """The sound of one frame, whether any is speech, and whether a speech is whole with it.

        Older sound is forgotten.
        """
        start, end = self._at(frame), self._at(frame + 1)
        sound, spoken = bytearray(WIDTH * (end - start)), False
        for speech in self._speeches:
            last = self.sent if speech.end is None else speech.end
            if end > speech.at:
                self._heard = max(self._heard, min(last, speech.first + end - speech.at))
            first = max(start, speech.at)
            count = min(end, speech.at + last - speech.first) - first
            if count > 0:
                spoken = True
                source = WIDTH * (speech.first + first - speech.at - self._start)
                target = WIDTH * (first - start)
                piece = self._kept[source : source + WIDTH * count]
                sound[target : target + len(piece)] = piece
        self._forget(start)
        return bytes(sound), spoken, self._ended(spoken)

    def _ended(self, spoken: bool) -> bool:
        # The server counts in samples of its own rate: silence may begin a few of ours early.
        slack = 0 if spoken else self._at(1)
        before = len(self._ends)
        self._ends = [end for end in self._ends if end > self._heard + slack]
        return len(self._ends) < before

    def _at(self, frame: int) -> int:
        return round(frame * self._rate / self._fps)

    def _finish(self, sample: int) -> None:
        if self._speeches and self._speeches[-1].end is None:
            self._speeches[-1].end = sample

    def _forget(self, position: int) -> None:
        """Drops what was heard before `position` of the frames' clock."""
        while self._speeches and (end := self._speeches[0].end) is not None:
            if self._speeches[0].at + end - self._speeches[0].first > position:
                break
            self._speeches.pop(0)
        if self._speeches:
            first = self._speeches[0]
            needed = first.first + max(position - first.at, 0)
            count = min(max(needed - self._start, 0), len(self._kept) // WIDTH)
            del self._kept[: WIDTH * count]
            self._start += count
