"""Content credentials (C2PA) of any file: what it says of itself, and whether that holds."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from openvasa.provenance.c2pa_library import SETTINGS, SIDECAR, c2pa_library
from openvasa.provenance.origin import (
    COMPOSITE,
    FRAMES,
    GENERATED,
    GENERATION,
    MARK,
    SOFT_BINDING,
)

_HEAD = 4 << 20  # bytes at the start of a file, where credentials lie
# What every C2PA manifest store holds: its superbox's type (ISO 19566-5), its signature's name.
_TRACES = (b"jumdc2pa", b"c2pa.signature")
# Codes that say who signed is unknown or out of date, not that anything was changed.
_SIGNER = {
    "signingCredential.untrusted",
    "signingCredential.expired",
    "claimSignature.outsideValidity",
}
# Codes that say the content differs from what was signed; the credentials themselves are whole.
_CONTENT = {"assertion.bmffHash.mismatch", "assertion.dataHash.mismatch"}


class State(StrEnum):
    """What is known of a file's credentials."""

    VALID = "valid"  # whole, and signed by somebody this computer trusts
    UNTRUSTED = "untrusted"  # whole, and signed by somebody unknown
    BROKEN = "broken"  # the file or its credentials were changed after signing
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a file says of itself, and whether that holds.

    Attributes:
        state: Whether it holds.
        problems: C2PA's codes of what does not hold, such as `assertion.bmffHash.mismatch`.
        generator: The software and its version.
        signer: Who signed, as the certificate says.
        made: When, as the signer says, ISO 8601; no third party attests it.
        source_types: IPTC's kinds of source that the actions name.
        model: `name` and `sha256` of the weights.
        content_id: The number that the pixels' mark should carry.
        consent: `sha256`, and `text` if any, of the consent statement.
        components: sha256 of the photographs that were animated.
        ingredients: Titles of what the file was made from.
        frames: Digests of the stored frames, see `frame_digests`.
        sidecar: Whether they lie beside the file, not in it.
    """

    state: State
    problems: tuple[str, ...] = ()
    generator: str = ""
    signer: str = ""
    made: str = ""
    source_types: tuple[str, ...] = ()
    model: dict[str, str] | None = None
    content_id: int | None = None
    consent: dict[str, str] | None = None
    components: tuple[str, ...] = ()
    ingredients: tuple[str, ...] = ()
    frames: dict[str, Any] | None = None
    sidecar: bool = False

    @property
    def synthetic(self) -> bool:
        """Whether they say that the content was generated, in whole or in part."""
        return bool({GENERATED, COMPOSITE} & set(self.source_types))

    @property
    def only_content_changed(self) -> bool:
        """Whether they are broken by a change of the content alone, and can be believed."""
        return self.state is State.BROKEN and set(self.problems) <= _SIGNER | _CONTENT


def read_credentials(path: Path, trusted: Sequence[bytes] = ()) -> Credentials:
    """Reads and checks the credentials in a file, or in a sidecar beside it.

    Args:
        path: Any file.
        trusted: PEM of certificates whose signers count as known.

    Raises:
        LibraryMissing: The C2PA library does not run here.
        OSError: The file cannot be opened.
    """
    found = _read(path, None, trusted)
    beside = path.with_name(path.name + SIDECAR)
    # What is in the file counts: a sidecar may be left from an older file of that name.
    if found.state is State.ABSENT and beside.is_file():
        return _read(path, beside.read_bytes(), trusted)
    return found


def _read(path: Path, sidecar: bytes | None, trusted: Sequence[bytes]) -> Credentials:
    c2pa = c2pa_library()
    anchors = b"\n".join(trusted).decode()
    settings = SETTINGS | ({"trust": {"user_anchors": anchors}} if anchors else {})
    try:
        with path.open("rb") as file:
            context = c2pa.Context.from_dict(settings)
            with c2pa.Reader(None, file, sidecar, context) as reader:
                report = json.loads(reader.json())
    except c2pa.C2paError as error:
        if sidecar is None and not _mentions_credentials(path):
            return Credentials(state=State.ABSENT)
        problems = (str(error).strip(": "),)
        return Credentials(state=State.BROKEN, problems=problems, sidecar=sidecar is not None)
    return _credentials(report, sidecar=sidecar is not None)


def _mentions_credentials(path: Path) -> bool:
    """Whether there is something like a C2PA manifest in a file where none can be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return any(trace in head for trace in _TRACES)


def _credentials(report: dict[str, Any], *, sidecar: bool) -> Credentials:
    """The active manifest of the library's report; what it lacks stays empty."""
    manifest = report.get("manifests", {}).get(report.get("active_manifest"), {})
    assertions = {one["label"]: one["data"] for one in manifest.get("assertions", [])}
    generation = assertions.get(GENERATION, {})
    software = (manifest.get("claim_generator_info") or [{}])[0]
    signature = manifest.get("signature_info", {})
    names = [signature.get("common_name"), signature.get("issuer")]
    actions = assertions.get("c2pa.actions.v2", assertions.get("c2pa.actions", {}))
    made = [action["when"] for action in actions.get("actions", []) if action.get("when")]
    problems = tuple(dict.fromkeys(_failures(report)))
    return Credentials(
        state=_state(report, problems),
        problems=problems,
        generator=" ".join(str(software[k]) for k in ("name", "version") if k in software),
        signer=", ".join(name for name in names if name),
        made=str(signature.get("time") or (made[0] if made else "")),
        source_types=tuple(_source_types(report)),
        model=generation.get("model"),
        content_id=_content_id(assertions.get(SOFT_BINDING, {})),
        consent=generation.get("consent"),
        components=tuple(one["sha256"] for one in generation.get("components", [])),
        ingredients=tuple(one.get("title", "") for one in manifest.get("ingredients", [])),
        frames=assertions.get(FRAMES),
        sidecar=sidecar,
    )


def _state(report: dict[str, Any], problems: tuple[str, ...]) -> State:
    if report.get("validation_state") == "Trusted":
        return State.VALID
    return State.UNTRUSTED if set(problems) <= _SIGNER else State.BROKEN


def _failures(report: dict[str, Any]) -> Iterator[str]:
    """Codes of what does not hold for the file itself; its ingredients have codes of their own."""
    active = report.get("validation_results", {}).get("activeManifest", {})
    for failure in active.get("failure", []):
        yield str(failure["code"])


def _source_types(report: dict[str, Any]) -> Iterator[str]:
    """Kinds of source named by the file's own actions or by those of anything it was made from."""
    for manifest in report.get("manifests", {}).values():
        for assertion in manifest.get("assertions", []):
            if assertion["label"].startswith("c2pa.actions"):
                for action in assertion["data"].get("actions", []):
                    if kind := action.get("digitalSourceType"):
                        yield str(kind)


def _content_id(binding: dict[str, Any]) -> int | None:
    if binding.get("alg") != MARK:
        return None
    try:
        return int.from_bytes(base64.b64decode(binding["blocks"][0]["value"]), "big")
    except (KeyError, IndexError, TypeError, binascii.Error):
        return None
