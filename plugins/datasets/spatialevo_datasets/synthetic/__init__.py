"""Rooms made of simple solids, with exact geometry: a world for every seed, no files needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from spatialevo_core.errors import DataError
from spatialevo_core.hooks import hookimpl
from spatialevo_datasets.scene import Scene

HELD_OUT = 1_000_000
"""Seeds from here on are held out, smaller ones are for training."""
SPLITS: Mapping[str, int] = MappingProxyType({"train": 0, "heldout": HELD_OUT})
"""The first seed of each."""
LISTED: Mapping[str, int] = MappingProxyType({"room": 8, "lroom": 4, "tiny": 8})
"""How many worlds of each kind a split lists; every other seed loads too."""

_ID = re.compile(r"(room|lroom|tiny|dusk)-(0|[1-9]\d*)")


class Synthetic:
    """Furnished rooms (`room-7`), L-shaped ones (`lroom-7`), and tiny ones for tiny models.

    `dusk-7` is `tiny-7` in another light. The ids that are listed leave it out.
    """

    name = "synthetic"
    summary = "Generated rooms with exact geometry: room-SEED, lroom-SEED (L-shaped), tiny-SEED"
    source = Scene
    needs_root = False

    def ids(
        self,
        root: Path | None = None,  # noqa: ARG002
        split: str | None = None,
    ) -> Iterable[str]:
        """The first few worlds of a split, or of both; raises DataError for another split."""
        if split is not None and split not in SPLITS:
            raise DataError(f"synthetic: there is no split '{split}'; it has {', '.join(SPLITS)}")
        return [
            f"{kind}-{first + number}"
            for name, first in SPLITS.items()
            if split in {None, name}
            for kind, many in LISTED.items()
            for number in range(many)
        ]

    def load(self, root: Path | None, world_id: str) -> Scene:  # noqa: ARG002
        """The world of that id, the same bytes every time; raises DataError for another id."""
        match = _ID.fullmatch(world_id)
        if match is None:
            raise DataError(
                f"synthetic: there is no world '{world_id}'; "
                "it has room-SEED, lroom-SEED, tiny-SEED and dusk-SEED for any seed, such as room-0"
            )
        return _MAKERS[match[1]](int(match[2]))

    def missing(self, root: Path | None = None) -> Iterable[str]:  # noqa: ARG002
        """Nothing: there are no files."""
        return ()


def _room(seed: int) -> Scene:
    from spatialevo_datasets.synthetic import rooms  # noqa: PLC0415

    return rooms.build(rooms.looked_over(rooms.room(seed)))


def _lroom(seed: int) -> Scene:
    from spatialevo_datasets.synthetic import rooms  # noqa: PLC0415

    return rooms.build(rooms.looked_over(rooms.lroom(seed)))


def _tiny(seed: int) -> Scene:
    from spatialevo_datasets.synthetic import tiny  # noqa: PLC0415

    return tiny.tiny_room(seed)


def _dusk(seed: int) -> Scene:
    from spatialevo_datasets.synthetic import tiny  # noqa: PLC0415

    return tiny.tiny_room(seed, dusk=True)


_MAKERS: Mapping[str, Callable[[int], Scene]] = MappingProxyType(
    {"room": _room, "lroom": _lroom, "tiny": _tiny, "dusk": _dusk}
)


@hookimpl
def spatialevo_datasets() -> Iterable[Synthetic]:
    """This dataset."""
    return [Synthetic()]
