"""The portraits that clients brought: under names that cannot be guessed, for a while."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from openvasa.engine.animator import Animator
from openvasa.engine.avatar import Avatar
from openvasa.face.find import find_face
from openvasa.media.image import load_photo
from openvasa.provenance.consent import LONGEST, Consent
from openvasa.server.settings import Settings
from openvasa.types import InputError


@dataclass(frozen=True, kw_only=True)
class Guest:
    """A portrait that may be animated.

    Attributes:
        id: Its name; who knows it may use it.
        avatar: Ready to be animated.
        portrait: The uploaded file, for the credentials of videos.
        sha256: Of that file.
        consent: What the uploader stated.
    """

    id: str
    avatar: Avatar
    portrait: Path
    sha256: str
    consent: Consent


def stated_consent(words: str) -> Consent:
    """What is recorded of a client's words; unlike `read_consent` it never opens a file.

    Raises:
        InputError: They are missing or too long.
    """
    words = words.strip()
    if not words:
        raise InputError("the consent statement is empty: say who agreed to be animated.")
    if len(words) > LONGEST:
        raise InputError(f"the consent statement is longer than {LONGEST} characters: shorten it.")
    return Consent(hashlib.sha256(words.encode()).hexdigest(), words)


class AvatarStore:
    """Keeps avatars; safe to use from several threads."""

    def __init__(self, animator: Animator, settings: Settings, folder: Path) -> None:
        """Starts empty.

        Args:
            animator: Prepares them.
            settings: How many, for how long, and who is refused.
            folder: Where portraits lie while their avatars are kept.
        """
        self._animator, self._settings, self._folder = animator, settings, folder
        self._kept: OrderedDict[str, tuple[Guest, float]] = OrderedDict()
        self._lock = threading.Lock()
        self._preparing = threading.Lock()  # one at a time, so that live sessions keep their rate

    def add(self, portrait: bytes, consent: str, face: int | None = None) -> Guest:
        """Prepares a portrait.

        Args:
            portrait: The bytes of an image file.
            consent: Who agreed to what, in words.
            face: As for `Animator.prepare`.

        Raises:
            InputError: The portrait cannot be used or is refused, or there is no statement.
        """
        stated = stated_consent(consent)
        name = secrets.token_urlsafe(16)
        file = self._folder / f"portrait-{name}"
        try:
            file.write_bytes(portrait)
            with self._preparing:
                photo = load_photo(file)
                if self._settings.blocklist is not None:
                    self._settings.blocklist.refuse(find_face(photo, face))
                avatar = self._animator.prepare(photo, face=face)
        except InputError as error:
            file.unlink()
            # The client knows no path of this computer, and is told none.
            raise InputError(str(error).replace(str(file), "portrait")) from error
        guest = Guest(
            id=name, avatar=avatar, portrait=file, consent=stated,
            sha256=hashlib.sha256(portrait).hexdigest(),
        )  # fmt: skip
        self._put(guest)
        return guest

    def get(self, name: str) -> Guest | None:
        """An avatar by its id; None if there is none, or no more."""
        with self._lock:
            self._forget_old()
            if name not in self._kept:
                return None
            guest, _ = self._kept.pop(name)
            self._kept[name] = guest, time.monotonic()
            return guest

    def remove(self, name: str) -> bool:
        """Forgets an avatar and its portrait; says whether it was there."""
        with self._lock:
            found = self._kept.pop(name, None)
        if found is not None:
            found[0].portrait.unlink(missing_ok=True)
        return found is not None

    def _put(self, guest: Guest) -> None:
        with self._lock:
            self._kept[guest.id] = guest, time.monotonic()
            self._forget_old()

    def _forget_old(self) -> None:
        """Forgets what nobody used for long, and what is too many."""
        oldest = time.monotonic() - self._settings.keep_seconds
        while self._kept:
            guest, used = next(iter(self._kept.values()))
            if used >= oldest and len(self._kept) <= self._settings.avatars:
                return
            del self._kept[guest.id]
            guest.portrait.unlink(missing_ok=True)
