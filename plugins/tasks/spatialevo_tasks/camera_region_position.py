"""When you took Image 2, in which direction was the sleeping area?

One of eight ways: the azimuth of the region's anchor in the level frame of the reference camera.
The anchor is the mean of the centres of the objects in the cluster (see `gatherings`) around a core
object, a bed say, that the images show; the others count whether they are to be seen or not. What a
viewer may overlook or a scan may misplace must not matter: without any one member that is barely
visible (0.05 to 0.20 of it, in the image that shows it best) the answer is the same, and no
member's belonging hangs on less than 0.09 m.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from random import Random

import numpy as np

from spatialevo_core.question import Answer, Query, Stage
from spatialevo_core.slots import ImageNumber
from spatialevo_core.task import Complaint, Solve, rule
from spatialevo_core.text import sentence
from spatialevo_datasets.scene import Instance, Scene
from spatialevo_datasets.views import PairView
from spatialevo_tasks import geometry, pairs, proposals, reasons, rules
from spatialevo_tasks.cameras import camera_frame
from spatialevo_tasks.directions import EIGHT, direction
from spatialevo_tasks.gatherings import SLACK_M, Gathering
from spatialevo_tasks.geometry import BoxOf, Triple, rounded
from spatialevo_tasks.pairs import FromCamera
from spatialevo_tasks.profiles import SpatialTask
from spatialevo_tasks.regions import RegionName, region, regions_of, told_regions
from spatialevo_tasks.rules import SpatialTerms

BARELY = (0.05, 0.20)
"""Shares of an object between which a viewer may or may not take notice of it."""


class RegionPlace(Query):
    """Where a region of the room was for who took an image."""

    region: RegionName
    reference: ImageNumber


class RegionEvidence(FromCamera):
    """The anchor as seen from the camera, and what it is the mean of; objects as `label id`."""

    members_m: Mapping[str, Triple]
    """Their centres."""
    core: tuple[str, ...]
    without: Mapping[str, str]
    """The answer without each barely visible member."""
    uncertain: tuple[str, ...]
    """Those whose belonging surface noise could change."""


def gathered(view: PairView, q: RegionPlace, terms: SpatialTerms) -> Gathering:
    """What the room has of the region that is asked for."""
    return Gathering.of(view, region(q.region), terms)


def by(box: BoxOf) -> Solve:
    """The answer with every object at the centre of its box."""

    def solve(view: PairView, q: RegionPlace, terms: SpatialTerms) -> Answer[RegionEvidence]:
        found = gathered(view, q, terms)
        cluster, *_ = found.clusters()
        centers = np.array([box(view.scene, each).center for each in found.objects])
        level = camera_frame(view.image(q.reference).T_world_camera)

        def word(without: int) -> str:
            rest = found.clusters(without=without)
            if len(rest) != 1:
                return "in several places" if rest else "nowhere"
            return EIGHT.word(level.point(centers[list(rest[0])].mean(axis=0)).azimuth_deg)

        names = [found.name(at) for at in range(len(found.objects))]
        tight, loose = (found.clusters(slack_m) for slack_m in (-SLACK_M, SLACK_M))
        certain = tight[0] if tight else ()
        anchor = centers[list(cluster)].mean(axis=0)
        rivals = (
            anchor + (rival - centers[at]) / len(cluster)
            for at in cluster
            for rival in geometry.rival_centers(view.scene, found.objects[at], box)
        )
        place = pairs.from_camera(view, q.reference, q.region, anchor, terms, rivals=rivals)
        evidence = RegionEvidence(
            **dict(place),
            members_m={names[at]: rounded(centers[at]) for at in cluster},
            core=tuple(names[at] for at in np.flatnonzero(found.cores()) if at in cluster),
            without={names[at]: word(at) for at in cluster if _barely(view, found.objects[at])},
            uncertain=tuple(names[at] for at in sorted({*chain(*loose)} - {*certain})),
        )
        return Answer(value=EIGHT.word(place.azimuth_deg), evidence=evidence)

    return solve


def _barely(view: PairView, instance: Instance) -> bool:
    shares = [sight.share for sight in view.sights(instance) if sight is not None]
    return bool(shares) and BARELY[0] <= max(shares) <= BARELY[1]


@rule(
    "region.missing",
    Stage.SOLVABLE,
    said=("no such area", "no such region", "not an area", *reasons.MISSING_SAID),
)
def there(view: PairView, q: RegionPlace, terms: SpatialTerms) -> Complaint | None:
    """The images show a core object of the region, which is not itself the name of an object."""
    if view.vocabulary().find(q.region) is not None:
        return Complaint(f"in this room {q.region} is an object, and no region", (q.region,))
    if gathered(view, q, terms).clusters():
        return None
    core = sentence(sorted(region(q.region).centres), "or")
    return Complaint(
        f"the images show no {q.region}: what makes one ({core}) is not seen", (q.region,)
    )


@rule(
    "region.scattered",
    Stage.SOLVABLE,
    said=("more than one", "two areas", "several", "scattered", "two {}", "which {}", "spread"),
)
def in_one_place(view: PairView, q: RegionPlace, terms: SpatialTerms) -> Complaint | None:
    """The core objects that the images show are in one cluster."""
    found = gathered(view, q, terms)
    clusters = found.clusters()
    if len(clusters) < 2:
        return None
    things = sentence(tuple(found.name(each[0]) for each in clusters))
    return Complaint(f"there is more than one {q.region}, at {things}", (q.region,))


@rule("object.sparse", Stage.SOLVABLE, said=reasons.SPARSE_SAID)
def dense(view: PairView, q: RegionPlace, terms: SpatialTerms) -> Complaint | None:
    """Every object that the anchor is the mean of has enough points for a centre."""
    found = gathered(view, q, terms)
    members = sorted({*chain(*found.clusters())})
    return rules.too_few_points({found.name(at): found.objects[at] for at in members}, terms)


def in_reference(view: PairView, q: RegionPlace, terms: SpatialTerms) -> bool:
    """Whether the reference image shows a core object of the region."""
    found = gathered(view, q, terms)
    cores = {*np.flatnonzero(found.cores()).tolist()} & {*chain(*found.clusters())}
    return any(pairs.shown_in(view, q.reference, found.objects[at], terms) for at in cores)


def open_to_doubt(evidence: RegionEvidence, terms: SpatialTerms) -> str | None:
    """Why noise, or what a viewer may overlook, could change the direction."""
    if evidence.uncertain:
        things = sentence(evidence.uncertain)
        return f"whether {things} belongs to it hangs on less than {SLACK_M} m"
    here = EIGHT.word(evidence.azimuth_deg)
    for name, elsewhere in evidence.without.items():
        if elsewhere != here:
            return f"without {name}, which is barely visible, it would be {elsewhere}, not {here}"
    return geometry.unsettled(evidence, terms)


def candidates(view: PairView, rng: Random) -> Iterator[RegionPlace]:
    """The regions of which a core object can be seen, from either image."""
    names = regions_of(proposals.visible(view))
    asked = [(name, number) for name in names for number in (1, 2)]
    for name, number in rng.sample(asked, len(asked)):
        yield RegionPlace(region=name, reference=number)


TASK = SpatialTask(
    name="camera_region_position",
    summary="Where a region of the room was for who took one of the images.",
    world=PairView,
    query=RegionPlace,
    phrasings=pairs.where_from_camera("region"),
    rules=(
        rules.images("reference"),
        there,
        in_one_place,
        dense,
        rules.headed(lambda q: (q.reference,)),
        pairs.overlapping_unless(in_reference),
        geometry.far_enough(),
        rules.decisive(open_to_doubt, said=("unclear what belongs", "hardly visible")),
    ),
    candidates=candidates,
    solve=by(Scene.obb),
    definitions={"aabb": by(Scene.aabb)},
    score=direction,
    answer_hint=lambda q: f"one of {', '.join(EIGHT.words)}",  # noqa: ARG005
    brief=lambda view: told_regions(proposals.visible(view)),
)
