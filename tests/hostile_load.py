"""What hostile clients do to a server: threads, open files, memory, and the rate of somebody else.

`python tests/hostile_load.py [--model NAME] [--cuts N] [--each N]` starts a server of its own, and
prints a row after each attack. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2 as httpx

import hostile_clients as hostile
from server_client import StudioAnimator, picture, settings_with
from tiny_model import tiny_bundle


def figures(pid: int) -> tuple[int, int, float]:
    """Threads, open files and megabytes of a process."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    values = dict(line.split(":", 1) for line in told.splitlines())
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return int(values["Threads"]), files, int(values["VmRSS"].split()[0]) / 1024


def settled(base: str, sessions: int, seconds: float = 30.0) -> bool:
    """Whether soon no more than so many sessions are left."""
    for _ in range(round(10 * seconds)):
        if httpx.get(f"{base}/health", timeout=30).json()["sessions"] <= sessions:
            return True
        time.sleep(0.1)
    return False


def serve(model: str, sessions: int) -> None:
    """A server whose port is the first line that it prints; it lets one address do all it likes."""
    from openvasa.engine.animator import Animator
    from openvasa.server.app import create_app
    from openvasa.server.draining import DrainingServer

    class Told(DrainingServer):
        def _log_started_message(self, listeners) -> None:  # type: ignore[no-untyped-def]
            print(listeners[0].getsockname()[1], flush=True)

    tiny = model == "tiny"
    animator = StudioAnimator.load(tiny_bundle()) if tiny else Animator.load(model)
    settings = settings_with(sessions=sessions, sockets=10**6)
    app = create_app(animator, settings)
    Told(
        app, 0, port=0, log_level="error", ws_max_size=settings.message_bytes,
        timeout_graceful_shutdown=5,
    ).run()  # fmt: skip


def _portrait(model: str) -> bytes:
    if model == "tiny":
        return picture()
    return (Path(__file__).parents[1] / "examples" / "portrait.jpg").read_bytes()


def attack(base: str, pid: int, model: str, count: int, each: int) -> None:
    """All of it, with a bystander, and a row for each kind."""
    avatar = hostile.created_avatar(base, _portrait(model))
    hostile.cuts(base, avatar, 4)  # what is made once is made now
    settled(base, 0)
    bystander = hostile.Bystander(base, avatar)
    bystander.start()
    time.sleep(10)
    row = "{:28} {:>8} {:>8} {:>6} {:>8}  {}".format
    print(row("", "rate", "threads", "files", "MB", ""))
    calm = bystander.rate(time.monotonic() - 5)
    print(row("before", f"{calm:.1f}", *_shown(pid), ""), flush=True)
    attacks: dict[str, Callable[[], object]] = {
        f"{count} cuts": partial(hostile.cuts, base, avatar, count),
        f"{count} half-open sockets": partial(hostile.half_open, base, avatar, count),
        f"slow readers, {count // 3} times 3": lambda: [
            hostile.slow_readers(base, avatar, 3, 2.0) for _ in range(count // 3)
        ],
        f"malformed, {each} of each": partial(hostile.malformed, base, avatar, each),
    }
    for name, run in attacks.items():
        began = time.monotonic()
        answers = run()
        rate = bystander.rate(began)
        left = settled(base, 1)
        time.sleep(3)
        note = "" if left else "sessions stay"
        print(row(name, f"{rate:.1f}", *_shown(pid), note), flush=True)
        if isinstance(answers, dict):
            print("   " + ", ".join(f"{what}: {code}" for what, code in answers.items()))
    bystander.stop()
    settled(base, 0)
    time.sleep(2)
    print(row("after, nobody there", "", *_shown(pid), ""))
    print("bystander:", len(bystander.came), "frames,", bystander.trouble or "no trouble")
    print(httpx.get(f"{base}/metrics").text)


def _shown(pid: int) -> tuple[str, str, str]:
    threads, files, memory = figures(pid)
    return str(threads), str(files), f"{memory:.0f}"


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny", help="'tiny', or as for `openvasa serve`")
    parser.add_argument("--cuts", type=int, default=100, help="and sockets half open, slow readers")
    parser.add_argument("--each", type=int, default=50, help="times of each malformed message")
    parser.add_argument("--sessions", type=int, default=8, help="seats")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.model, asked.sessions)
        return
    command = [
        sys.executable, __file__, "--serve", "--model", asked.model,
        "--sessions", str(asked.sessions),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        try:
            attack(base, process.pid, asked.model, asked.cuts, asked.each)
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
