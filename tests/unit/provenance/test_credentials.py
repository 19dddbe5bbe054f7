"""Credentials say what was meant, and notice every change."""

from __future__ import annotations

import json
import time
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from openvasa.bundle import Bundle
from openvasa.media.image import save_png
from openvasa.provenance import identity as identities
from openvasa.provenance.c2pa_library import c2pa_library
from openvasa.provenance.consent import read_consent
from openvasa.provenance.credentials import Credentials, State, read_credentials
from openvasa.provenance.identity import Identity, load_identity, local_root
from openvasa.provenance.origin import COMPOSITE, GENERATED, Origin, content_id, weights_hash
from openvasa.provenance.signing import check_identity, sign_beside, sign_file
from openvasa.types import InputError
from signed_video import boxes, flipped, leave, plain_video, repacked, signed_video, swap_two

ORIGIN = Origin(model="tiny", model_hash="ab" * 32, content_id=0x0123456789AB)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_video(tmp_path_factory.mktemp("signed"))


def _portrait(path: Path) -> Path:
    Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(path)
    return path


def test_what_a_video_says(tmp_path: Path) -> None:
    portrait = _portrait(tmp_path / "ada.jpg")
    target = signed_video(
        tmp_path, content_id=5, components=(portrait,), consent=read_consent("Ada agreed.")
    )
    found = read_credentials(target, [local_root() or b""])
    assert found.state is State.VALID and found.synthetic and not found.problems
    assert found.source_types == (COMPOSITE,) and found.content_id == 5
    assert found.generator.startswith("openvasa ") and "local test identity" in found.signer
    assert found.model == {"name": "tiny", "sha256": "0" * 64}
    assert found.consent is not None and found.consent["text"] == "Ada agreed."
    assert found.ingredients == ("portrait 1",) and len(found.components) == 1
    assert b"ada.jpg" not in target.read_bytes()


def test_a_stranger_s_signature_holds_but_is_not_trusted(signed: Path) -> None:
    found = read_credentials(signed)
    assert found.state is State.UNTRUSTED and found.problems == ("signingCredential.untrusted",)
    assert found.source_types == (COMPOSITE,) and found.content_id is None


def test_signing_leaves_the_video_as_it_was(signed: Path) -> None:
    def pictures(path: Path) -> list[np.ndarray]:
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]

    before, after = pictures(signed.with_name("plain.mp4")), pictures(signed)
    assert len(before) == len(after)
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp"])
def test_pictures(ending: str, tmp_path: Path) -> None:
    source, target = _portrait(tmp_path / f"a{ending}"), tmp_path / f"b{ending}"
    sign_file(source, target, ORIGIN, load_identity())
    assert read_credentials(target).content_id == ORIGIN.content_id
    assert read_credentials(source).state is State.ABSENT
    half = target.stat().st_size - source.stat().st_size // 2
    changed = read_credentials(flipped(target, tmp_path / f"c{ending}", half))
    assert changed.state is State.BROKEN


def test_credentials_beside_the_file(tmp_path: Path) -> None:
    video = plain_video(tmp_path / "a.mp4")
    before = video.read_bytes()
    (tmp_path / "a.mp4.c2pa").write_bytes(sign_beside(video, ORIGIN, load_identity()))
    found = read_credentials(video)
    assert found.state is State.UNTRUSTED and found.sidecar and video.read_bytes() == before
    flipped(video, video, len(before) // 2)
    assert read_credentials(video).state is State.BROKEN


def test_an_old_sidecar_does_not_break_a_newer_file(signed: Path, tmp_path: Path) -> None:
    newer = tmp_path / "a.mp4"
    newer.write_bytes(signed.read_bytes())
    other = plain_video(tmp_path / "b.mp4", 5)
    (tmp_path / "a.mp4.c2pa").write_bytes(sign_beside(other, ORIGIN, load_identity()))
    found = read_credentials(newer)
    assert found.state is State.UNTRUSTED and not found.sidecar


def test_any_byte_that_counts(signed: Path, tmp_path: Path) -> None:
    place, copy, data = 0, tmp_path / "t.mp4", signed.read_bytes()
    places = [data.index(word) for word in (b"jumdc2pa", b"compositeWith", b"openvasa signer")]
    for kind, box in boxes(data):
        # Not in C2PA's hash: the kind of file (ftyp), labels and padding in its own box.
        inside = {b"ftyp": [], b"uuid": [8]}.get(kind, [8, len(box) // 2, len(box) - 1])
        places += [place + at for at in inside if at < len(box)]
        place += len(box)
    for at in places:
        assert read_credentials(flipped(signed, copy, at)).state is State.BROKEN, at


def test_only_the_content_changed_or_the_credentials_too(signed: Path, tmp_path: Path) -> None:
    for change in (leave, swap_two):
        found = read_credentials(repacked(signed, tmp_path / "t.mp4", change))
        assert found.only_content_changed and found.frames is not None
    said = signed.read_bytes().index(b"compositeWithTrained")
    assert not read_credentials(flipped(signed, tmp_path / "t.mp4", said)).only_content_changed


def test_an_edit_keeps_what_its_source_said(tmp_path: Path) -> None:
    signed = signed_video(tmp_path, generated=True)
    source, target = plain_video(tmp_path / "a.mp4", 10), tmp_path / "b.mp4"
    sign_file(source, target, Origin(model="m", model_hash="h", parent=signed), load_identity())
    found = read_credentials(target)
    assert found.state is State.UNTRUSTED and found.ingredients == ("video",)
    assert set(found.source_types) == {COMPOSITE, GENERATED}


def test_a_photo_that_c2pa_cannot_take_in_is_still_named(tmp_path: Path) -> None:
    photo = _portrait(tmp_path / "a.bmp")
    target = signed_video(tmp_path, components=(photo,))
    assert read_credentials(target).ingredients == ("portrait 1",)


def test_credentials_of_other_software(tmp_path: Path) -> None:
    c2pa, camera = c2pa_library(), tmp_path / "camera.png"
    save_png(tmp_path / "plain.png", np.zeros((32, 32, 3), np.uint8))
    action = {"action": "c2pa.created", "digitalSourceType": "http://example.org/digitalCapture"}
    builder = c2pa.Builder(
        {
            "claim_generator_info": [{"name": "camera"}],
            "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
        }
    )
    own = load_identity()
    info = c2pa.C2paSignerInfo(b"es256", own.certificates, own.key, None)
    builder.sign_file(tmp_path / "plain.png", camera, c2pa.Signer.from_info(info))
    found = read_credentials(camera)
    assert found.state is State.UNTRUSTED and not found.synthetic and found.generator == "camera"


def test_files_without_any(tmp_path: Path) -> None:
    for name, content in [("a.txt", b"text"), ("a.mp4", b""), ("b.mp4", b"\x00\x00\x00\x18ftyp")]:
        (tmp_path / name).write_bytes(content)
        assert read_credentials(tmp_path / name) == Credentials(state=State.ABSENT)
    with pytest.raises(OSError):
        read_credentials(tmp_path / "none.mp4")


def test_what_cannot_sign_is_told_before_the_work() -> None:
    check_identity(load_identity())
    own = load_identity()
    # A certificate that may not sign content: the root's own.
    wrong = Identity(own.root, own.key, "es256")
    with pytest.raises(InputError, match="cannot sign"):
        check_identity(wrong)


def test_what_cannot_be_signed_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.gif"
    file.write_bytes(b"")
    with pytest.raises(InputError, match="cannot carry content credentials"):
        sign_file(file, tmp_path / "b.gif", ORIGIN, load_identity())
    (tmp_path / "c.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="cannot be signed"):
        sign_file(tmp_path / "c.png", tmp_path / "d.png", ORIGIN, load_identity())


def test_numbers_depend_on_all_that_was_given() -> None:
    assert content_id("a", "b") == content_id("a", "b") < 1 << 48
    assert len({content_id("a", "b"), content_id("ab", ""), content_id("b", "a")}) == 3
    one, two = (Bundle(Path(), {"files": {"a.onnx": told}}) for told in ("1", "2"))
    assert weights_hash(one) != weights_hash(two) and len(weights_hash(one)) == 64
    assert json.dumps(ORIGIN.definition())  # nothing that JSON cannot hold


def test_an_identity_that_ran_out_does_not_make_the_file_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(identities, "_YEARS", 2 / 365 / 86_400)  # two seconds
    target = signed_video(tmp_path)
    time.sleep(2.1)
    assert read_credentials(target).state is State.UNTRUSTED
