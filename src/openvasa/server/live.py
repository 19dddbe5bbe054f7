"""One live performance: a thread that turns what a client says into messages for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from openvasa.engine.stream import StreamSession, StreamState
from openvasa.server.inbox import Inbox, Piece, RealTime
from openvasa.server.interruption import put_back
from openvasa.server.metrics import Tally
from openvasa.server.other_side import SAID, TOLD, OtherSide, whose
from openvasa.server.outbox import Outbox, Parcel
from openvasa.server.pictures import Encoder
from openvasa.server.priority import yield_to_live
from openvasa.server.requests import End, Hello, Interrupt, Message, Steer, answer
from openvasa.server.resampler import Resampler
from openvasa.types import FPS, SAMPLE_RATE, InputError

MEMORY = 16  # windows of 0.2 s that can be taken back
REACTION = 2  # frames after the one on the screen with which an interruption begins


class LivePerformance:
    """All that one live client owns; nothing of it is shared.

    Its thread runs from `start` until `close`, or until the last frame in pace `free`; it owns
    what the performance needs, and lets go of it at its end, however the socket ended.

    Attributes:
        failure: A word for programs once the performance broke off, None until then.
    """

    def __init__(
        self,
        hello: Hello,
        begin: Callable[[], StreamSession],
        encoder: Encoder,
        outbox: Outbox,
        tally: Tally,
        ended: Callable[[LivePerformance], None],
    ) -> None:
        """Use `start`.

        Args:
            hello: What the client wants.
            begin: Makes what performs it, on the thread; it takes a while.
            encoder: Of its frames.
            outbox: Where messages go; closed at the end.
            tally: Counts what it hears, makes and drops.
            ended: Called when all is over.
        """
        self._begin, self._encoder, self._outbox = begin, encoder, outbox
        self._tally, self._ended = tally, ended
        self._session: StreamSession
        self.failure: str | None = None
        self._live = hello.pace == "live"
        self._inbox = Inbox(live=self._live)
        self._rate, self._resampler = hello.rate, Resampler(hello.rate)
        self._other = None
        if hello.listen is not None:
            self._other = OtherSide(hello.listen, live=self._live)
        self._sent = 0  # samples that came from the client
        self._position = 0  # samples performed, on the clock of the frames
        self._speaking = False
        self._states = deque([StreamState()], MEMORY)
        self._thread = threading.Thread(target=self._run, name="openvasa-live", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def hear(self, message: bytes) -> None:
        """A binary message of the client: sound, after its channel where both sides are heard.

        Raises:
            InputError: It is no 16-bit sound, or too much waits.
        """
        self.hear_side(*((SAID, message) if self._other is None else whose(message)))

    def hear_side(self, channel: int, pcm: bytes) -> None:
        """Sound of the face itself, or of the other side where it is listened to.

        Raises:
            InputError: It is no 16-bit sound, or too much waits.
        """
        if channel == TOLD and self._other is not None:
            self._other.hear(pcm)
            return
        samples = self._resampler(pcm)
        self._tally.hear(len(pcm) / 2 / self._rate)
        self._inbox.hear(samples, self._sent, time.monotonic())
        self._sent += len(pcm) // 2

    def told(self, message: Message) -> None:
        """A text message of the client.

        Raises:
            InputError: It asks for what cannot be.
        """
        if isinstance(message, Steer):
            self._inbox.steer(message.controls.controls())
        elif isinstance(message, End):
            self._inbox.hear(self._resampler.flush(), self._sent, time.monotonic())
            self._inbox.end()
        elif isinstance(message, Interrupt):
            self._resampler.flush()
            self._inbox.interrupt(message.shown)
        else:
            raise InputError("the performance has begun: open another connection to greet again.")

    def refresh(self) -> None:
        """The client cannot show what follows: the next frame is a key frame."""
        self._encoder.restart()

    @property
    def full(self) -> bool:
        """Whether enough sound waits."""
        return self._inbox.full

    @property
    def waiting(self) -> float:
        """Seconds of the client's speech that are not spoken yet."""
        return self._inbox.waiting

    def fail(self, word: str, sentence: str) -> None:
        """Tells the client why it is over, and closes."""
        self.failure = word
        self._say("error", code=word, message=sentence)
        self.close()

    def close(self) -> None:
        """Ends the performance soon; frames under way are dropped."""
        self._inbox.close()
        self._outbox.close()

    def join(self) -> None:
        """Waits until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        if not self._live:
            yield_to_live()
        try:
            with self._begin() as self._session:
                self._play()
        except InputError as error:
            self.fail("unusable", str(error))
        except Exception:
            self.fail("internal", "the performance broke off: start again.")
            raise
        finally:
            self._outbox.close()
            self._ended(self)

    def _play(self) -> None:
        clock = RealTime(time.monotonic(), time.monotonic)
        while piece := self._inbox.next_piece(self._position / SAMPLE_RATE, clock):
            if self._obey():
                continue  # the piece was taken before the interruption
            self._perform(piece)
            if piece.last:
                self._say("done", frames=self._session.state.frames)
                return

    def _obey(self) -> bool:
        """Does what was asked for; returns whether the speech was interrupted."""
        orders = self._inbox.orders()
        if orders.controls is not None:
            self._session.controls = orders.controls
        if orders.interrupted:
            made = self._session.state.frames
            frame = made if orders.shown is None else orders.shown + REACTION
            self._session.state = state = put_back(self._states, frame)
            self._states = deque([state], MEMORY)
            self._speaking = False
            self._position = round(state.frames * SAMPLE_RATE / FPS)
            self._outbox.take_back(state.frames)
            self._encoder.restart()
            self._say("interrupted", frame=state.frames)
        return orders.interrupted

    def _perform(self, piece: Piece) -> None:
        if piece.onset is not None:
            self._say("speech", sample=piece.onset, time=self._position / SAMPLE_RATE)
            self._speaking = True
        elif piece.silent and self._speaking:
            self._say("silence", time=self._position / SAMPLE_RATE)
            self._speaking = False
        if piece.last:
            frames = iter(self._session.flush())
        else:
            told = None if self._other is None else self._other.take(len(piece.samples))
            frames = self._session.iterate(piece.samples, told)
        self._position += len(piece.samples)
        if self._session.state.frames > self._states[-1].frames:
            self._states.append(self._session.state)
        for frame in self._tally.timed(frames):
            if self._inbox.urgent:
                return  # leaving the iterator behind cancels what is under way
            if lost := self._outbox.put(Parcel(self._encoder(frame), frame.index)):
                self._tally.drop(lost)
                self._encoder.restart()
                self._say("dropped", frames=self._outbox.dropped)

    def _say(self, kind: str, **fields: object) -> None:
        self._outbox.put(Parcel(answer(kind, **fields)))
