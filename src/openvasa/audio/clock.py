"""The one place where samples, mel columns and frames are converted into each other.

Frame t of a recording covers samples [640 t, 640 (t + 1)); mel column k ends at sample
160 (k + 1). Features of frame t may depend on samples below 640 (t + 2), never later ones.
"""

from __future__ import annotations

from openvasa.types import SAMPLES_PER_FRAME

MEL_HOP = 160  # samples between two mel columns: 100 columns a second
MEL_WINDOW = 400  # samples under one mel column: 25 ms
COLUMNS_PER_FRAME = SAMPLES_PER_FRAME // MEL_HOP  # 4
LOOK_AHEAD_FRAMES = 1  # frames of sound after its own that a feature frame may hear
BLOCK_FRAMES = 5  # feature frames made by one run of the graph
BLOCK_OFFSET = 2  # blocks end at frames 2, 7, 12, ...: just where motion windows end
CONTEXT_COLUMNS = 76  # mel columns that one feature frame sees: 0.775 s of sound
BLOCK_COLUMNS = CONTEXT_COLUMNS + COLUMNS_PER_FRAME * (BLOCK_FRAMES - 1)  # 92


def frame_count(samples: int) -> int:
    """Frames that cover a number of samples; the last one may be partly empty."""
    return -(-samples // SAMPLES_PER_FRAME)


def samples_needed(frames: int) -> int:
    """Samples after which the features of the first `frames` frames are fixed."""
    return SAMPLES_PER_FRAME * (frames + LOOK_AHEAD_FRAMES) if frames > 0 else 0


def block_start(block: int) -> int:
    """First frame of a block; negative for block 0, whose early frames are dropped."""
    return BLOCK_FRAMES * block + BLOCK_OFFSET - BLOCK_FRAMES


def blocks_ready(samples: int) -> int:
    """How many blocks are complete once this many samples have been heard."""
    frames = samples // SAMPLES_PER_FRAME - LOOK_AHEAD_FRAMES
    return max(0, (frames - BLOCK_OFFSET) // BLOCK_FRAMES + 1) if frames >= BLOCK_OFFSET else 0


def blocks_for(frames: int) -> int:
    """How many blocks cover the first `frames` frames."""
    return 0 if frames <= 0 else max(0, -(-(frames - BLOCK_OFFSET) // BLOCK_FRAMES)) + 1


def block_columns(block: int) -> tuple[int, int]:
    """First and past-the-last mel column that a block's graph run reads; may start below 0."""
    last = COLUMNS_PER_FRAME * (block_start(block) + BLOCK_FRAMES + LOOK_AHEAD_FRAMES)
    return last - BLOCK_COLUMNS, last
