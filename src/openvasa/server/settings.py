"""What whoever runs a server decides."""

from __future__ import annotations

from dataclasses import dataclass

from openvasa.provenance.blocklist import Blocklist
from openvasa.provenance.identity import Identity
from openvasa.server.text_to_speech import Synthesizer

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MEGABYTE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits and identity of a server.

    Attributes:
        identity: Who signs the videos of jobs.
        blocklist: People who must not be animated, if there is a list.
        synthesizer: Speaks typed text, if there is a voice.
        token: What every request must bring; None where only this computer can ask.
        hosts: Names by which the server may be called; None is any. A page of another site that
            gives its own name the server's address (DNS rebinding) is refused by this.
        sessions: Live sessions at once; None measures how many the machine makes in real time.
        portrait_bytes: Of an uploaded portrait.
        audio_bytes: Of an uploaded recording.
        audio_seconds: Of the video of a job.
        avatars: Kept at once; the one not used for longest goes first.
        queued_jobs: Jobs that may wait.
        keep_seconds: How long an avatar that nobody uses, and a video that nobody fetches, stay.
        message_bytes: Of one message of a live client.
        hello_seconds: How long a live client may take to say what it wants.
        stalled_seconds: How long a client may read nothing of what it is sent before its seat is
            given to others; a peer that vanished without a word is noticed by this too.
        requests_a_minute: Of one address, sockets among them.
        uploads_a_minute: Of one address: portraits and recordings.
        texts_a_minute: Of one address, that are spoken.
        sockets: That one address may have open at once.
    """

    identity: Identity
    blocklist: Blocklist | None = None
    synthesizer: Synthesizer | None = None
    token: str | None = None
    hosts: tuple[str, ...] | None = LOOPBACK
    sessions: int | None = None
    portrait_bytes: int = 25 * MEGABYTE
    audio_bytes: int = 100 * MEGABYTE
    audio_seconds: float = 600.0
    avatars: int = 32
    queued_jobs: int = 8
    keep_seconds: float = 1800.0
    message_bytes: int = MEGABYTE // 4
    hello_seconds: float = 10.0
    stalled_seconds: float = 30.0
    requests_a_minute: int = 600
    uploads_a_minute: int = 30
    texts_a_minute: int = 120
    sockets: int = 8
