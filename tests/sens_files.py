"""`.sens` recordings written and exported byte by byte, as ScanNet's owners describe them."""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

POSE = np.array([[1, 0, 0, 0.5], [0, 0, 1, 1.5], [0, -1, 0, 1.2], [0, 0, 0, 1]], np.float32)
COLOUR_K = np.array([[50, 0, 32, 0], [0, 50, 24, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)
DEPTH_K = np.array([[25, 0, 16, 0], [0, 25, 12, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.float32)


def jpeg(width: int = 64, height: int = 48) -> bytes:
    stream = BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(stream, "jpeg")
    return stream.getvalue()


def depth(width: int = 32, height: int = 24) -> bytes:
    return zlib.compress(np.arange(width * height, dtype="<u2").tobytes())


def poses(count: int) -> list[np.ndarray]:
    """A camera that moves on by a centimetre a frame."""
    found = [POSE.copy() for _ in range(count)]
    for at, pose in enumerate(found):
        pose[0, 3] += np.float32(0.01 * at)
    return found


def frame(
    pose: np.ndarray = POSE, color: bytes | None = None, depths: bytes | None = None
) -> bytes:
    color, depths = color or jpeg(), depths or depth()
    head = struct.pack("16f", *pose.ravel()) + struct.pack("QQ", 17, 18)
    return head + struct.pack("QQ", len(color), len(depths)) + color + depths


def sens(
    frames: list[bytes] | None = None,
    *,
    version: int = 4,
    name: bytes = b"StructureSensor",
    compression: tuple[int, int] = (2, 1),
    sizes: tuple[int, int, int, int] = (64, 48, 32, 24),
    shift: float = 1000.0,
    count: int | None = None,
    K: tuple[np.ndarray, np.ndarray] = (COLOUR_K, DEPTH_K),
) -> bytes:
    """A whole recording; by default of three frames."""
    frames = [frame(pose) for pose in poses(3)] if frames is None else frames
    head = struct.pack("I", version) + struct.pack("Q", len(name)) + name
    for matrix in (K[0], np.eye(4), K[1], np.eye(4)):
        head += struct.pack("16f", *np.ravel(matrix))
    head += struct.pack("ii", *compression) + struct.pack("IIII", *sizes)
    head += struct.pack("f", shift) + struct.pack("Q", len(frames) if count is None else count)
    return head + b"".join(frames)


@dataclass(frozen=True)
class Shot:
    """A frame of a recording, and where its pose stands in the file."""

    at: int
    pose: np.ndarray
    color: bytes
    depth: bytes


@dataclass(frozen=True)
class Recording:
    K_color: np.ndarray
    K_depth: np.ndarray
    depth_size: tuple[int, int]
    shots: list[Shot]


def unpacked(data: bytes) -> Recording:
    """A recording as the owners' reader walks through it: one field after the other."""
    file = BytesIO(data)

    def take(form: str) -> tuple:
        return struct.unpack(form, file.read(struct.calcsize(form)))

    assert take("I") == (4,)
    file.read(take("Q")[0])
    K_color, _, K_depth, _ = (np.array(take("16f"), np.float32).reshape(4, 4) for _ in range(4))
    assert take("ii") == (2, 1)
    take("II")
    width, height = take("II")
    take("f")
    shots = []
    for _ in range(take("Q")[0]):
        at = file.tell()
        pose = np.array(take("16f"), np.float32).reshape(4, 4)
        take("QQ")
        color, packed = take("QQ")
        shots.append(Shot(at, pose, file.read(color), zlib.decompress(file.read(packed))))
    return Recording(K_color, K_depth, (width, height), shots)


def export(path: Path, number: str) -> None:
    """What the owners' reader makes of a recording, beside it; `number` is '%f' in theirs.

    It encodes colour anew; here the images are kept as they are, since no two encoders agree.
    """
    recording, folder = unpacked(path.read_bytes()), path.parent
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir()
    for at, shot in enumerate(recording.shots):
        (folder / "color" / f"{at}.jpg").write_bytes(shot.color)
        width, height = recording.depth_size
        millimetres = np.frombuffer(shot.depth, np.uint16).reshape(height, width)
        Image.fromarray(millimetres).save(folder / "depth" / f"{at}.png")
        np.savetxt(folder / "pose" / f"{at}.txt", shot.pose, fmt=number)
    for name, K in (("color", recording.K_color), ("depth", recording.K_depth)):
        np.savetxt(folder / "intrinsic" / f"intrinsic_{name}.txt", K, fmt=number)
        np.savetxt(folder / "intrinsic" / f"extrinsic_{name}.txt", np.eye(4), fmt=number)
