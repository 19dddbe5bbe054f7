"""Runs independent jobs one after another here, or side by side on one machine or a cluster.

Side by side is Ray Data's work: it spreads the jobs, retries those whose worker died and never
holds more than a few results. Jobs commit their own output and may run twice (`store`). Knows
nothing of what the jobs do.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from openvasa.types import InputError

Job = dict[str, Any]
Result = dict[str, Any]
LOCAL = "local"
_MOST_BLOCKS = 10_000  # Ray keeps a record of each
_SETTINGS = {
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to anyone
}


def run(
    jobs: Sequence[Job],
    make: Callable[[Job], Result],
    workers: int = 1,
    cluster: str | None = None,
) -> Iterator[Result]:
    """Runs all jobs.

    Args:
        jobs: Plain values; each goes to a worker as it is.
        make: A function of a module; its results come back as they are done.
        workers: How many jobs at a time; 1 without a cluster runs them in this process.
        cluster: Address of a running Ray cluster; None is this machine.

    Yields:
        The results, in any order.

    Raises:
        InputError: Ray is not installed, or the cluster cannot be reached.
    """
    if not jobs:
        return
    if workers == 1 and cluster is None:
        yield from map(make, jobs)
        return
    ray = _start(workers, cluster)
    try:
        blocks = min(len(jobs), _MOST_BLOCKS)
        data = ray.data.from_items(list(jobs), override_num_blocks=blocks)
        done = data.map(make, num_cpus=1, compute=ray.data.TaskPoolStrategy(size=workers))
        yield from done.iter_rows()
    finally:
        ray.shutdown()


def _start(workers: int, cluster: str | None) -> Any:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InputError(
            "several workers need Ray: pip install 'openvasa[cluster]', or use --workers 1."
        ) from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if cluster is None:
        settings |= {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(address=cluster or LOCAL, **settings)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(f"the Ray cluster '{cluster}' cannot be reached: {error}.") from error
    return ray
