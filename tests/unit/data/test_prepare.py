"""The run over many videos: resumable, the same on any workers, stopped by nothing in a video."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from openvasa.data import prepare as module
from openvasa.data.prepare import MOST_TRIES, Progress, prepare
from openvasa.data.real_video import VideoInput, VideoOptions, unit_name
from openvasa.data.shards import Line, Sample
from openvasa.data.store import Store
from openvasa.types import InputError

made: list[str] = []


def _fake(video: VideoInput, options: VideoOptions, dropped: list[Line]) -> Iterator[Sample]:
    """Two clips of every video; the second half of the names is bad in its own way."""
    made.append(video.path.stem)
    about = {
        "source": video.source, "licence": video.licence, "consent": video.consent,
        "person": unit_name(video), "split": "train", "status": "kept", "reason": "",
        "start": 0.0, "end": 2.0,
    }  # fmt: skip
    if video.path.stem == "crash":
        raise ZeroDivisionError("oops")
    if video.path.stem == "full":
        raise OSError(errno.ENOSPC, "no space")
    if video.path.stem == "stop" and made.count("stop") == 1:
        raise KeyboardInterrupt
    for k in range(2):
        yield Sample(f"{unit_name(video)}-{k:04d}", "real", about, {"x": np.ones(3, "f4")})
    dropped.append({**about, "status": "dropped", "reason": "dark"})


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr(module, "prepare_video", _fake)


def _videos(tmp_path: Path, *names: str) -> list[VideoInput]:
    return [
        VideoInput(path=tmp_path / f"{n}.mp4", source=f"{n}.mp4", licence="CC0", consent="yes")
        for n in names
    ]


def _lines(store: Path) -> list[Line]:
    return [json.loads(line) for line in (store / "manifest.jsonl").read_text().splitlines()]


def test_every_video_is_prepared_once(tmp_path: Path) -> None:
    store, seen = tmp_path / "s", list[Progress]()
    assert prepare(store, _videos(tmp_path, "a", "b"), VideoOptions(), report=seen.append) == 2
    assert [(p.kept, p.seconds, p.dropped) for p in seen] == [(2, 4.0, 1), (2, 4.0, 1)]
    assert prepare(store, _videos(tmp_path, "a", "b", "c"), VideoOptions()) == 1
    assert made == ["a", "b", "c"] and len(Store(store).keys()) == 6
    assert [line["status"] for line in _lines(store)].count("dropped") == 3


def test_an_error_of_ours_drops_the_video_and_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "s"
    assert prepare(store, _videos(tmp_path, "a", "crash", "b"), VideoOptions()) == 3
    reasons = {line["source"]: line["reason"] for line in _lines(store) if line["reason"]}
    assert reasons["crash.mp4"] == "internal error: ZeroDivisionError: oops"
    assert len(Store(store).keys()) == 4


def test_a_stopped_run_goes_on_and_its_manifest_tells_so_far(tmp_path: Path) -> None:
    store, videos = tmp_path / "s", _videos(tmp_path, "a", "b", "stop", "z")
    with pytest.raises(KeyboardInterrupt):
        prepare(store, videos, VideoOptions())
    assert len(_lines(store)) == 6
    prepare(store, videos, VideoOptions())
    assert sorted(made) == ["a", "b", "stop", "stop", "z"]
    keys = [line["clip"] for line in _lines(store) if line["clip"]]
    assert len(keys) == len(set(keys)) == 8
    assert not list(store.rglob("*.started"))


def test_a_full_disk_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    store = tmp_path / "s"
    with pytest.raises(InputError, match="is full"):
        prepare(store, _videos(tmp_path, "a", "full"), VideoOptions())
    assert len(_lines(store)) == 3


def test_a_video_that_kills_its_worker_is_dropped_in_the_end(tmp_path: Path) -> None:
    store, (video,) = tmp_path / "s", _videos(tmp_path, "a")
    started = store / "work" / "real" / f"{unit_name(video)}.started"
    prepare(store, [], VideoOptions())
    started.parent.mkdir(parents=True, exist_ok=True)
    started.write_text(str(MOST_TRIES))
    prepare(store, [video], VideoOptions())
    assert not made and "died" in _lines(store)[0]["reason"]


def test_workers_give_the_same_shards(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    videos = [
        VideoInput(path=tmp_path / f"v{i}.mp4", source=f"v{i}.mp4", licence="CC0", consent="yes")
        for i in range(4)
    ]
    for video in videos:
        video.path.write_bytes(b"no video")
    for name, workers in (("one", 1), ("two", 2)):
        # Ray's workers do not see the stub: they find that these are no videos.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "prepare_video", _real_video())
            prepare(tmp_path / name, videos, VideoOptions(), workers)
    files = {
        name: {p.name: p.read_bytes() for p in (tmp_path / name / "shards").iterdir()}
        for name in ("one", "two")
    }
    assert files["one"] == files["two"]
    assert {line["status"] for line in _lines(tmp_path / "two")} == {"dropped"}


def _real_video():  # type: ignore[no-untyped-def]
    from openvasa.data.real_video import prepare_video

    return prepare_video
