"""Every face through a shot: the detector now and then, the mesh on each picture in between.

A track is one face for as long as it is seen without a break. Where head or camera jump from one
picture to the next and stand still before and after, the recording was cut (`jumped`).
Knows nothing of files, clips or sound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from openvasa.face.align import CHIN, FOREHEAD
from openvasa.face.detect import detect, overlap
from openvasa.face.find import SAME_FACE
from openvasa.face.landmarks import MESH_LOWER, MESH_MARGIN, SIZE, Mesh, find_mesh, mesh_net
from openvasa.latent.surface import STABLE
from openvasa.types import Array, Image

EVERY = 10  # pictures from one look of the detector to the next: 0.4 s
PRESENT = 0.5  # the mesh's confidence below which the face is lost
MOST_LOST = 5  # pictures a face may be lost for, behind a hand or in a blur
LOST_LOOKS = 3  # of them, how many the detector looks at
UNCONFIRMED = 5  # looks of the detector in a row that must not all miss a face
MOST_FACES = 4  # that are followed; the largest
MATCH = 0.25  # overlap of mesh and detection, or of two meshes in a row, that are one face
SIZE_STEP = 1.35  # largest ratio of a face's sizes in two pictures in a row
BROWS_TO_CHIN = 0.72  # height of the detector's box per forehead to chin
JUMP = 0.04  # face heights from one picture to the next; a fast head gathers speed first
JUMP_RATIO = 4.0  # of a jump to the steps before and after it


@dataclass(frozen=True, kw_only=True)
class Bystander:
    """Another face in a picture: left, top, right, bottom f32 [4], and its height in pixels."""

    box: Array
    height: float


@dataclass
class Track:
    """One face in pictures that follow each other.

    Attributes:
        number: Counts the tracks of a shot from 0.
        first: Index of its first picture.
        meshes: One a picture, None where it is lost.
        others: The other faces in each picture.
    """

    number: int
    first: int
    meshes: list[Mesh | None] = field(default_factory=list)
    others: list[list[Bystander]] = field(default_factory=list)
    last: Mesh | None = None
    lost: int = 0
    missed: int = 0


class Tracker:
    """Follows the faces of one shot; give it the pictures one by one, in order."""

    def __init__(self, smallest: float) -> None:
        """Begins a shot.

        Args:
            smallest: Pixels, forehead to chin; smaller faces are seen but not followed.
        """
        self.tracks: list[Track] = []
        self._smallest = smallest
        self._small: list[Bystander] = []
        self._seen = self._count = 0

    def update(self, picture: Image, index: int) -> list[Track]:
        """Follows all faces into the next picture.

        Args:
            picture: u8 [H, W, 3].
            index: Its number on the clock.

        Returns:
            The tracks that have ended before it; `tracks` are those that go on.
        """
        meshes: dict[int, Mesh | None] = {}
        for track in self.tracks:
            meshes[track.number] = _followed(picture, track)
        due = self._seen % EVERY == 0
        anew = any(m is None and t.lost < LOST_LOOKS
                   for t, m in zip(self.tracks, meshes.values(), strict=True))  # fmt: skip
        if due or anew:
            self._look(picture, index, meshes, due)
        self._seen += 1
        return self._settle(meshes)

    def _look(self, picture: Image, index: int, meshes: dict[int, Mesh | None], due: bool) -> None:
        """Runs the detector: new faces, lost ones, and whether the others are still faces."""
        found = detect(picture)
        for track in self.tracks:
            mesh = meshes[track.number]
            near = [] if mesh is None else [d for d in found if _alike(d.box, mesh.box)]
            track.missed = 0 if near or mesh is None else track.missed + due
            found = [d for d in found if not any(d is other for other in near)]
        self._small = []
        for detection in found:
            height = float(detection.box[3] - detection.box[1]) / BROWS_TO_CHIN
            if height < self._smallest or len(self.tracks) >= MOST_FACES:
                self._small.append(Bystander(box=detection.box, height=height))
                continue
            mesh = find_mesh(picture, detection)
            if mesh.presence >= PRESENT and not _known(mesh, meshes):
                self._take(mesh, index, meshes)

    def _take(self, mesh: Mesh, index: int, meshes: dict[int, Mesh | None]) -> None:
        """A lost face that is back, or a new one."""
        for track in self.tracks:
            if meshes[track.number] is None and _continues(track.last, mesh, 1 + track.lost):
                meshes[track.number] = mesh
                return
        self.tracks.append(Track(self._count, index))
        meshes[self._count] = mesh
        self._count += 1

    def _settle(self, meshes: dict[int, Mesh | None]) -> list[Track]:
        """Writes the picture into the tracks; those that ended."""
        ended = []
        for track in list(self.tracks):
            mesh = meshes[track.number]
            track.lost = track.lost + 1 if mesh is None else 0
            double = mesh is not None and any(
                _same(mesh, meshes[other.number]) for other in self.tracks if other is not track
            )
            if track.lost > MOST_LOST or track.missed >= UNCONFIRMED or double:
                self.tracks.remove(track)
                ended.append(track)
                continue
            track.last = mesh or track.last
            track.meshes.append(mesh)
        for track in self.tracks:
            others = [meshes[other.number] for other in self.tracks if other is not track]
            seen = [Bystander(box=mesh.box, height=mesh.height) for mesh in others if mesh]
            track.others.append(seen + self._small)
        return ended


def lay(picture: Image, mesh: Mesh) -> Mesh:
    """Lays the mesh anew, where a mesh was one picture ago.

    The same as the second pass of `face.landmarks.find_mesh` to 0.1 % of face height, with one
    warp instead of two cuts: a fifth of the time.

    Args:
        picture: u8 [H, W, 3].
        mesh: Where the face was.
    """
    roll = mesh.roll
    cos, sin = math.cos(roll), math.sin(roll)
    upright = np.array([[cos, -sin], [sin, cos]])
    along = mesh.surface[:, :2].astype(np.float64) @ upright
    low, high = along.min(0), along.max(0)
    longer = float(np.max(high - low))
    center = upright @ ((low + high) / 2 + [0, MESH_LOWER * longer])
    step = max(MESH_MARGIN * longer, 1.0) / SIZE
    shrink = max(1, int(step / 1.5))  # a warp looks at four pixels: from 3 on it would alias
    if shrink > 1:
        size = max(1, picture.shape[1] // shrink), max(1, picture.shape[0] // shrink)
        source = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    else:
        source = picture
    ratio = np.array([source.shape[1] / picture.shape[1], source.shape[0] / picture.shape[0]])
    turn = upright * step * ratio[:, None]
    middle = np.full(2, (SIZE - 1) / 2)
    matrix = np.column_stack([turn, center * ratio - 0.5 - turn @ middle])
    square = cv2.warpAffine(
        source, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    raw = mesh_net()(np.divide(square, 255, dtype=np.float32))
    points = raw[0].reshape(-1, 3).astype(np.float64) * step
    points[:, :2] = (points[:, :2] - SIZE * step / 2) @ upright.T + center
    presence = 1 / (1 + math.exp(-float(np.clip(raw[1].item(), -60, 60))))
    return Mesh(points=points.astype(np.float32), presence=presence)


def steps(meshes: list[Mesh | None]) -> Array:
    """How far the head goes from each picture to the next, in face heights.

    Args:
        meshes: T of them.

    Returns:
        f32 [T - 1]; 0 where a face is lost.
    """
    out = np.zeros(max(len(meshes) - 1, 0), np.float32)
    for i, (one, two) in enumerate(zip(meshes, meshes[1:], strict=False)):
        if one is not None and two is not None:
            moved = np.linalg.norm(two.points[STABLE, :2] - one.points[STABLE, :2], axis=1)
            out[i] = np.median(moved) / max(one.height, 1.0)
    return out


def jumped(meshes: list[Mesh | None]) -> bool:
    """Whether the recording was cut between the middle two of four pictures of one face.

    Args:
        meshes: Four in a row; nothing is said of lost faces.
    """
    if any(mesh is None for mesh in meshes):
        return False
    before, middle, after = steps(meshes)
    return bool(middle > JUMP and middle > JUMP_RATIO * max(before, after))


def _followed(picture: Image, track: Track) -> Mesh | None:
    if track.last is None or track.lost:
        return None  # where a lost face was, its hand or blur may pass for it
    mesh = lay(picture, track.last)
    return mesh if mesh.presence >= PRESENT and _continues(track.last, mesh, 1) else None


def _continues(last: Mesh | None, mesh: Mesh, pictures: int) -> bool:
    if last is None:
        return False
    ratio = mesh.height / max(last.height, 1e-3)
    limit = SIZE_STEP ** min(pictures, 2)
    return bool(1 / limit < ratio < limit and overlap(mesh.box, last.box[None])[0][0] > MATCH)


def _alike(box: Array, mesh_box: Array) -> bool:
    """Whether a detection (brows to chin) lies on a mesh."""
    union, smaller = overlap(box, mesh_box[None])
    return bool(union[0] > MATCH or smaller[0] > 2 * MATCH)


def _known(mesh: Mesh, meshes: dict[int, Mesh | None]) -> bool:
    return any(_same(mesh, other) for other in meshes.values())


def _same(one: Mesh, two: Mesh | None) -> bool:
    return two is not None and bool(overlap(one.box, two.box[None])[0][0] > SAME_FACE)


def height_of(points: Array) -> Array:
    """Forehead to chin of meshes [..., 478, 3], in their unit."""
    return np.linalg.norm(points[..., FOREHEAD, :2] - points[..., CHIN, :2], axis=-1)
