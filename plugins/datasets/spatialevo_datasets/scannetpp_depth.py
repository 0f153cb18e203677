"""`depth.bin`, the depth images of ScanNet++'s iPhone recordings, one for each frame of the video.

Each image is preceded by its length in bytes (uint32, little endian). It is one LZ4 block of 16-bit
millimetres, or, in older files, deflated 32-bit floats in metres without a zlib header; the owners'
tool `iphone.prepare_iphone_data` tells them apart by trying, and so does this reader. The oldest
files, one deflated stream of all images, cannot be read image by image.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from spatialevo_core.errors import DataError
from spatialevo_datasets.files import opened
from spatialevo_datasets.readers import storable_reader

WIDTH, HEIGHT = 256, 192
"""Of every image; the file does not say."""
MOST_IMAGES = 216_000
"""Of one recording: an hour at 60 a second."""

_LENGTH_BYTES = 4
_RAW_DEFLATE = -zlib.MAX_WBITS


@storable_reader
@dataclass(frozen=True)
class DepthBlock:
    """Reads one depth image when called; raises DataError if it is no such image."""

    path: Path
    offset: int
    length: int
    """Of the compressed image in bytes."""
    width: int = WIDTH
    height: int = HEIGHT

    def __call__(self) -> Float32[np.ndarray, "h w"]:
        """Metres, 0 where unknown."""
        with opened(self.path) as file:
            file.seek(self.offset)
            data = file.read(self.length)
        metres = _inflated(data, 4 * self.width * self.height)
        if metres is None:
            millimetres = _unpacked(data, 2 * self.width * self.height, self._where)
            metres = np.frombuffer(millimetres, "<u2").astype(np.float32) / np.float32(1000)
        known = np.where(np.isfinite(metres) & (metres > 0), metres, np.float32(0))
        return known.reshape(self.height, self.width)

    @property
    def _where(self) -> str:
        return f"{self.path}: the image at byte {self.offset}"


def read_blocks(path: Path, most: int = MOST_IMAGES) -> tuple[DepthBlock, ...]:
    """The readers of the first so many images of the file, in order, without reading the images."""
    blocks: list[DepthBlock] = []
    with opened(path) as file:
        at, size = 0, os.fstat(file.fileno()).st_size
        while at < size and len(blocks) < min(most, MOST_IMAGES):
            file.seek(at)
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            at += _LENGTH_BYTES
            if not 0 < length <= size - at:
                raise DataError(
                    f"{path}: image {len(blocks)} is {length} bytes long, and {max(size - at, 0)} "
                    "follow; the file is truncated, or of the oldest form, which is to be "
                    "extracted with the owners' tool iphone.prepare_iphone_data"
                )
            blocks.append(DepthBlock(path, at, length))
            at += length
    return tuple(blocks)


def _inflated(data: bytes, size: int) -> Float32[np.ndarray, " n"] | None:
    """The deflated floats; None if the data are anything else."""
    stream = zlib.decompressobj(_RAW_DEFLATE)
    try:
        inflated = stream.decompress(data, size + 1)
    except zlib.error:
        return None
    return np.frombuffer(inflated, "<f4") if len(inflated) == size and stream.eof else None


def _unpacked(data: bytes, size: int, where: str) -> bytes:
    """The contents of an LZ4 block of that size."""
    try:
        import lz4.block  # noqa: PLC0415  (an extra)
    except ImportError:
        raise DataError(
            f"{where} is compressed with LZ4; install it with: pip install 'spatialevo[scannetpp]'"
        ) from None
    try:
        unpacked: bytes = lz4.block.decompress(data, uncompressed_size=size)
    except lz4.block.LZ4BlockError:
        unpacked = b""
    if len(unpacked) != size:
        raise DataError(f"{where} is damaged; expected {size} bytes of 16-bit millimetres")
    return unpacked
