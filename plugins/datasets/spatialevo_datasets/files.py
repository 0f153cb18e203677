"""Reading dataset files: every fault becomes one DataError that names file, field and remedy."""

from __future__ import annotations

import codecs
import re
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from jaxtyping import Float, Float32
from PIL import Image
from pydantic import BaseModel, ValidationError

from spatialevo_core.errors import DataError
from spatialevo_datasets.readers import storable_reader

M = TypeVar("M", bound=BaseModel)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_RIGID = 1e-2
"""How far a stored rotation may be from orthonormal: datasets round to few digits."""
_FOCAL = (0.2, 20)
"""Shortest and longest focal length in widths of the image: from a fisheye to a telescope."""
_SKEW = 1e-3
"""Most that a stored camera may shear its image, in focal lengths."""
FARTHEST_M = 10_000
"""Single precision holds no millimetres beyond: what lies there is no room in metres."""
MOST_PIXELS = 64_000_000
"""Of an image: twice what the cameras of any dataset here have. A few bytes can claim billions."""
_IMAGES = ("JPEG", "PNG")
_BROKEN = (OSError, SyntaxError, ValueError, struct.error, zlib.error)
"""What Pillow raises on images that are broken."""
_TURNED = {
    1: Image.Transpose.ROTATE_90,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_270,
}


def read_bytes(path: Path) -> bytes:
    """The contents of a file; raises DataError if there is none."""
    with opened(path) as file:
        return file.read()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file to be read; whatever keeps it from being read is a DataError.

    Pipes and devices are refused, since they may never end.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is no regular file; expected one with the data in it")
        with path.open("rb", buffering=0) as file:
            yield file
    except FileNotFoundError:
        raise DataError(f"{path} is missing") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def listed(folder: Path, ending: str = "") -> list[Path]:
    """What is in a folder with that ending, in whichever case, sorted; without hidden files.

    Hidden ones, such as the `._` files that macOS leaves beside its own, are no data.
    """
    return sorted(
        path
        for path in folder.glob("*")
        if path.name.lower().endswith(ending) and not path.name.startswith(".")
    )


def read_text(path: Path) -> str:
    """The contents of a text file."""
    data = read_bytes(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text at byte {error.start}") from None


def read_model(path: Path, model: type[M]) -> M:
    """A JSON file as a model; raises DataError naming the first field that does not fit."""
    return parse_model(read_bytes(path).removeprefix(codecs.BOM_UTF8), str(path), model)


def parse_model(data: bytes | str, where: str, model: type[M]) -> M:
    """JSON as a model; `where` names its origin in a DataError."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        raise DataError(f"{where} is truncated or no JSON: {first['ctx']['error']}")
    field = "".join(f"[{at}]" if isinstance(at, int) else f".{at}" for at in first["loc"])
    raise DataError(f"{where}: {field.lstrip('.')}: {_lowered(first['msg'])}")


def read_matrix(path: Path) -> Float[np.ndarray, "4 4"]:
    """A text file of four rows of four numbers, which may be infinite or NaN."""
    rows = [line.split() for line in read_text(path).splitlines() if line.strip()]
    if [len(row) for row in rows] != [4, 4, 4, 4]:
        counts = "x".join(map(str, (len(rows), *sorted({len(row) for row in rows}))))
        raise DataError(f"{path} holds {counts or 'no'} numbers; expected a 4x4 matrix")
    return numbers(" ".join(map(" ".join, rows)), str(path)).reshape(4, 4)


def numbers(text: str, where: str) -> Float[np.ndarray, " n"]:
    """Numbers separated by spaces."""
    try:
        return np.array([float(word) for word in text.split()])
    except ValueError as error:
        raise DataError(f"{where}: {error}; expected numbers") from None


def check_rigid(matrix: Float[np.ndarray, "4 4"], where: str) -> None:
    """Raise DataError unless the matrix is a rotation and a shift of less than `FARTHEST_M`."""
    # clipped, so that the product of absurd numbers does not overflow
    rotation = np.clip(matrix[:3, :3], -2, 2)
    orthonormal = np.abs(rotation @ rotation.T - np.eye(3)).max() < _RIGID
    if not (orthonormal and np.linalg.det(rotation) > 0 and (matrix[3] == (0, 0, 0, 1)).all()):
        raise DataError(f"{where} is no rigid motion; expected a rotation, a shift and 0 0 0 1")
    if not (np.abs(matrix[:3, 3]) < FARTHEST_M).all():
        raise DataError(f"{where} shifts by {FARTHEST_M} m or more; expected metres in a room")


def check_camera(
    K: Float[np.ndarray, "3 3"], size: tuple[int, int], where: str
) -> Float[np.ndarray, "3 3"]:
    """The intrinsics if they can belong to images of that size (width, height); else a DataError.

    The optical axis of a camera goes through the middle half of its images, and its pixels are
    squares or nearly so. Where that is not so, the images were scaled and the intrinsics were not,
    or the numbers are something else.
    """
    fx, fy = K[0, 0], K[1, 1]
    if not (np.isfinite(K).all() and fx > 0 and fy > 0 and (K[2] == (0, 0, 1)).all()):
        raise DataError(f"{where} is no camera; expected positive focal lengths and a row 0 0 1")
    if max(abs(K[0, 1]), abs(K[1, 0])) > _SKEW * fx:
        raise DataError(f"{where} skews the image; expected zeros beside the focal lengths")
    if not (np.abs(K[:2, 2] / size - 0.5) <= 0.25).all():
        at = f"{K[0, 2]:g}, {K[1, 2]:g}"
        raise DataError(
            f"{where} has its axis at pixel {at}, far from the middle of {size[0]}x{size[1]}; "
            "expected the intrinsics of images of that size"
        )
    shortest, longest = (share * size[0] for share in _FOCAL)
    if not (shortest <= fx <= longest and fx / 2 <= fy <= 2 * fx):
        raise DataError(
            f"{where} has focal lengths {fx:g} and {fy:g} for {size[0]}x{size[1]} pixels; "
            f"expected nearly equal ones of {shortest:g} to {longest:g} pixels"
        )
    return K


def image_size(path: Path) -> tuple[int, int]:
    """Width and height as stored, from the file's header."""
    with open_image(read_bytes(path), str(path)) as image:
        return image.size


@storable_reader
@dataclass(frozen=True)
class ColourFile:
    """Reads a colour image when called; raises DataError unless it has the expected size."""

    path: Path
    width: int
    """Of the image delivered, after turning; as is the height."""
    height: int
    turns: int = 0
    """Anticlockwise quarter turns from the stored to the delivered image."""

    def __call__(self) -> Image.Image:
        """The image, RGB."""
        size = stored_size(self.width, self.height, self.turns)
        with open_image(read_bytes(self.path), str(self.path)) as image:
            colour = decoded(image, str(self.path), size).convert("RGB")
        turned = _TURNED.get(self.turns % 4)
        return colour if turned is None else colour.transpose(turned)


@storable_reader
@dataclass(frozen=True)
class DepthFile:
    """Reads a depth image of 16-bit millimetres when called, as `ColourFile` does."""

    path: Path
    width: int
    height: int
    turns: int = 0

    def __call__(self) -> Float32[np.ndarray, "h w"]:
        """Metres, 0 where unknown."""
        size = stored_size(self.width, self.height, self.turns)
        with open_image(read_bytes(self.path), str(self.path)) as image:
            if not image.mode.startswith("I"):
                raise DataError(
                    f"{self.path} has mode {image.mode}; expected 16-bit grey millimetres"
                )
            millimetres = np.asarray(decoded(image, str(self.path), size))
        metres = millimetres.astype(np.float32) / np.float32(1000)
        return np.ascontiguousarray(np.rot90(metres, self.turns))


def stored_size(width: int, height: int, turns: int) -> tuple[int, int]:
    """Width and height, before it is turned, of an image that is delivered with these."""
    return (height, width) if turns % 2 else (width, height)


def open_image(data: bytes, where: str) -> Image.Image:
    """A JPEG or PNG image of reasonable size, not yet decoded; `where` names it in a DataError."""
    try:
        # from memory: of a file, Pillow would reserve whatever the length of a chunk claims
        image = Image.open(BytesIO(data), formats=_IMAGES)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{where} has more than {MOST_PIXELS} pixels; no camera does") from None
    except _BROKEN:
        raise DataError(f"{where} is truncated or no image; expected JPEG or PNG") from None
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise DataError(f"{where} has more than {MOST_PIXELS} pixels; no camera does")
    return image


def decoded(image: Image.Image, where: str, size: tuple[int, int]) -> Image.Image:
    """The image with its pixels read; raises DataError if it is broken or of another size."""
    if image.size != size:
        found, expected = ("x".join(map(str, each)) for each in (image.size, size))
        raise DataError(f"{where} is {found} pixels; expected {expected}")
    try:
        image.load()
    except _BROKEN as error:
        raise DataError(f"{where} is truncated or damaged: {_lowered(str(error))}") from None
    return image


def check_inside(root: Path, paths: Iterable[Path]) -> None:
    """Raise DataError unless every path, links followed, lies in the folder."""
    home = root.resolve()
    given = list(paths)
    folders = sorted({path.parent for path in given})
    for path in (*folders, *(each for each in given if each.is_symlink())):
        if not (goal := path.resolve()).is_relative_to(home):
            raise DataError(f"{path} leads out of {root}, to {goal}; expected files inside it")


def is_plain_name(world_id: str) -> bool:
    """Whether the id names a folder of its own and can lead nowhere else."""
    return _ID.fullmatch(world_id) is not None


def no_such_world(root: Path, world_id: str, known: Iterable[str]) -> DataError:
    """The error of asking for a world that is not there."""
    known = list(known)
    close = get_close_matches(world_id, known, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'?" if close else f"it has {len(known)} scenes"
    return DataError(f"{root} has no scene {world_id!r}; {hint}")


def no_scenes(
    root: Path,
    expected: str,
    ids: Callable[[Path], Iterable[str]],
    is_scene: Callable[[Path], bool],
) -> DataError:
    """The error of a folder without scenes: what was expected in it, and which one may be meant.

    `ids` lists the scenes of a folder, and `is_scene` tells whether one is a scene itself.
    """
    home = root.resolve()
    above = [each.parent for each in (home, home.parent) if is_scene(each)]
    below = (each for each in listed(home) if each.is_dir() and any(ids(each)))
    meant = above[0] if above else next(below, None)
    hint = "" if meant is None else f"; did you mean {meant}?"
    return DataError(f"{root} holds no scenes; expected {expected} in it{hint}")


def given_root(root: Path | None, dataset: str) -> Path:
    """The folder that the user pointed at; raises DataError if there is none."""
    if root is None:
        raise DataError(f"{dataset} needs a folder; give it with --root")
    if not root.is_dir():
        raise DataError(f"{dataset}: {root} is no folder")
    return root


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
