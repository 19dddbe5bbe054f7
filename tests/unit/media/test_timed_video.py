"""Pictures come with their times, and from any moment on."""

import numpy as np
import pytest

from openvasa.media.timed_video import timed_pictures
from openvasa.media.video import VideoWriter
from openvasa.types import InputError


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("video") / "gray.mp4"
    with VideoWriter(path, (32, 32), fps=30) as writer:
        for level in range(75):
            writer.write(np.full((32, 32, 3), 3 * level, np.uint8))
    return path


def test_times_are_those_of_the_file(video) -> None:
    times = [time for time, _ in timed_pictures(video)]
    assert np.allclose(times, np.arange(75) / 30, atol=1e-3)


def test_reading_may_begin_anywhere(video) -> None:
    whole = list(timed_pictures(video))
    for first in (0, 31, 74):
        rest = list(timed_pictures(video, whole[first][0]))
        assert len(rest) == 75 - first
        assert np.array_equal(rest[0][1], whole[first][1])


def test_what_is_no_video_is_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="no video at"):
        next(timed_pictures(tmp_path / "none.mp4"))
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(InputError, match="damaged"):
        next(timed_pictures(path))
