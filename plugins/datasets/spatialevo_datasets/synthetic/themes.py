"""How the regions of a room are furnished, one function each."""

from __future__ import annotations

from collections.abc import Callable

from spatialevo_datasets.synthetic.floorplan import Floorplan

Theme = Callable[[Floorplan], None]

STRAY = ("plant", "box", "trash can", "suitcase", "painting", "clock", "mirror", "cabinet", "chair")
WALL_HEIGHTS_M = (1.35, 1.5)
"""Between which the lower edge of a painting hangs."""


def sleeping(plan: Floorplan) -> None:
    """A bed with pillows, nightstands and lamps, a wardrobe, a dresser with a mirror."""
    if bed := plan.against("bed"):
        for side in plan.rng.choice(((-1, 1), (-1,), (1,))):
            stand = plan.beside(bed, "nightstand", side)
            if stand and plan.rng.random() < 0.8:
                plan.on(stand, "lamp", y=0.0)
            elif stand:
                plan.on(stand, "book")
        for x in plan.rng.choice(((-0.6, 0.6), (0.0,))):
            plan.on(bed, "pillow", x, 0.95)
        plan.above(bed, "painting", plan.rng.uniform(*WALL_HEIGHTS_M))
    plan.against("wardrobe")
    if dresser := plan.against("dresser"):
        plan.above(dresser, "mirror", dresser.place.top + 0.15)
        plan.on(dresser, plan.rng.choice(("vase", "book", "backpack")))
    plan.loose("ottoman")


def living(plan: Floorplan) -> None:
    """A sofa before a coffee table, the tv opposite, armchairs."""
    if sofa := plan.against("sofa"):
        if coffee := plan.before(sofa, "coffee table", plan.rng.uniform(0.3, 0.45)):
            plan.on(coffee, plan.rng.choice(("book", "vase", "laptop")))
        plan.beside(sofa, "floor lamp", plan.rng.choice((-1, 1)))
        plan.above(sofa, "painting", plan.rng.uniform(*WALL_HEIGHTS_M))
        stand = plan.against("tv stand", facing=sofa) or plan.against("tv stand")
        if stand:
            plan.on(stand, "tv", 0.0, 0.0)
    for _ in range(plan.rng.randint(1, 2)):
        plan.loose("armchair", 0.25)
    if shelf := plan.against("bookshelf"):
        plan.on(shelf, "book")
        plan.on(shelf, "book")
    plan.against("plant")


def dining(plan: Floorplan) -> None:
    """A dining table with chairs, a cabinet."""
    if table := plan.loose("dining table", 0.55, square=True):
        plan.around(table, "chair", plan.rng.randint(3, 6))
        plan.on(table, "vase", 0.0, 0.0)
    if cabinet := plan.against("cabinet"):
        plan.on(cabinet, plan.rng.choice(("lamp", "book", "vase")))
    plan.mounted("clock", 1.9)


def study(plan: Floorplan) -> None:
    """A desk with its chair and screen, shelves, a printer."""
    if desk := plan.against("desk"):
        if plan.rng.random() < 0.7:
            plan.on(desk, "monitor", -0.3, 0.8)
            plan.on(desk, "keyboard", -0.3, -0.7)
        else:
            plan.on(desk, "laptop", -0.3, -0.4)
        plan.on(desk, "lamp", 0.95, 0.7)
        plan.before(desk, "office chair", 0.02, turned=True)
        plan.beside(desk, "trash can", plan.rng.choice((-1, 1)))
    if shelf := plan.against("bookshelf"):
        plan.on(shelf, "book")
        plan.on(shelf, "book")
    if files := plan.against("file cabinet"):
        plan.on(files, "printer", 0.0, 0.0)
    plan.mounted("whiteboard", 0.95)


def office(plan: Floorplan) -> None:
    """Two more desks, with a bench and a backpack."""
    study(plan)
    for _ in range(2):
        if desk := plan.against("desk"):
            plan.on(desk, "monitor", 0.2, 0.8)
            plan.on(desk, "keyboard", 0.2, -0.7)
            plan.before(desk, "office chair", 0.02, turned=True)
    plan.loose("backpack")


def kitchen(plan: Floorplan) -> None:
    """A row of counter, stove and dishwasher, a refrigerator, a small table with stools."""
    if counter := plan.against("counter"):
        plan.on(counter, "microwave", -0.9, 0.6)
        plan.on(counter, "coffee maker", 0.9, 0.6)
        side = plan.rng.choice((-1, 1))
        if stove := plan.beside(counter, "stove", side):
            plan.on(stove, "pot")
        plan.beside(counter, "dishwasher", -side)
    plan.against("refrigerator")
    if table := plan.loose("table", 0.4):
        plan.around(table, "stool", plan.rng.randint(2, 4))
        plan.on(table, "vase", 0.0, 0.0)
    plan.against("trash can")


def bathroom(plan: Floorplan) -> None:
    """A bathtub, a toilet, a sink under a mirror."""
    plan.against("bathtub")
    if sink := plan.against("sink"):
        plan.above(sink, "mirror", 1.15)
    plan.against("toilet")
    plan.mounted("towel", 0.9)
    plan.against("laundry basket")
    plan.loose("stool")


def laundry(plan: Floorplan) -> None:
    """A washing machine beside a dryer, a basket."""
    if washer := plan.against("washing machine"):
        plan.beside(washer, "dryer", 1) or plan.beside(washer, "dryer", -1)
        plan.on(washer, "box")
    plan.loose("laundry basket")
    plan.against("cabinet")


def entry(plan: Floorplan) -> None:
    """A shoe rack, a bench, a mirror, luggage."""
    plan.against("shoe rack")
    plan.against("bench")
    plan.mounted("mirror", 0.9)
    plan.against("suitcase")
    plan.loose("backpack")


def storage(plan: Floorplan) -> None:
    """Boxes, suitcases, a shelf."""
    if shelf := plan.against("bookshelf"):
        plan.on(shelf, "book")
    plan.against("cabinet")
    for _ in range(plan.rng.randint(2, 4)):
        plan.loose("box")
    plan.loose("suitcase")


def music(plan: Floorplan) -> None:
    """A piano with its stool, a floor lamp, an armchair."""
    if piano := plan.against("piano"):
        plan.before(piano, "stool", 0.1)
        plan.beside(piano, "floor lamp", plan.rng.choice((-1, 1)))
    plan.loose("armchair", 0.2)
    plan.against("plant")


def anywhere(plan: Floorplan) -> None:
    """What lies about in any room."""
    number = 3 if plan.outline.notch is None else 6
    for design in plan.rng.sample(STRAY, number):
        if design in {"painting", "clock", "mirror"}:
            plan.mounted(design, plan.rng.uniform(1.4, 1.7))
        else:
            plan.against(design)


def openings(plan: Floorplan) -> None:
    """A door that can be reached, and windows with a radiator under one."""
    if door := plan.mounted("door", 0.0):
        plan.keep_free(door, 0.8, 0.0, 2.0)
    for _ in range(plan.rng.randint(1, 2)):
        if window := plan.mounted("window", plan.rng.uniform(0.95, 1.05)):
            plan.keep_free(window, 0.4, window.place.base, 1.0)
            if plan.rng.random() < 0.5:
                plan.above(window, "radiator", 0.1)


PAIRS: tuple[tuple[Theme, Theme], ...] = (
    (sleeping, study),
    (living, dining),
    (kitchen, dining),
    (living, study),
    (sleeping, music),
    (bathroom, laundry),
    (office, storage),
    (sleeping, entry),
    (living, music),
    (kitchen, laundry),
)
"""What goes together in one rectangular room, one in each half."""

TRIPLES: tuple[tuple[Theme, Theme, Theme], ...] = (
    (living, dining, kitchen),
    (sleeping, study, entry),
    (living, study, music),
    (office, storage, entry),
    (sleeping, bathroom, laundry),
    (kitchen, dining, storage),
)
"""What goes together in an L-shaped room: at the near end, in the corner, at the far end."""
