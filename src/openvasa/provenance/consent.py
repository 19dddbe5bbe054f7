"""The consent statement: what the credentials say of the shown person's agreement.

Nothing here can tell whether a statement is true. Its hash binds the video to one text, so that
nobody can show another one later.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from openvasa.types import InputError

LONGEST = 2000  # characters of a statement given as words
_FILE_ENDINGS = (".txt", ".md", ".pdf", ".json", ".png", ".jpg", ".jpeg", ".docx", ".eml")


@dataclass(frozen=True)
class Consent:
    """A statement.

    Attributes:
        sha256: Of the text in UTF-8, or of the file's bytes, in hexadecimal.
        text: The words, where they were given as words; None for a file, which may say more of a
            person than a published video should.
    """

    sha256: str
    text: str | None = None


def read_consent(statement: str) -> Consent:
    """Words, or a file's name, to what is recorded of them.

    Args:
        statement: Words are recorded with their hash; of a file only the hash is.

    Raises:
        InputError: It is empty or too long, or the file is missing or cannot be read.
    """
    words = statement.strip()
    if not words:
        raise InputError("the consent statement is empty: say who agreed to what, or name a file.")
    path = Path(statement)
    if _is_file(path):
        try:
            with path.open("rb") as file:
                return Consent(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            raise InputError(
                f"cannot read the consent statement '{path}': {error.strerror}."
            ) from error
    if path.suffix.lower() in _FILE_ENDINGS and " " not in path.name:
        raise InputError(f"there is no consent statement at '{path}': check the name.")
    if len(words) > LONGEST:
        raise InputError(
            f"the consent statement is longer than {LONGEST} characters: put it into a file and "
            "name that."
        )
    return Consent(hashlib.sha256(words.encode()).hexdigest(), words)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # words that can be no name of a file
        return False
