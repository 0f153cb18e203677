"""ScanNet's `.sens` recordings, version 4, as their owners' SensReader describes them.

Little endian: version, name of the sensor, intrinsics and extrinsics of colour and depth (4x4),
kinds of compression, image sizes, depth units per metre, number of frames. Then, frame by frame,
the camera-to-world matrix, two time stamps, the sizes of two images and the images. What follows
the frames (inertial measurements) is not read. The extrinsics are not used: colour and depth were
aligned by the owners, who say that none are to be applied.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Float, Float32, Int
from PIL import Image

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import MOST_PIXELS, decoded, open_image, opened
from spatialevo_datasets.readers import storable_reader

VERSION = 4
FINEST_UNITS_PER_M = 1e6
"""Of depth; with finer ones an image of 16 bits ends after a few centimetres."""
JPEG, ZLIB_UINT16 = 2, 1
"""The kinds of compression that ScanNet's recordings have."""

NAME = struct.Struct("<IQ")
"""Version, and length of the sensor's name, which follows."""
CAMERAS = struct.Struct("<64f 2i 4I f Q")
"""Intrinsics and extrinsics of colour, then of depth; compression of both; sizes of both (width,
height); depth units per metre; number of frames."""
FRAME = struct.Struct("<16f 4Q")
"""Camera to world; two time stamps; bytes of the colour and of the depth image, which follow."""


@storable_reader
@dataclass(frozen=True)
class SensColour:
    """Reads a colour image when called; raises DataError unless it has the expected size."""

    path: Path
    offset: int
    length: int
    """Of the compressed image in bytes."""
    width: int
    height: int

    def __call__(self) -> Image.Image:
        """The image, RGB."""
        where = f"{self.path}: the colour image at byte {self.offset}"
        with open_image(_stored(self.path, self.offset, self.length), where) as image:
            return decoded(image, where, (self.width, self.height)).convert("RGB")


@storable_reader
@dataclass(frozen=True)
class SensDepth:
    """Reads a depth image when called; raises DataError unless it has the expected size."""

    path: Path
    offset: int
    length: int
    """Of the compressed image in bytes."""
    width: int
    height: int
    units_per_m: float

    def __call__(self) -> Float32[np.ndarray, "h w"]:
        """Metres, 0 where unknown."""
        where = f"{self.path}: the depth image at byte {self.offset}"
        size = 2 * self.width * self.height
        unpacking = zlib.decompressobj()
        try:
            unpacked = unpacking.decompress(_stored(self.path, self.offset, self.length), size + 1)
        except zlib.error as error:
            raise DataError(f"{where} is damaged: {error}; expected zlib") from None
        if len(unpacked) != size:
            found = "more" if len(unpacked) > size else str(len(unpacked))
            raise DataError(
                f"{where} has {found} bytes; {self.width}x{self.height} pixels take {size}"
            )
        units = np.frombuffer(unpacked, "<u2").reshape(self.height, self.width)
        return units.astype(np.float32) / np.float32(self.units_per_m)


@dataclass(frozen=True, eq=False)
class SensFrames:
    """Pose and place of each of n frames."""

    poses: Float[np.ndarray, "n 4 4"]
    """Camera to world as stored; not finite where tracking was lost."""
    color: Int[np.ndarray, "n 2"]
    """Offset and length in the file, bytes; as are those of `depth`."""
    depth: Int[np.ndarray, "n 2"]


@dataclass(frozen=True, eq=False)
class Sens:
    """What a recording holds and where."""

    path: Path
    K_color: Float[np.ndarray, "3 3"]
    K_depth: Float[np.ndarray, "3 3"]
    color_size: tuple[int, int]
    """Width and height, as is `depth_size`."""
    depth_size: tuple[int, int]
    depth_units_per_m: float
    frames: SensFrames

    def color(self, frame: int) -> SensColour:
        """How to read the colour image of a frame."""
        offset, length = self.frames.color[frame].tolist()
        return SensColour(self.path, offset, length, *self.color_size)

    def depth(self, frame: int) -> SensDepth:
        """How to read the depth image of a frame."""
        offset, length = self.frames.depth[frame].tolist()
        return SensDepth(self.path, offset, length, *self.depth_size, self.depth_units_per_m)


def read_sens(path: Path) -> Sens:
    """The index of a recording, without its images; raises DataError if the file breaks off."""
    with opened(path) as file:
        return _read(path, file, os.fstat(file.fileno()).st_size)


def _read(path: Path, file: BinaryIO, size: int) -> Sens:
    cameras_at = NAME.size + _name_length(path, file.read(NAME.size))
    frames_at = cameras_at + CAMERAS.size
    if size < frames_at:
        raise DataError(f"{path} is truncated: its header takes {frames_at} bytes of {size}")
    file.seek(cameras_at)
    values = CAMERAS.unpack(file.read(CAMERAS.size))
    color_kind, depth_kind, *sizes, units_per_m, count = values[64:]
    if (color_kind, depth_kind) != (JPEG, ZLIB_UINT16):
        raise DataError(
            f"{path} has colour of kind {color_kind} and depth of kind {depth_kind}; "
            f"expected JPEG ({JPEG}) and zlib ({ZLIB_UINT16})"
        )
    color_size, depth_size = (sizes[0], sizes[1]), (sizes[2], sizes[3])
    for width, height in (color_size, depth_size):
        if not 0 < width * height <= MOST_PIXELS:
            raise DataError(f"{path} has images of {width}x{height} pixels; no camera does")
    if not 1 <= units_per_m <= FINEST_UNITS_PER_M:
        raise DataError(f"{path} has {units_per_m} depth units per metre; expected such as 1000")
    matrices = np.array(values[:64]).reshape(4, 4, 4)
    return Sens(
        path=path,
        K_color=matrices[0, :3, :3],
        K_depth=matrices[2, :3, :3],
        color_size=color_size,
        depth_size=depth_size,
        depth_units_per_m=units_per_m,
        frames=_index(path, file, frames_at, size, count),
    )


def _name_length(path: Path, head: bytes) -> int:
    if len(head) < NAME.size:
        raise DataError(f"{path} is truncated: it has {len(head)} bytes")
    version, length = NAME.unpack(head)
    if version != VERSION:
        raise DataError(f"{path} has version {version}; expected {VERSION}")
    return int(length)


def _index(path: Path, file: BinaryIO, at: int, size: int, count: int) -> SensFrames:
    """All frames, hopping from one to the next."""
    if count * FRAME.size > size - at:
        raise DataError(
            f"{path} is truncated: its header announces {count} frames, "
            f"which take more than the {size - at} bytes that follow"
        )
    poses = np.empty((count, 16))
    places = np.empty((count, 4), np.int64)
    for frame in range(count):
        file.seek(at)
        head = file.read(FRAME.size)
        if len(head) < FRAME.size:
            raise DataError(f"{path} is truncated: frame {frame} of {count} is missing")
        *pose, _, _, color, depth = FRAME.unpack(head)
        start = at + FRAME.size
        at = start + color + depth
        if at > size:
            raise DataError(f"{path} is truncated: frame {frame} of {count} breaks off")
        poses[frame], places[frame] = pose, (start, color, start + color, depth)
    return SensFrames(poses.reshape(-1, 4, 4), places[:, :2], places[:, 2:])


def _stored(path: Path, offset: int, length: int) -> bytes:
    """A part of the file, shorter if the file was cut since it was indexed."""
    with opened(path) as file:
        file.seek(offset)
        return file.read(length)
