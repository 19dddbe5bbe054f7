"""What all requests of one server share, from its start to its end."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from openvasa.engine.animator import Animator
from openvasa.engine.stream import StreamSession
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import content_id, file_hash, weights_hash
from openvasa.server.avatars import AvatarStore, Guest
from openvasa.server.jobs import JobQueue
from openvasa.server.live import LivePerformance
from openvasa.server.requests import Hello
from openvasa.server.seats import Seats, real_time_factor
from openvasa.server.settings import Settings


class Studio:
    """A model, its guests, their videos and live sessions. Use it in a `with` block.

    Attributes:
        animator: The model.
        settings: What whoever runs it decided.
        seats: Live sessions.
        avatars: Portraits.
        jobs: Videos.
        performances: Live now.
        closing: Whether nobody is let in any more.
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
        self._folder = TemporaryDirectory(prefix="openvasa-serve-")
        folder = Path(self._folder.name)
        self.avatars = AvatarStore(animator, settings, folder)
        self.jobs = JobQueue(animator, settings, folder)
        self.performances: set[LivePerformance] = set()
        self.closing = False

    @property
    def ready(self) -> bool:
        """Whether a first frame could be made at once."""
        return not self.closing and self.seats.taken < self.seats.capacity

    def stream(self, guest: Guest, hello: Hello) -> tuple[StreamSession, FrameMarks]:
        """A performance whose frames carry the label and a mark of their own.

        Raises:
            InputError: The controls are out of range.
        """
        told = (file_hash(guest.portrait), weights_hash(self.animator.bundle), str(hello.seed))
        marks = FrameMarks(content_id(*told), label=True)
        session = self.animator.stream(
            guest.avatar, controls=hello.controls.controls(), seed=hello.seed,
            framing=hello.framing, size=hello.size, marks=marks,
        )  # fmt: skip
        return session, marks

    def close(self) -> None:
        """Ends all performances and jobs, and removes all files."""
        self.closing = True
        for performance in list(self.performances):
            performance.close()
        self.jobs.close()
        self._folder.cleanup()

    def __enter__(self) -> Studio:
        """Returns itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes."""
        self.close()
