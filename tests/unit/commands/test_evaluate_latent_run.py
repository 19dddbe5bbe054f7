"""The document and the page of `openvasa evaluate latent`."""

from pathlib import Path

import numpy as np

from openvasa.commands.evaluate_latent_run import document, jpeg, page
from openvasa.metrics.findings import Findings


def _found() -> Findings:
    found = Findings()
    found.add("Sharpness", "yaw 10", before=0.9)
    return found


def test_the_document_has_every_table_and_sheet_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    target, sheet = tmp_path / "a.md", np.zeros((4, 4, 3), np.uint8)
    first = document(_found(), {"pose": sheet}, target)
    assert "| yaw 10 | 0.900 |" in first and "images/latent_pose.jpg" in first
    target.write_text(first.replace("Nobody looked yet.", "Eyes are fine."))
    assert "Eyes are fine." in document(_found(), {}, target)


def test_the_page_holds_its_pictures() -> None:
    shown = page(_found(), {"art": np.zeros((4, 4, 3), np.uint8)})
    assert "data:image/jpeg;base64," in shown and "<td>yaw 10" in shown


def test_a_sheet_gets_coarser_until_it_is_small_enough() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    fine, coarse = jpeg(noise, 10**6), jpeg(noise, 30_000)
    assert len(coarse) <= 30_000 < len(fine)
