"""The shipped graphs are the ones NOTICE names."""

import hashlib
import re

from openvasa.face.detect import MODELS


def test_notice_names_every_graph_and_its_hash():
    notice = (MODELS / "NOTICE").read_text()
    graphs = sorted(MODELS.glob("*.tflite"))
    assert len(graphs) == 3
    for graph in graphs:
        entry = notice[notice.index(f"\n{graph.name}\n") :]
        named = re.search(r"sha256 ([0-9a-f]{64})", entry)
        assert named is not None
        assert named[1] == hashlib.sha256(graph.read_bytes()).hexdigest()
