"""One person is followed, however many there are; a lost one is found again only nearby."""

import numpy as np
import pytest

from openvasa.face import follow
from openvasa.face.detect import Detection
from openvasa.face.find import Face
from openvasa.face.landmarks import Mesh
from openvasa.types import InputError

PICTURE = np.zeros((8, 8, 3), np.uint8)


def _mesh(x: float, presence: float = 1.0) -> Mesh:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 100, (478, 3)).astype(np.float32)
    points[10, :2], points[152, :2] = (50, 0), (50, 100)
    points[:, 0] += x
    return Mesh(points=points, presence=presence)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[float]]:
    """Faces at these places; the mesh finds one within 30 pixels of where it looks."""
    seen: dict[str, list[float]] = {"at": []}

    def find_mesh(picture, near: Detection, passes: int) -> Mesh:
        middle = float(near.box[[0, 2]].mean()) - 50
        close = [x for x in seen["at"] if abs(x - middle) < 30]
        return _mesh(close[0]) if close else _mesh(middle, 0.0)

    detection = Detection(box=np.zeros(4, np.float32), keypoints=np.zeros((6, 2)), score=1.0)
    monkeypatch.setattr(follow, "find_mesh", find_mesh)
    monkeypatch.setattr(
        follow, "find_faces", lambda picture: [Face(detection, _mesh(x)) for x in seen["at"]]
    )
    return seen


def _places(follower: follow.FaceFollower, scene, path) -> list[float | None]:
    out = []
    for scene["at"] in path:
        mesh = follower.add(PICTURE)
        out.append(None if mesh is None else round(float(mesh.points[10, 0]) - 50))
    return out


def test_the_asked_person_is_followed_past_others(scene) -> None:
    path = [[0, 300], [10, 290], [20, 280]]
    assert _places(follow.FaceFollower(2), scene, path) == [300, 290, 280]
    assert _places(follow.FaceFollower(), scene, path) == [0, 10, 20]


def test_nobody_is_taken_for_a_lost_face(scene) -> None:
    path = [[0, 300], *[[300]] * 6, [20, 300], *[[20, 300]] * 5]
    places = _places(follow.FaceFollower(), scene, path)
    assert places[1:7] == [None] * 6 and places[-1] == 20


def test_missing_faces_and_numbers(scene) -> None:
    assert _places(follow.FaceFollower(), scene, [[], [], []]) == [None] * 3
    scene["at"] = [0.0]
    with pytest.raises(InputError, match="from 1 to 1"):
        follow.FaceFollower(2).add(PICTURE)
