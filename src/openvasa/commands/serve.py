"""`openvasa serve`: a server on which a photo answers in real time, and a page to try it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openvasa.types import InputError
from openvasa.weights import DEFAULT_MODEL

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = (0, 65535)
SESSIONS = (1, 1000)
DRAIN = (0, 86_400)  # seconds
_STOP_SECONDS = 10  # for requests under way once clients were waited for

_DESCRIPTION = """\
Serves the studio page at http://127.0.0.1:8000, an HTTP interface for portraits and videos, and a
WebSocket on which a portrait speaks as the sound comes (docs/server.md). Every frame carries the
mark and a visible label, and every video is signed; a portrait needs a consent statement. Only this
computer is served unless --host names another address, which needs a token."""

_EXAMPLES = """\
examples:
  openvasa serve
  openvasa serve --port 9000 --sessions 2
  openvasa serve --host 0.0.0.0 --token "$(openssl rand -hex 16)\""""


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of this verb."""
    from openvasa.commands.performance_flags import whole

    parser.description, parser.epilog = _DESCRIPTION, _EXAMPLES
    add = parser.add_argument
    add("--host", default="127.0.0.1", metavar="ADDRESS",
        help="where to listen (default: 127.0.0.1, this computer alone)")  # fmt: skip
    add("--port", type=lambda text: whole(text, "the port", *PORTS), default=8000, metavar="N",
        help="the port; 0 is any that is free (default: 8000)")  # fmt: skip
    add("--token", metavar="SECRET",
        help="what every request must bring; needed for any --host but this computer")  # fmt: skip
    add("--sessions", type=lambda text: whole(text, "the number of sessions", *SESSIONS),
        metavar="N", help="live sessions at once (default: as many as this machine makes in real "
        "time, measured at the start)")  # fmt: skip
    add("--proxy", default="", metavar="ADDRESS",
        help="the proxy before the server, or its network (10.0.0.0/8): who asks is what it says "
        "in X-Forwarded-For (default: nobody is believed)")  # fmt: skip
    add("--drain", type=lambda text: whole(text, "the seconds to drain", *DRAIN), default=30,
        metavar="SECONDS", help="after SIGTERM, let sessions and videos end for so long; a second "
        "SIGTERM or Ctrl-C ends them (default: 30)")  # fmt: skip
    add("--voice-command", metavar="COMMAND",
        help="what speaks text typed in the page: a program that reads text and writes a WAV, with "
        "its arguments; none: no voice (default: espeak-ng, where it is installed)")  # fmt: skip
    add("--model", default=DEFAULT_MODEL, metavar="NAME",
        help=f"a model that ships, or a model's folder (default: {DEFAULT_MODEL})")  # fmt: skip
    add("--certificate", type=Path, metavar="PEM", help="sign videos with this certificate chain")
    add("--key", type=Path, metavar="PEM", help="the certificate's private key")
    add("--blocklist", type=Path, metavar="NPZ",
        help="face embeddings of people who must not be animated")  # fmt: skip
    add("--identity", type=Path, metavar="ONNX", help="the network that made those embeddings")
    parser.set_defaults(consent=None, label=True)  # each client states its own; always labeled


def run(arguments: argparse.Namespace) -> int:
    """Serves until it is stopped; returns the exit code."""
    if arguments.host not in LOOPBACK and not arguments.token:
        raise InputError(
            f"'{arguments.host}' can be reached by others: give a --token that they must know."
        )
    try:
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError("serving needs more packages: pip install 'openvasa[server]'.") from error
    from openvasa.commands.provenance_flags import read_flags
    from openvasa.engine.animator import Animator
    from openvasa.server.app import create_app
    from openvasa.server.draining import DrainingServer
    from openvasa.server.settings import Settings
    from openvasa.server.text_to_speech import find_synthesizer

    provenance = read_flags(arguments)
    settings = Settings(
        identity=provenance.identity, blocklist=provenance.blocklist, token=arguments.token,
        hosts=LOOPBACK if arguments.host in LOOPBACK else None, sessions=arguments.sessions,
        synthesizer=find_synthesizer(arguments.voice_command),
    )  # fmt: skip
    print("openvasa: loading the model and measuring this machine", file=sys.stderr)
    app = create_app(Animator.load(arguments.model), settings)
    try:
        DrainingServer(
            app, arguments.drain, arguments.proxy, host=arguments.host, port=arguments.port,
            access_log=False, server_header=False, ws_max_size=settings.message_bytes,
            timeout_graceful_shutdown=_STOP_SECONDS,
        ).run()  # fmt: skip
    except KeyboardInterrupt:  # how a server is meant to end
        pass
    return 0
