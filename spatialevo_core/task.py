"""A task is a value: plain functions in one frozen dataclass, in the order of a question's life.

Nothing random happens in `solve`, and no cache, generator or file handle lives on a task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any, Generic, NamedTuple, TypeVar

from spatialevo_core.errors import ConfigError, UnknownName
from spatialevo_core.phrasing import Grammar, Phrasing
from spatialevo_core.question import Answer, Evidence, Frozen, Query, Reason, Stage, Terms, Verdict

V = TypeVar("V")
Q = TypeVar("Q", bound=Query)

MOST_CANDIDATES = 400
"""How many candidate queries `propose` judges before it gives up on a view."""


class Complaint(NamedTuple):
    """What a rule returns when it objects."""

    message: str
    entities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A reason to refuse; made by the decorator `rule`."""

    code: str
    stage: Stage
    check: Callable[..., Complaint | None]
    said: tuple[str, ...] = ()
    """Ways in which people give this reason."""

    def reason(self, complaint: Complaint) -> Reason:
        """The complaint as it is reported."""
        return Reason(
            code=self.code,
            stage=self.stage,
            message=complaint.message,
            entities=tuple(complaint.entities),
            said=self.said,
        )


def rule(
    code: str, stage: Stage, said: Iterable[str] = ()
) -> Callable[[Callable[..., Complaint | None]], Rule]:
    """Turn a function into a rule.

    The function gets `(view, query, terms)` in the stages PREMISE and SOLVABLE, and
    `(view, query, answer, terms)` in DEGENERATE, where the answer is that of the definition in
    force; it returns a Complaint or None.
    """
    if stage is Stage.READ:
        raise ConfigError(
            f"rule '{code}' cannot have stage READ; parsers refuse texts, rules queries"
        )
    if code.count(".") != 1:
        raise ConfigError(f"rule code '{code}' is not of the form thing.fault")
    return lambda check: Rule(code=code, stage=stage, check=check, said=tuple(said))


class Profile(Frozen):
    """A consistent set of choices that changes what counts as the truth."""

    name: str
    summary: str = ""
    definitions: tuple[str, ...] = ("exact",)
    """The first of these that a task offers is used."""
    settings: Mapping[str, Any] = {}
    """Values of `Terms` fields; a task without such a field ignores it."""
    waived: frozenset[str] = frozenset()
    """Codes of rules that do not apply."""


EXACT = Profile(name="exact", summary="the geometry itself, all rules")

Solve = Callable[[Any, Any, Any], Answer[Any]]
"""`(view, query, terms) -> answer`."""


@dataclass(frozen=True, kw_only=True)
class Task(Generic[V, Q]):
    """One type of question about one type of view."""

    name: str
    summary: str
    world: type[V]
    """The view type."""
    query: type[Q]
    phrasings: tuple[Phrasing, ...]
    rules: tuple[Rule, ...]
    candidates: Callable[[V, Random], Iterable[Q]]
    """Queries worth trying on a view, in an order drawn from the generator, each at most once."""
    solve: Callable[[V, Q, Any], Answer[Any]]
    """The definition `exact`; deterministic."""
    score: Callable[[str, Answer[Any]], float]
    """A reply and the truth to [0, 1]; errors up to `answer.band` count as none."""
    answer_hint: Callable[[Q], str]
    """Unit or vocabulary, never singling out the truth."""
    report: Callable[[str, Answer[Any]], float] | None = None
    """How benchmarks score such a reply, where that is not `score` with a band of 0."""
    brief: Callable[[V], str] = lambda view: ""  # noqa: ARG005
    """What a questioner may be told about this view beyond its images."""
    worth: Callable[[Answer[Any]], float] = lambda answer: 1.0  # noqa: ARG005
    """In [0, 1]: how much a legal question with this answer teaches."""
    definitions: Mapping[str, Solve] = field(default_factory=dict)
    """Other named ways to compute the answer."""
    terms: Terms = field(default_factory=Terms)
    profiles: tuple[Profile, ...] = ()
    profile: str = EXACT.name
    definition: str = "exact"

    def __post_init__(self) -> None:
        if not self.phrasings:
            raise ConfigError(f"task '{self.name}' has no phrasings; a question needs a wording")
        if "exact" in self.definitions:
            raise ConfigError(f"task '{self.name}': 'exact' is solve itself; name others otherwise")
        try:
            self.grammar  # a phrasing that says what there is not is the author's mistake  # noqa: B018
        except ConfigError as error:
            raise ConfigError(f"task '{self.name}': {error}") from error

    @cached_property
    def grammar(self) -> Grammar[Q]:
        """The phrasings, both ways."""
        return Grammar(self.query, self.phrasings)

    def wordings(self, query: Q) -> tuple[str, ...]:
        """Every way in which this task writes the query."""
        return self.grammar.write(query)

    def solver(self, definition: str | None = None) -> Solve:
        """The function of a definition; the one in force if none is named."""
        name = definition or self.definition
        if name == "exact":
            return self.solve
        if name not in self.definitions:
            raise UnknownName(f"definition of {self.name}", name, ["exact", *self.definitions])
        return self.definitions[name]

    def under(self, profile: str = EXACT.name, definition: str | None = None) -> Task[V, Q]:
        """This task with a profile's definition, settings and waived rules bound to it.

        Terms with a field `definition` are told which one is in force.
        """
        known = {EXACT.name: EXACT} | {each.name: each for each in self.profiles}
        chosen = known.get(profile, EXACT.model_copy(update={"name": profile}))
        offered = next((d for d in chosen.definitions if d in self.definitions), "exact")
        fields, bound_to = type(self.terms).model_fields, definition or offered
        told = {**chosen.settings, "definition": bound_to}
        settings = {k: v for k, v in told.items() if k in fields}
        bound = replace(
            self,
            profile=profile,
            definition=bound_to,
            terms=type(self.terms).model_validate({**self.terms.model_dump(), **settings}),
            rules=tuple(each for each in self.rules if each.code not in chosen.waived),
        )
        bound.solver()
        return bound

    def propose(self, view: V, rng: Random) -> Iterator[tuple[Q, Verdict]]:
        """Legal queries on the view, each with its verdict, in an order drawn from `rng`.

        Raises TaskFault if the task's own code fails.
        """
        from spatialevo_core.engine import guarded, judge  # noqa: PLC0415  (imports this module)

        queries = guarded(self, "candidates", lambda: iter(self.candidates(view, rng)))
        for _ in range(MOST_CANDIDATES):
            query = guarded(self, "candidates", next, queries, None)
            if query is None:
                return
            verdict = judge(self, view, query)
            if verdict.legal:
                yield query, verdict

    def feasible(self, view: V) -> bool:
        """Whether the view allows any legal question; by construction agrees with `propose`."""
        return next(self.propose(view, Random(0)), None) is not None


AnyTask = Task[Any, Any]
AnyAnswer = Answer[Evidence]
