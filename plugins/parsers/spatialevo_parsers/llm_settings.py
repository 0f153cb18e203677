"""Which language models, if any, are asked: one as a parser, one as a judge.

From the environment, so that every command takes it: `SPATIALEVO_LLM_MODEL` and the like for the
parser, `SPATIALEVO_JUDGE_MODEL` for the judge; in lower case without the prefix the fields below.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError

from spatialevo_core.errors import ConfigError
from spatialevo_core.question import Frozen

PARSER = "SPATIALEVO_LLM_"
JUDGE = "SPATIALEVO_JUDGE_"


class Settings(Frozen):
    """The model, and how long and where it may be asked."""

    model: str = Field(min_length=1)
    """As the endpoint calls it; without `url`, a checkpoint folder or a .gguf file."""
    url: str | None = Field(None, pattern=r"^https?://\S+$")
    """Of an OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1."""
    key: SecretStr | None = None
    """Sent to the endpoint, and shown nowhere."""
    timeout_s: float = Field(30.0, gt=0, le=600)
    """Of one attempt."""
    retries: int = Field(2, ge=0, le=10)
    """Further attempts where the endpoint is out of reach, overloaded or broken."""
    cache: Path | None = None
    """A folder of replies; the same question is never asked twice."""

    @classmethod
    def of(cls, environment: Mapping[str, str], prefix: str = PARSER) -> Self | None:
        """The settings under a prefix; None where there is none. Raises ConfigError."""
        told = {
            name.removeprefix(prefix).lower(): value
            for name, value in environment.items()
            if name.startswith(prefix) and value
        }
        for unknown in sorted(told.keys() - cls.model_fields.keys()):
            close = get_close_matches(unknown, cls.model_fields, n=1) or list(cls.model_fields)
            known = " or ".join(f"{prefix}{name.upper()}" for name in close)
            raise ConfigError(f"there is no {prefix}{unknown.upper()}; known: {known}")
        if not told:
            return None
        try:
            return cls.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            name = f"{prefix}{str(first['loc'][0]).upper()}"
            raise ConfigError(f"{name}: {first['msg'].lower()}") from None
