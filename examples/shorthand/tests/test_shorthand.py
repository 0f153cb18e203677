"""What the shorthand reads is the question in words; what it does not read stays unread."""

import pytest
from spatialevo_shorthand import Shorthand

from spatialevo_core.plugins import load
from spatialevo_core.testing import check_parser
from spatialevo_datasets.views import SceneView

REGISTRY = load()
ROOM = REGISTRY.dataset("synthetic").load(None, "room-0")
WORDS = "How far apart are the sofa and the door at their closest points, in meters?"


def test_the_grammar_is_asked_first_and_the_shorthand_where_it_reads_nothing():
    short, long = (REGISTRY.ask_about(text, ROOM).verdict for text in ("couch <-> door", WORDS))
    assert (short.parser, long.parser) == ("shorthand", "grammar")
    assert short.query == long.query
    assert short.answer == long.answer


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sofa <-> piano", "object.missing"),
        ("sofa <->", "question.unparseable"),
        ("sofa -> door", "question.unparseable"),
    ],
)
def test_what_it_cannot_read_is_refused(text, code):
    assert REGISTRY.ask_about(text, ROOM).verdict.codes == (code,)


def test_it_keeps_the_promises_of_every_parser():
    view = SceneView.of(ROOM)
    check_parser(Shorthand(), [view], REGISTRY.tasks_of(view)).require()
