"""What answers a prompt: an OpenAI-compatible endpoint, a local checkpoint, a folder of replies."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from spatialevo_core.errors import ConfigError, SpatialEvoError
from spatialevo_parsers.llm_settings import Settings

LONGEST_REPLY = 4_000
"""Characters of what a model says; more is no query."""
LONGEST_RESPONSE = 200_000
"""Bytes of what an endpoint sends; the connection is closed when there is more."""
MOST_TOKENS = 192
"""That a model may write."""


class ModelFault(SpatialEvoError):
    """What serves the model, or keeps its replies, is broken: nobody knows what it says."""


@dataclass(frozen=True)
class Prompt:
    """What a model is told, and the form its reply must have."""

    system: str
    user: str
    schema: Mapping[str, Any]
    opening: str = ""
    """How every reply of that form begins; a model that has none is made to begin so."""

    def messages(self) -> list[dict[str, str]]:
        """As a chat."""
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self.user},
        ]


class Model(Protocol):
    """A language model; what it says is a foreign text that nobody has checked."""

    @property
    def name(self) -> str:
        """What it is called."""

    def reply(self, prompt: Prompt) -> str:
        """What it says; raises ModelFault, or what its library raises, if it cannot be asked."""


def model_of(settings: Settings) -> Model:
    """The model that the settings name, not yet loaded or called; raises ConfigError."""
    needed, extra = ("openai", "llm") if settings.url else ("transformers", "train")
    if find_spec(needed) is None:
        raise ConfigError(
            f"the model {settings.model} needs {needed}; "
            f"install it with: pip install 'spatialevo[{extra}]'"
        )
    model: Model = Endpoint(settings) if settings.url else Local(Path(settings.model))
    return model if settings.cache is None else Remembered(model, settings.cache)


def listed(model: Model) -> str:
    """What is listed and recorded: `language_model.` and the model's name."""
    return f"language_model.{re.sub(r'[^A-Za-z0-9_.-]+', '-', model.name)}"


def closed_object(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(fields),
        "additionalProperties": False,
    }


def misfit(error: ValidationError) -> str:
    """Where a reply first departs from its form, in a few words."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))[:40]
    return (f"{where}: {first['msg']}" if where else first["msg"])[:120]


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice]


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that speaks the protocol of OpenAI's chat completions; redirects are refused."""

    settings: Settings

    @property
    def name(self) -> str:
        """As the endpoint calls it."""
        return self.settings.model

    def reply(self, prompt: Prompt) -> str:
        """The content of the first choice, at temperature 0."""
        try:
            said = _Completion.model_validate_json(self._body(prompt)).choices[0].message.content
        except (ValidationError, IndexError):
            raise self._fault("what it sent is no chat completion") from None
        return said or ""

    def _body(self, prompt: Prompt) -> bytes:
        """The response, read until it is too long or takes too long."""
        until = time.monotonic() + self.settings.timeout_s * (1 + self.settings.retries)
        form = {"name": "reply", "strict": True, "schema": prompt.schema}
        request = self._client.chat.completions.with_streaming_response.create(
            model=self.settings.model,
            messages=prompt.messages(),
            response_format={"type": "json_schema", "json_schema": form},
            temperature=0,
            seed=0,
            max_tokens=MOST_TOKENS,
        )
        body = b""
        with request as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LONGEST_RESPONSE:
                    raise self._fault(f"it sent more than {LONGEST_RESPONSE} bytes")
                if time.monotonic() > until:
                    raise self._fault("it did not finish in time")
        return body

    @cached_property
    def _client(self) -> Any:
        import openai  # noqa: PLC0415  (an extra, and slow to import)

        key = self.settings.key
        return openai.OpenAI(
            base_url=self.settings.url,
            api_key=key.get_secret_value() if key else "none",
            timeout=self.settings.timeout_s,
            max_retries=self.settings.retries,
            http_client=openai.DefaultHttpxClient(follow_redirects=False),
        )

    def _fault(self, told: str) -> ModelFault:
        return ModelFault(f"{self.settings.url}: {told}")


@dataclass(frozen=True)
class Local:
    """A causal language model in a checkpoint folder or a .gguf file; loaded when first asked.

    The schema is told to it, not enforced. It runs on a GPU where there is one.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.exists():
            raise ConfigError(
                f"{self.path} is no checkpoint folder and no .gguf file; for a model that an "
                "endpoint serves, name its URL, too"
            )

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.name

    def reply(self, prompt: Prompt) -> str:
        """Its most likely words after the opening, up to the end of the JSON that they complete."""
        tokenizer, model = self._loaded
        chat = prompt.messages()
        chat[0]["content"] += f"\n\nThe JSON schema of a reply: {json.dumps(prompt.schema)}"
        asked = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        tokens = tokenizer(asked + prompt.opening, return_tensors="pt", add_special_tokens=False)
        tokens = tokens.to(model.device)
        written = model.generate(**tokens, max_new_tokens=MOST_TOKENS, do_sample=False)
        new = written[0, tokens["input_ids"].shape[1] :]
        return _first_value(prompt.opening + str(tokenizer.decode(new, skip_special_tokens=True)))

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        import torch  # noqa: PLC0415  (an extra)
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415  (an extra)

        where: dict[str, Any] = {"local_files_only": True}
        folder = self.path
        if self.path.suffix == ".gguf":
            folder, where["gguf_file"] = self.path.parent, self.path.name
        tokenizer = AutoTokenizer.from_pretrained(folder, **where)
        model = AutoModelForCausalLM.from_pretrained(folder, **where).eval()
        return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu")


def _first_value(text: str) -> str:
    """The JSON value with which a text begins; the whole text if it begins with none."""
    try:
        return text[: json.JSONDecoder().raw_decode(text)[1]]
    except (ValueError, RecursionError):
        return text


class _Stored(BaseModel):
    """A reply as it is kept, with what it replied to for whoever looks into the folder."""

    model: str
    user: str
    reply: str


@dataclass(frozen=True)
class Remembered:
    """A model whose replies are kept in a folder, by a digest of the model and the whole prompt."""

    model: Model
    folder: Path

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    def reply(self, prompt: Prompt) -> str:
        """What it once said, or says now; a file that cannot be read is replaced."""
        path = self._path(prompt)
        with suppress(OSError, ValidationError):
            return _Stored.model_validate_json(path.read_bytes()).reply
        reply = self.model.reply(prompt)
        self._keep(path, _Stored(model=self.name, user=prompt.user, reply=reply[:LONGEST_REPLY]))
        return reply

    def _path(self, prompt: Prompt) -> Path:
        told = {
            "model": self.name,
            "system": prompt.system,
            "user": prompt.user,
            "schema": prompt.schema,
        }
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}.json"

    def _keep(self, path: Path, stored: _Stored) -> None:
        """Written whole or not at all, whoever else writes; raises ModelFault."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8"
            ) as file:
                file.write(json.dumps(stored.model_dump()))
            os.replace(file.name, path)
        except OSError as error:
            raise ModelFault(f"{self.folder}: {error.strerror or error}") from None
