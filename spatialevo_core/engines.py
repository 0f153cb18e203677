"""Where the worlds of a dataset are worked on: in processes of this machine, or with Ray on many.

An engine runs a function on each of many items and yields what became of each, as it is done. What
the function raises, or that its process died, is that item's outcome, and the others go on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from spatialevo_core.errors import ConfigError, SpatialEvoError

T = TypeVar("T")

ITEMS_PER_PROCESS = 64
"""A process ends after about as many items, so that what it holds on to cannot grow."""


@dataclass(frozen=True)
class Done(Generic[T]):
    """What became of one item."""

    item: str
    value: T | None = None
    fault: str | None = None
    """What was raised, in one line."""


Engine = Callable[[Callable[[str], T], Sequence[str], int], Iterator[Done[T]]]


def in_processes(work: Callable[[str], T], items: Sequence[str], jobs: int) -> Iterator[Done[T]]:
    """On this machine, in so many processes at a time."""
    left = iter(items)
    while batch := list(islice(left, ITEMS_PER_PROCESS * jobs)):
        yield from _in_pool(work, batch, jobs)


def on_ray(work: Callable[[str], T], items: Sequence[str], jobs: int) -> Iterator[Done[T]]:
    """On the Ray cluster at hand (RAY_ADDRESS, one started here, else a new one), so many at once.

    Raises ConfigError where Ray is not installed.
    """
    try:
        import ray  # noqa: PLC0415
    except ModuleNotFoundError:
        told = "engine 'ray' needs ray; install it with: pip install 'spatialevo[ray]'"
        raise ConfigError(told) from None
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)

    def one(item: str) -> T:  # Ray takes no partial
        return work(item)

    remote = ray.remote(max_calls=ITEMS_PER_PROCESS, max_retries=1)(one)
    left, running = iter(items), dict[Any, str]()
    while True:
        running |= {remote.remote(item): item for item in islice(left, jobs - len(running))}
        if not running:
            return
        (done,), _ = ray.wait(list(running), num_returns=1)
        item = running.pop(done)
        try:
            yield Done(item, ray.get(done))
        except ray.exceptions.RayTaskError as error:
            yield Done(item, fault=_told(error.cause))
        except ray.exceptions.RayError as error:
            yield Done(item, fault=_told(error))


ENGINES: Mapping[str, Engine[Any]] = MappingProxyType({"process": in_processes, "ray": on_ray})


def _in_pool(work: Callable[[str], T], items: Sequence[str], jobs: int) -> Iterator[Done[T]]:
    """As `in_processes`, in one pool; if a process dies, what it left is halved to find out why."""
    unfinished: list[str] = []
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_end_with_parent)
    try:
        futures: dict[Future[T], str] = {pool.submit(work, item): item for item in items}
        for future in as_completed(futures):
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                unfinished.append(futures[future])
            elif error is not None:
                yield Done(futures[future], fault=_told(error))
            else:
                yield Done(futures[future], future.result())
    finally:
        pool.shutdown(cancel_futures=True)
    if len(items) == len(unfinished) == 1:
        yield Done(items[0], fault="its process died; out of memory, or a crash in a library")
    elif unfinished:
        middle = -(-len(unfinished) // 2)
        yield from _in_pool(work, unfinished[:middle], jobs)
        yield from _in_pool(work, unfinished[middle:], jobs)


def _end_with_parent() -> None:
    """End this process when the one that started it is killed, which nothing else would notice."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_await_end, args=(parent.sentinel,), daemon=True).start()


def _await_end(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return (
        text if isinstance(error, (SpatialEvoError, OSError)) else f"{type(error).__name__}: {text}"
    )
