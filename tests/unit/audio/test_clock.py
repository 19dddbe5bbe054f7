"""The clock: blocks tile the frames, and nothing is ready before its look-ahead is heard."""

import pytest

from openvasa.audio import clock


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (640, 1), (641, 2), (16000, 25)])
def test_a_partial_frame_counts(samples: int, frames: int) -> None:
    assert clock.frame_count(samples) == frames


def test_first_seven_frames_are_ready_after_320_ms() -> None:
    assert clock.block_start(clock.blocks_ready(5120)) == 7
    assert clock.block_start(clock.blocks_ready(5119)) == 2


def test_a_block_is_ready_exactly_when_its_last_frame_has_its_look_ahead() -> None:
    for block in range(6):
        end = clock.block_start(block) + clock.BLOCK_FRAMES
        needed = clock.samples_needed(end)
        assert clock.blocks_ready(needed) == block + 1
        assert clock.blocks_ready(needed - 1) == block


@pytest.mark.parametrize("frames", range(1, 30))
def test_blocks_cover_the_frames_and_no_more_than_needed(frames: int) -> None:
    blocks = clock.blocks_for(frames)
    assert clock.block_start(blocks) >= frames > clock.block_start(blocks - 1)


def test_a_block_reads_up_to_one_frame_past_its_own_end() -> None:
    first, last = clock.block_columns(1)
    assert last * clock.MEL_HOP == 640 * (7 + 1)
    assert last - first == clock.BLOCK_COLUMNS
