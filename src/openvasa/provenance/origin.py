"""What a file's credentials say: what made it, from what, and the number its pixels carry.

Terms are those of the C2PA specification 2.x; the kinds of source are those of IPTC's vocabulary
"Digital Source Type".
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openvasa import __version__
from openvasa.bundle import Bundle
from openvasa.provenance.consent import Consent

GENERATION = "org.openvasa.generation"  # our own assertion: weights, consent, the portrait's hash
SOFT_BINDING = "c2pa.soft-binding"  # the C2PA assertion that names a mark in the content itself
MARK = "org.openvasa.pixel-mark.1"
CONTENT_ID_BYTES = 6
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = _SOURCE_TYPE + "trainedAlgorithmicMedia"
COMPOSITE = _SOURCE_TYPE + "compositeWithTrainedAlgorithmicMedia"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a file was made.

    Attributes:
        model: The model's name.
        model_hash: sha256 over all its weights, see `weights_hash`.
        content_id: The 48 bits that the pixel mark of every frame carries; None if there is none.
        components: Photographs that were animated, as far as they are files.
        parent: The video that was edited into this one, if it is an edit.
        generated: Whether nothing in it was taken by a camera.
        consent: What the shown person agreed to.
    """

    model: str
    model_hash: str
    content_id: int | None = None
    components: tuple[Path, ...] = ()
    parent: Path | None = None
    generated: bool = False
    consent: Consent | None = None

    @property
    def source_type(self) -> str:
        """IPTC's digital source type."""
        return GENERATED if self.generated else COMPOSITE

    def definition(self, frames: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The C2PA manifest without its ingredients, which `ingredients` names.

        Args:
            frames: What `frame_digests.digest_frames` says of a video.
        """
        generation: dict[str, Any] = {
            "model": {"name": self.model, "sha256": self.model_hash},
            "components": [{"sha256": file_hash(path)} for path in self.components],
        }
        if self.consent is not None:
            generation["consent"] = {"sha256": self.consent.sha256}
            if self.consent.text is not None:
                generation["consent"]["text"] = self.consent.text
        assertions = [
            {"label": "c2pa.actions.v2", "data": {"actions": self._actions()}},
            {"label": GENERATION, "data": generation},
        ]
        if self.content_id is not None:
            number = base64.b64encode(self.content_id.to_bytes(CONTENT_ID_BYTES, "big")).decode()
            blocks = [{"scope": {}, "value": number}]
            assertions.append({"label": SOFT_BINDING, "data": {"alg": MARK, "blocks": blocks}})
        if frames is not None:
            assertions.append({"label": FRAMES, "data": dict(frames)})
        return {
            "claim_generator_info": [{"name": "openvasa", "version": __version__}],
            "assertions": assertions,
        }

    @property
    def ingredients(self) -> list[tuple[Path, dict[str, str]]]:
        """Files that the result was made from, and what the credentials call them."""
        found = [
            (path, _ingredient(f"portrait {place}", "componentOf"))
            for place, path in enumerate(self.components, 1)
        ]
        if self.parent is not None:
            found.insert(0, (self.parent, _ingredient("video", "parentOf")))
        return found

    def _actions(self) -> list[dict[str, Any]]:
        agent = {"name": "openvasa", "version": __version__}
        made = {
            "when": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "softwareAgent": agent,
            "digitalSourceType": self.source_type,
        }
        if self.parent is None:
            actions: list[dict[str, Any]] = [{"action": "c2pa.created", **made}]
        else:
            opened = {"ingredientIds": ["video"]}
            actions = [
                {"action": "c2pa.opened", "parameters": opened},
                {"action": "c2pa.edited", **made},
            ]
        for _, ingredient in self.ingredients:
            if ingredient["relationship"] == "componentOf":
                placed = {"ingredientIds": [ingredient["instance_id"]]}
                actions.append({"action": "c2pa.placed", "parameters": placed})
        if self.content_id is not None:
            actions.append({"action": "c2pa.watermarked.bound", "softwareAgent": agent})
        return actions


FRAMES = "org.openvasa.frames"  # our own assertion: a digest of every frame as it is stored


def weights_hash(bundle: Bundle) -> str:
    """One sha256 over the names and hashes of all files of a model."""
    files = json.dumps(bundle.config["files"], sort_keys=True)
    return hashlib.sha256(files.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """sha256 of a file in hexadecimal; its memory is flat."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_id(*parts: str) -> int:
    """The 48-bit number of a piece of content: the same parts give the same number.

    Args:
        parts: All that decides what it looks like: hashes of files, settings.
    """
    told = hashlib.sha256(json.dumps(parts).encode()).digest()
    return int.from_bytes(told[:CONTENT_ID_BYTES], "big")


def shown_id(number: int) -> str:
    """A content id as people read it: `1a2b-3c4d-5e6f`."""
    digits = f"{number:0{2 * CONTENT_ID_BYTES}x}"
    return "-".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def _ingredient(title: str, relationship: str) -> dict[str, str]:
    # No file's name: it may name a person.
    return {"title": title, "relationship": relationship, "instance_id": title, "label": title}
