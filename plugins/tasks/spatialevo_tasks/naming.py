"""Replies that name an object, by whatever word means exactly the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from spatialevo_core.names import Vocabulary
from spatialevo_core.question import Answer
from spatialevo_core.scoring import exact_label
from spatialevo_datasets import labels


def object_label(
    reply: str, answer: Answer[Any], synonyms: Mapping[str, Iterable[str]] | None = None
) -> float:
    """1 if the reply is the object's name or a synonym ('couch' for sofa), else 0.

    `synonyms` are those of answers that are no objects.
    """
    named = _only(str(answer.value)).find(reply) is not None
    return 1.0 if named else exact_label(reply, answer, synonyms)


@lru_cache(maxsize=4096)
def _only(name: str) -> Vocabulary:
    return labels.vocabulary((name,))
