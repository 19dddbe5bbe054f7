"""Flags of every verb that writes a video: who signs, consent, the label, who is refused."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openvasa.bundle import Bundle
    from openvasa.provenance.blocklist import Blocklist
    from openvasa.provenance.consent import Consent
    from openvasa.provenance.frame_marks import FrameMarks
    from openvasa.provenance.identity import Identity
    from openvasa.provenance.origin import Origin


@dataclass(frozen=True)
class Provenance:
    """What the flags ask for, checked before any work is done.

    Attributes:
        identity: Who signs.
        consent: The statement, if one was given.
        label: Whether the frames say that they are AI-generated.
        blocklist: People who must not be animated, if a list was given.
    """

    identity: Identity
    consent: Consent | None
    label: bool
    blocklist: Blocklist | None

    def refuse(self, photo: Path, face: int | None = None) -> None:
        """Raises InputError if the photo's face is on the blocklist; see `find_face`."""
        if self.blocklist is not None:
            from openvasa.face.find import find_face
            from openvasa.media.image import load_photo

            self.blocklist.refuse(find_face(load_photo(photo), face))

    def marks(self, *parts: object) -> FrameMarks:
        """What every frame gets: a content id of its own, and the label unless it is refused.

        Args:
            parts: All that decides what the frames look like: files (their content counts) and
                settings. The same parts give the same id.
        """
        from openvasa.provenance.frame_marks import FrameMarks
        from openvasa.provenance.origin import content_id, file_hash

        told = [file_hash(part) if isinstance(part, Path) else repr(part) for part in parts]
        return FrameMarks(content_id(*told), label=self.label)

    def origin(
        self,
        bundle: Bundle,
        marks: FrameMarks | None = None,
        *,
        components: tuple[Path, ...] = (),
        parent: Path | None = None,
    ) -> Origin:
        """What the credentials are to say; see `provenance.origin.Origin`."""
        from openvasa.provenance.origin import Origin, weights_hash

        return Origin(
            model=bundle.name,
            model_hash=weights_hash(bundle),
            content_id=None if marks is None else marks.content_id,
            components=components,
            parent=parent,
            consent=self.consent,
        )

    @contextmanager
    def release(self, target: Path, origin: Origin) -> Iterator[Path]:
        """`release_file` with this identity; what there is to say goes to stderr."""
        from openvasa.provenance.release import release_file

        with release_file(target, origin, self.identity, tell=_say) as hidden:
            yield hidden


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags."""
    add = parser.add_argument_group("provenance (see docs/provenance.md)").add_argument
    add("--consent", metavar="TEXT_OR_FILE",
        help="who agreed to what: words go into the video's credentials, of a file only its "
        "hash does")  # fmt: skip
    add("--label", action=argparse.BooleanOptionalAction, default=True,
        help="a small visible label, AI-generated; leave it out only where you disclose "
        "otherwise (default: on)")  # fmt: skip
    add("--certificate", type=Path, metavar="PEM",
        help="sign with this certificate chain (default: the file in OPENVASA_IDENTITY, or a "
        "local test identity made on first use)")  # fmt: skip
    add("--key", type=Path, metavar="PEM", help="the certificate's private key")
    add("--blocklist", type=Path, metavar="NPZ",
        help="face embeddings of people who must not be animated")  # fmt: skip
    add("--identity", type=Path, metavar="ONNX", help="the network that made those embeddings")


def read_flags(arguments: argparse.Namespace) -> Provenance:
    """Reads and checks what was given.

    Raises:
        InputError: A file is missing or wrong, or the identity cannot sign.
    """
    from openvasa.provenance.c2pa_library import LibraryMissing
    from openvasa.provenance.consent import read_consent
    from openvasa.provenance.identity import load_identity
    from openvasa.provenance.signing import check_identity

    consent = None if arguments.consent is None else read_consent(arguments.consent)
    identity = load_identity(arguments.certificate, arguments.key)
    try:
        check_identity(identity)
    except LibraryMissing:
        pass  # told when the file is released
    return Provenance(identity, consent, arguments.label, _blocklist(arguments))


def _blocklist(arguments: argparse.Namespace) -> Blocklist | None:
    if arguments.blocklist is None and arguments.identity is None:
        return None
    from openvasa.provenance.blocklist import read_blocklist

    return read_blocklist(arguments.blocklist, arguments.identity)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
