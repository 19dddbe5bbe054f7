"""Which videos are prepared: files, folders, manifests, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from openvasa.data.real_video import VideoInput
from openvasa.data.video_inputs import gather
from openvasa.types import InputError

DEFAULTS = VideoInput(path=Path(), source="", licence="CC0", consent="signed")


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def _gather(
    paths: list[Path], manifest: Path | None = None, people: bool = False
) -> list[VideoInput]:
    return gather(paths, manifest, DEFAULTS, folders_are_people=people)


def test_folders_give_their_videos_and_named_files_are_taken_as_they_are(tmp_path: Path) -> None:
    _touch(tmp_path, "a/x.mp4", "a/b/y.MKV", "a/notes.txt", "a/.hidden.mp4", "z.dat")
    found = _gather([tmp_path / "a", tmp_path / "z.dat", tmp_path / "a" / "x.mp4"])
    assert [video.path.name for video in found] == ["y.MKV", "x.mp4", "z.dat"]
    assert {(video.licence, video.consent, video.person) for video in found} == {
        ("CC0", "signed", None)
    }


def test_folders_can_name_people(tmp_path: Path) -> None:
    _touch(tmp_path, "ann/1.mp4", "ann/2.mp4", "bob/1.mp4")
    assert [v.person for v in _gather([tmp_path], people=True)] == ["ann", "ann", "bob"]


def test_a_manifest_says_whose_videos_they_are(tmp_path: Path) -> None:
    _touch(tmp_path, "v/x.mp4", "v/y.mp4")
    table = tmp_path / "v" / "list.csv"
    table.write_text(
        "file,source,licence,consent,person,pixel_aspect\n"
        "x.mp4,tape 7,CC BY 4.0,form 12,ann,1.0667\nlost.mp4,tape 8,CC0,none,,\n"
    )
    by_name = {video.path.name: video for video in _gather([tmp_path / "v"], table)}
    assert by_name["x.mp4"].person == "ann" and by_name["x.mp4"].pixel_aspect == 1.0667
    assert by_name["x.mp4"].source == "tape 7" and by_name["x.mp4"].licence == "CC BY 4.0"
    assert by_name["y.mp4"].licence == "CC0" and by_name["lost.mp4"].person is None


def test_json_lines_do_as_well(tmp_path: Path) -> None:
    table = tmp_path / "list.jsonl"
    table.write_text('{"file": "x.mp4", "source": "s", "licence": "CC0", "consent": "c"}\n\n')
    assert [video.source for video in _gather([], table)] == ["s"]


def test_what_a_row_leaves_out_is_taken_from_the_flags(tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text("video,license,notes\nx.mp4,,nice\ny.mp4,MIT,\n")
    first, second = _gather([], table)
    assert first.licence == "CC0" and first.source == str(tmp_path / "x.mp4")
    assert second.licence == "MIT" and second.consent == "signed"


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("source,licence\ns,CC0\n", "row 1: `file` must"),
        ("file,licens\nx.mp4,CC0\n", "did you mean 'licence'"),
        ("file,pixel_aspect\nx.mp4,wide\n", "no number"),
        ("file,pixel_aspect\nx.mp4,9\n", "from 0.25 to 4"),
        ("file,licence\nx.mp4,a,too,many\n", "does not fit its columns"),
    ],
)
def test_bad_manifests_are_told(tmp_path: Path, text: str, about: str) -> None:
    table = tmp_path / "list.csv"
    table.write_text(text)
    with pytest.raises(InputError, match=about):
        _gather([], table)


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    for paths, manifest, about in (
        ([], None, "no video"), ([tmp_path / "gone.mp4"], None, "no file"),
        ([tmp_path], None, "holds no video"), ([], tmp_path / "gone.csv", "cannot read"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=about):
            _gather(paths, manifest)
