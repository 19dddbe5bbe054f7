"""What all requests of one server share, from its start to its end."""

from __future__ import annotations

from functools import partial

from openvasa.engine.animator import Animator
from openvasa.engine.stream import StreamSession
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import content_id, weights_hash
from openvasa.server.avatars import AvatarStore, Guest
from openvasa.server.jobs import JobQueue
from openvasa.server.live import LivePerformance
from openvasa.server.metrics import Tally
from openvasa.server.outbox import Outbox, Parcel
from openvasa.server.pictures import create_encoder
from openvasa.server.requests import VERSION, Hello, answer
from openvasa.server.scratch import Scratch
from openvasa.server.seats import Seats, real_time_factor
from openvasa.server.settings import Settings
from openvasa.server.views import Views
from openvasa.types import FPS


class Studio:
    """A model, its guests, their videos and live sessions. Use it in a `with` block.

    Attributes:
        animator: The model.
        settings: What whoever runs it decided.
        seats: Live sessions.
        avatars: Portraits.
        jobs: Videos.
        performances: Live now.
        views: Of the sessions that run.
        tally: What was done so far.
        scratch: Where files of clients lie.
        draining: Whether what runs may end and nothing new begins; set from outside.
        closing: Whether all is over.
    """

    def __init__(self, animator: Animator, settings: Settings) -> None:
        """Measures the machine, unless the settings name a capacity.

        Args:
            animator: Loaded and warm.
            settings: Limits and identity.
        """
        self.animator, self.settings = animator, settings
        self.seats = Seats(
            int(real_time_factor(animator)) if settings.sessions is None else settings.sessions
        )
        self.scratch = Scratch()
        folder = self.scratch.folder
        self.avatars = AvatarStore(animator, settings, folder)
        self.jobs = JobQueue(animator, settings, folder)
        self.performances: set[LivePerformance] = set()
        self.views = Views()
        self.tally = Tally()
        self.draining = self.closing = False

    @property
    def works(self) -> bool:
        """Whether what makes videos is alive."""
        return self.jobs.works

    @property
    def ready(self) -> bool:
        """Whether a first frame could be made at once."""
        return self.open and self.seats.taken < self.seats.capacity

    @property
    def open(self) -> bool:
        """Whether anything new may begin."""
        return not (self.draining or self.closing)

    @property
    def idle(self) -> bool:
        """Whether nobody speaks, and no video is waited for."""
        return not self.seats.taken and not self.jobs.owed

    def perform(self, guest: Guest, hello: Hello, outbox: Outbox, view: str) -> LivePerformance:
        """Starts a performance; the seat that was taken for it is free when it has ended.

        Args:
            guest: Who speaks.
            hello: What the client wants.
            outbox: Gets `ready` and all that follows.
            view: Id by which others may watch.
        """
        begin = partial(self._begin, guest, hello, outbox, view)
        encoder = create_encoder(hello.video, hello.quality)
        performance = LivePerformance(hello, begin, encoder, outbox, self.tally, self._ended)
        self.performances.add(performance)
        performance.start()
        return performance

    def _begin(self, guest: Guest, hello: Hello, outbox: Outbox, view: str) -> StreamSession:
        """A stream whose frames carry the label and a mark of their own."""
        told = (guest.sha256, weights_hash(self.animator.bundle), str(hello.seed))
        marks = FrameMarks(content_id(*told), label=True)
        session = self.animator.stream(
            guest.avatar, controls=hello.controls.controls(), seed=hello.seed,
            framing=hello.framing, size=hello.size, scene=hello.scene(), marks=marks,
        )  # fmt: skip
        shown = f"{marks.content_id:012x}"
        ready = answer(
            "ready", version=VERSION, fps=FPS, video=hello.video, content_id=shown, view=view
        )
        outbox.put(Parcel(ready))
        return session

    def _ended(self, performance: LivePerformance) -> None:
        self.performances.discard(performance)
        self.seats.give_back()

    def close(self) -> None:
        """Ends all performances and jobs, and removes all files."""
        self.closing = True
        performances = list(self.performances)
        for performance in performances:
            performance.close()
        for performance in performances:
            performance.join()
        self.jobs.close()
        self.scratch.close()

    def __enter__(self) -> Studio:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()
