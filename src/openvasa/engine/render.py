"""Avatar + pose and dynamics -> finished frame; the one exit through which frames leave.

Each frame depends on nothing but its own motion, so several can be made at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from openvasa.engine.anchor import Anchor
from openvasa.engine.avatar import Avatar
from openvasa.engine.backends import Backend
from openvasa.engine.lip_seam import lip_seam
from openvasa.engine.lip_shape import LipShape
from openvasa.engine.scene import Scene, behind, view, window
from openvasa.engine.warp2d import Composer
from openvasa.engine.warp3d import sample_volume
from openvasa.face.paste import LONGEST, Paster
from openvasa.latent.drawn import DETAIL, VOXEL, Drawn, mouth_window
from openvasa.latent.light import PortraitLight
from openvasa.latent.mouth import FaceMesh, PortraitMouth
from openvasa.latent.surface import MOUTH, PortraitSurface, to_canonical
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.origin import content_id
from openvasa.types import Array, Frame, Image, InputError, Motion

FRAMINGS = ("crop", "full")
DEFAULT_SIZE = 512  # pixels, side of the video in framing `crop`
# Of a yaw or pitch that is asked for, readers saw 0.77: the mesh is flatter than heads are, at its
# sides most (docs/disentanglement.md). On drawn heads of eight training people this brings points
# nearest to the truth; 1.1 does for pixels, and angles go on improving beyond.
TURN = 1.15
Timer = Callable[[str], AbstractContextManager[None]]  # see `engine.meter`
Draw = Callable[[Motion, int], Frame]


def no_timer(stage: str) -> AbstractContextManager[None]:
    """Measures nothing."""
    return nullcontext()


class Renderer:
    """Makes the frames of one avatar; safe to call from several threads.

    Attributes:
        size: (width, height) of the frames, both even.
        marks: What every frame gets on its way out.
        transparent: Whether frames have an alpha channel.
    """

    def __init__(
        self,
        avatar: Avatar,
        run: Backend,
        topology: FaceMesh,
        *,
        framing: str = "crop",
        size: int | None = None,
        scene: Scene = Scene(),
        whole: bool = False,
        marks: FrameMarks | None = None,
        timer: Timer = no_timer,
    ) -> None:
        """Prepares what all frames share.

        Args:
            avatar: The portrait.
            run: Must know the graphs `move` and `decoder`.
            topology: Meshes of the model.
            framing: `crop`: the square around the face, as far as the photo shows it; `full`:
                pasted into the whole photo.
            size: The frames' longer side in pixels; None is 512 for `crop`, and for `full` the
                photo's own, up to 1920.
            scene: The picture's shape, and what shows behind.
            whole: In framing `crop`, the whole square even where the photo ends before it.
            marks: What every frame gets on its way out; None is the invisible mark alone, with a
                number of the portrait and the model.
            timer: Called around each stage with its name.

        Raises:
            InputError: There is no such framing, or it has no background of its own.
        """
        if framing not in FRAMINGS:
            raise InputError(f"there is no framing '{framing}': choose one of {FRAMINGS}.")
        if framing == "full" and scene.background is not None:
            raise InputError("a background can be chosen in framing 'crop' only: choose that.")
        self._avatar, self._run, self._timer = avatar, run, timer
        self.marks = marks or FrameMarks(portrait_id(avatar))
        self.transparent = scene.transparent
        self._surface = PortraitSurface(topology, avatar.points, avatar.pose[0], avatar.matte)
        self._lips = LipShape(avatar.neutral[0])
        self._light: PortraitLight | None = None
        if topology.light is not None:
            self._light = PortraitLight(topology.light, topology.skin, avatar.points)
            self._read = Anchor(run).read
            self._expression = self._read(avatar.dynamics)[0]
        self._paster: Paster | None = None
        if framing == "full":
            side = self._place_full(size, scene)
        else:
            side = self._place_crop(size or DEFAULT_SIZE, scene, whole)
        rows, columns = self._shown
        self.size = columns.stop - columns.start, rows.stop - rows.start
        person, matte, own = avatar.layers(side, own=scene.background is None)
        if scene.background is not None:
            own = behind(scene.background, matte, own, self._shown)
        self._alpha: Composer | None = None
        if scene.transparent:
            self._compose = Composer(person)
            self._alpha = Composer(np.repeat(_levels(matte)[..., None], 3, 2))
        else:
            self._compose = Composer(person, matte, own)
        self._mouth = PortraitMouth(
            topology.interior, avatar.neutral[0], avatar.points, avatar.pose[0], avatar.crop(side)
        )
        enlarged = side / avatar.box.side
        self._detail = DETAIL * float(np.clip(2 / enlarged - 1, 0, 1))  # no sharper than the photo
        self._moving = {"neutral": avatar.neutral, "identity": avatar.identity, "rest": avatar.pose}
        self._drawing = {
            "identity": avatar.identity, "rest": avatar.pose, "own_dynamics": avatar.dynamics,
        }  # fmt: skip

    def __call__(self, motion: Motion, index: int) -> Frame:
        """One frame.

        Args:
            motion: Motion of exactly one frame; its pose is an offset to the portrait's.
            index: Which frame of the performance it is.
        """
        crop, alpha = self._animate(self._placed(motion.pose), motion.dynamics)
        if self._paster is not None:
            with self._timer("paste"):
                crop = self._paster(crop)
        shown = alpha if alpha is None else alpha[self._shown]
        return self._release(np.ascontiguousarray(crop[self._shown]), index, shown)

    def _place_full(self, size: int | None, scene: Scene) -> int:
        """Decides what part of the whole photo is shown; returns the side of its crop."""
        avatar = self._avatar
        height, width = avatar.photo.shape[:2]
        cut = window(width, height, scene.aspect, (avatar.box.cx, avatar.box.cy))
        longer = max(part.stop - part.start for part in cut)
        longest = round((size or LONGEST) * max(height, width) / longer)
        shrink = min(1.0, longest / max(height, width))
        side = min(avatar.native_size, max(2 * round(avatar.box.side * shrink / 2), 64))
        self._paster = Paster(avatar.photo, avatar.box, side, longest)
        center = avatar.box.cx * shrink, avatar.box.cy * shrink
        self._shown = window(*self._paster.size, scene.aspect, center)
        return side

    def _place_crop(self, shown: int, scene: Scene, whole: bool) -> int:
        """Decides what part of the square around the face is shown; returns its side."""
        avatar = self._avatar
        left, top, share = (0.0, 0.0, 1.0) if whole else view(avatar.box, avatar.photo)
        side = round(shown / share)
        x, y = (min(round(edge * side), side - shown) for edge in (left, top))
        rows, columns = window(shown, shown, scene.aspect, (shown / 2, shown / 2))
        self._shown = (
            slice(y + rows.start, y + rows.stop), slice(x + columns.start, x + columns.stop)
        )  # fmt: skip
        return side

    def _placed(self, offset: Array) -> Array:
        """The z_pose [1, 6] at which a head is seen to have turned by an offset [1, 6]."""
        turned = offset.copy()
        turned[:, :2] *= TURN
        return self._avatar.pose + turned

    def _animate(self, pose: Array, dynamics: Array) -> tuple[Image, Image | None]:
        """The crop at an absolute z_pose [1, 6] and z_dyn [1, D], and its alpha if it has one."""
        target = {"pose": pose, "dynamics": dynamics}
        with self._timer("move"):
            moved = self._run("move", {**self._moving, **target})
        with self._timer("surface"):
            points = self._lips(moved["points"][0].astype(np.float64), pose[0])
            side = VOXEL * moved["at"].shape[2]
            flow, label = self._surface.move(points, pose[0].astype(np.float64), side)
            hole = label == MOUTH
        with self._timer("decode"):
            inside = self._inside(points, moved["at"][0], hole, target)
        with self._timer("compose"):
            visible = np.ones(hole.shape, np.float32) if inside is None else 1 - soft(hole)
            alpha = None
            if self._alpha is not None:
                alpha = self._alpha(flow, np.ones_like(visible))[..., 0]
            seam = lip_seam(points, self._compose.size)
            light = self._lit(dynamics, flow)
            return self._compose(flow, visible, inside, seam, light), alpha

    def _inside(self, points: NDArray[np.float64], at: Array, hole: NDArray[np.bool_],
                target: dict[str, Array]) -> Drawn | None:  # fmt: skip
        """What shows through parted lips; None: they are closed."""
        pose, side = target["pose"][0].astype(np.float64), len(hole)
        canonical = to_canonical(points, pose)
        drawn = self._mouth.draw(canonical, pose, hole, self._compose.size)
        if drawn is None:
            return None
        corner = mouth_window(points, side)
        rows, columns = (slice(first, first + side // 4) for first in corner)
        cells = (slice(first // VOXEL, (first + side // 4) // VOXEL) for first in corner)
        scale = self._compose.size / side
        seen = drawn.coarse(corner, side // 4, scale)
        parted = hole[rows, columns].astype(np.float32)
        shown = self._run("decoder", {
            **self._drawing, **target,
            "volume": sample_volume(self._avatar.appearance, at[:, *cells])[None],
            "drawn": np.ascontiguousarray(seen[None]),
            "hole": parted[None, None],
        })  # fmt: skip
        change = shown["gain"][0], shown["offset"][0]
        return drawn.lit(*change, seen, parted, corner, scale, self._detail)

    def _lit(self, dynamics: Array, flow: Array) -> Array | None:
        """How the light on the portrait's pixels changes at z_dyn [1, D]; None if not at all."""
        if self._light is None:
            return None
        return self._light(self._read(dynamics)[0] - self._expression, flow)

    def _release(self, image: Image, index: int, alpha: Image | None = None) -> Frame:
        """The only place where a picture becomes a frame: none leaves without its marks."""
        with self._timer("mark"):
            if alpha is not None:
                alpha = self.marks.opaque(alpha)
            return Frame(image=self.marks(image), index=index, alpha=alpha)


def portrait_id(avatar: Avatar) -> int:
    """The content id of frames that nobody gave another one."""
    return content_id(avatar.model, avatar.identity.tobytes().hex())


def soft(hole: NDArray[np.bool_]) -> Array:
    """The parted lips with a rim of half a pixel, f32 in [0, 1]; beyond it the photo shows all."""
    wide = np.pad(hole.astype(np.float32), 1)
    rows = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
    return np.asarray((rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4)


def _levels(share: Array) -> Image:
    """f32 in [0, 1] as u8."""
    return np.rint(255 * share).astype(np.uint8)


def render_all(
    draw: Draw, motion: Iterable[Motion], first: int, pool: ThreadPoolExecutor, ahead: int
) -> Iterator[Frame]:
    """Frames in order, up to `ahead` of them under way at once.

    Args:
        draw: Makes a frame, as a `Renderer` does.
        motion: Motion one frame at a time; taken only as frames are asked for.
        first: Index of the first frame.
        pool: Where they are made.
        ahead: Frames under way, >= 1; this bounds the memory.
    """
    waiting: list[Future[Frame]] = []
    jobs = (pool.submit(draw, one, index) for index, one in enumerate(motion, first))
    try:
        waiting.extend(islice(jobs, ahead))
        while waiting:
            yield waiting.pop(0).result()
            waiting.extend(islice(jobs, 1))
    finally:
        for job in waiting:
            job.cancel()


def sampled(draw: Draw, every: int) -> Draw:
    """Draws one frame of `every`, and shows it until the next: for what only takes long."""
    last: Frame | None = None

    def shown(motion: Motion, index: int) -> Frame:
        nonlocal last
        if last is None or index % every == 0:
            last = draw(motion, index)
        return replace(last, index=index)

    return shown


def blank_frame(avatar: Avatar, run: Backend, topology: FaceMesh) -> None:
    """Makes one small frame, so that the first real one waits for no compiler."""
    still = Motion(np.zeros((1, 6), np.float32), avatar.dynamics)
    Renderer(avatar, run, topology, size=64)(still, 0)
