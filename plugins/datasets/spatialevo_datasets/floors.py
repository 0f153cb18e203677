"""The floor of a room as cells: what was scanned of it, what stands on it, how large it is.

World frame, metres, z up. Cells lie on a grid through the world's origin; nothing depends on the
order of the points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from jaxtyping import Bool, Float, Float32, Int
from scipy import ndimage

from spatialevo_datasets.boxes import rectangles

CELL_M = 0.05
PLANE_SHARE = 0.05
"""Of all points, what the floor holds at least where none are labelled as floor."""
PLANE_WITHIN_M = 0.05
"""How far from its plane a point of the floor may lie."""
_SLAB_M = 0.04
"""Height of the slice that is searched for a plane: eight times the noise of a surface."""
STANDS_WITHIN_M = 0.30
"""Between the floor and the base of what stands on it."""
CLOSED_M = 0.25
"""Radius of the disc by which gaps are closed."""
LARGEST_HOLE_M2 = 4.0
"""A larger hole is no gap in the scan but a courtyard."""
WALL_M = 0.50
"""Height that scanned points above a cell span where there is a wall or the side of something."""
HALF_SEEN_SHARE = 0.6
"""Of a rectangle, what the hull of two scanned sides takes: half, and what noise adds."""
BEHIND_M = 0.10
"""Between a scanned wall and what stands against it."""
DRAWN_M = 0.25
"""Side of the squares in which a floor is drawn."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A rectangle of cells; row and column count along world y and x."""

    low: Int[np.ndarray, "2"]
    """Cells from the origin to the first one, along x and y."""
    shape: tuple[int, int]

    @classmethod
    def around(cls, points_xy: Float[np.ndarray, "n 2"], margin_m: float) -> Grid:
        """All cells that hold one of at least one points, and a margin around them."""
        cells = _cells(np.stack([points_xy.min(axis=0), points_xy.max(axis=0)]))
        margin = round(margin_m / CELL_M)
        columns, rows = (cells[1] - cells[0] + 1 + 2 * margin).tolist()
        return cls(cells[0] - margin, (rows, columns))

    def reaches(self, points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, " n"]:
        """Whether each point lies on the grid."""
        cells = _cells(points_xy) - self.low
        on_grid: Bool[np.ndarray, " n"] = np.all((cells >= 0) & (cells < self.shape[::-1]), axis=1)
        return on_grid

    def index(self, points_xy: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, " n"]:
        """The cell of each point, counted row by row; the points must lie on the grid."""
        column, row = (_cells(points_xy) - self.low).T
        found: Int[np.ndarray, " n"] = row * self.shape[1] + column
        return found

    def holding(self, points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "rows columns"]:
        """The cells that hold a point."""
        held = np.zeros(self.shape, dtype=bool)
        held.ravel()[self.index(points_xy)] = True
        return held

    def covered(self, points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "rows columns"]:
        """The cells whose centre lies in the convex hull of the points."""
        low, high = (_cells(each(points_xy, axis=0)) - self.low for each in (np.min, np.max))
        columns, rows = (np.arange(a, b + 1) for a, b in zip(low, high, strict=True))
        x, y = np.meshgrid((columns + self.low[0] + 0.5), (rows + self.low[1] + 0.5))
        path = np.concatenate([points_xy, points_xy[:1]]).astype(np.float64) / CELL_M
        hull = shapely.convex_hull(shapely.linestrings(path))
        shapely.prepare(hull)
        covered = np.zeros(self.shape, dtype=bool)
        covered[np.ix_(rows, columns)] = shapely.contains_xy(hull, x, y)
        return covered

    def walls(
        self, points: Float[np.ndarray, "n 3"], from_m: float
    ) -> Bool[np.ndarray, "rows columns"]:
        """The cells above which points from a height on span 0.50 m; a ceiling alone does not."""
        points = points[points[:, 2] >= from_m]
        points = points[self.reaches(points[:, :2])]
        cell, heights = self.index(points[:, :2]), points[:, 2].astype(np.float64)
        high, low = np.full(self.shape, -np.inf).ravel(), np.full(self.shape, np.inf).ravel()
        np.maximum.at(high, cell, heights)
        np.minimum.at(low, cell, heights)
        walls: Bool[np.ndarray, "rows columns"] = (high - low >= WALL_M).reshape(self.shape)
        return walls


@dataclass(frozen=True, eq=False)
class Floor:
    """The floor of a room, scanned and completed."""

    height_m: float
    grid: Grid
    scanned: Bool[np.ndarray, "rows columns"]
    """Cells that hold points of the floor."""
    whole: Bool[np.ndarray, "rows columns"]
    """With what stands on it; gaps closed, holes filled."""
    outline_m: float
    """Length of all sides of whole cells beyond which there is no floor."""
    area_m2: float
    tops: Float32[np.ndarray, "m 3"]
    """The highest point of the floor and of what stands on it in each whole cell that has any."""

    def holds(self, points_xy: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, " n"]:
        """Whether each place lies on the whole floor."""
        column, row = (_cells(points_xy) - self.grid.low).T
        rows, columns = self.grid.shape
        held: Bool[np.ndarray, " n"] = (
            (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        )
        held[held] = self.whole[row[held], column[held]]
        return held

    @cached_property
    def cells(self) -> int:
        """How many cells are whole."""
        return int(np.count_nonzero(self.whole))

    @cached_property
    def scanned_cells(self) -> int:
        """How many of them the scan shows as floor."""
        return int(np.count_nonzero(self.scanned & self.whole))

    @cached_property
    def drawing(self) -> tuple[str, ...]:
        """The whole floor in squares of 0.25 m, +y upwards: `#` scanned, `+` completed."""
        step = round(DRAWN_M / CELL_M)
        rows, columns = (-(-size // step) for size in self.grid.shape)
        shares = [
            np.pad(each, [(0, rows * step - each.shape[0]), (0, columns * step - each.shape[1])])
            .reshape(rows, step, columns, step)
            .mean(axis=(1, 3))
            for each in (self.whole, self.whole & self.scanned)
        ]
        signs = np.where(shares[0] < 0.5, ".", np.where(shares[1] < 0.5, "+", "#"))
        return tuple("".join(row) for row in signs[::-1])


def complete(
    floor: Float[np.ndarray, "n 3"],
    objects: Sequence[Float[np.ndarray, "_ 3"]],
    scan: Float[np.ndarray, "m 3"] | None = None,
) -> Floor:
    """The floor from at least one of its points, and the points or corners of every object.

    The cells that hold floor points, with those in the footprint of each object whose base is
    within 0.30 m of the floor, without what lies behind scanned walls, closed by 0.25 m, holes
    below 4 m^2 filled. Where the scan shows
    walls, a gap between them and the floor is closed, or a hole, as one within the floor is.
    """
    height = float(np.median(floor[:, 2]))
    standing = [each for each in objects if abs(each[:, 2].min() - height) <= STANDS_WITHIN_M]
    points = np.concatenate([floor, *standing]).astype(np.float64)
    grid = Grid.around(points[:, :2], 3 * CLOSED_M)
    scanned = grid.holding(floor[:, :2])
    under = np.zeros(grid.shape, dtype=bool)
    for each in standing:
        covered = grid.covered(footprint(each[:, :2]))
        under |= covered if scan is None else in_front(covered, each, grid, scan)
    whole = filled(closed(scanned | under))
    if scan is not None:
        whole = up_to(whole, grid.walls(scan, height + STANDS_WITHIN_M))
    # A cell at the edge of the scan lies half beyond its outermost points on average, while each
    # point stands for half a spacing beyond itself; cells under objects are counted by centres.
    spacing = CELL_M * np.sqrt(np.count_nonzero(scanned) / len(floor))
    beyond = (CELL_M - spacing) / 2 * _sides(whole, scanned & ~under) * CELL_M
    return Floor(
        height_m=height,
        grid=grid,
        scanned=scanned,
        whole=whole,
        outline_m=_sides(whole, whole) * CELL_M,
        area_m2=float(np.count_nonzero(whole) * CELL_M**2 - beyond),
        tops=_tops(grid, whole, points),
    )


def footprint(points_xy: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "m 2"]:
    """Points whose convex hull is what an object covers: its own, or the corners of a rectangle.

    Of a wardrobe in a corner a scan shows the front and one side. Their convex hull is half of the
    footprint, the best of the rectangles around it the whole.
    """
    found = rectangles(points_xy)
    best = found.best
    hull = shapely.convex_hull(shapely.linestrings(np.concatenate([points_xy, points_xy[:1]])))
    if hull.area > HALF_SEEN_SHARE * found.area[best]:
        return points_xy
    across = np.array([-found.along[best, 1], found.along[best, 0]])
    along, across = np.stack([found.along[best], across]) * found.size[best, :, None] / 2
    corners: Float[np.ndarray, "m 2"] = found.center[best] + np.stack(
        [-along - across, along - across, along + across, across - along]
    )
    return corners


def in_front(
    covered: Bool[np.ndarray, "rows columns"],
    points: Float[np.ndarray, "n 3"],
    grid: Grid,
    scan: Float[np.ndarray, "m 3"],
) -> Bool[np.ndarray, "rows columns"]:
    """The cells that an object covers, without the parts of its hull that lie behind walls.

    A counter around the outward corner of a room has a hull that holds what lies behind the
    corner. Such a part touches the object's own cells for the most part where a wall rises above
    the object; what a wardrobe hides touches mostly the wardrobe.
    """
    own = closed(grid.holding(points[:, :2]))
    parts, count = ndimage.label(covered & ~own)
    if not count:
        return covered
    low, high = points[:, :2].min(axis=0) - BEHIND_M, points[:, :2].max(axis=0) + BEHIND_M
    about = scan[np.all((scan[:, :2] >= low) & (scan[:, :2] <= high), axis=1)]
    walls = grid.walls(about, float(points[:, 2].max()) + CELL_M)
    walled = ndimage.distance_transform_edt(~walls) * CELL_M <= BEHIND_M if walls.any() else walls
    row, column = ndimage.distance_transform_edt(~own, return_distances=False, return_indices=True)
    behind = np.bincount(parts.ravel(), walled[row, column].ravel(), minlength=count + 1)
    dropped = behind > np.bincount(parts.ravel(), minlength=count + 1) / 2
    dropped[0] = False
    kept: Bool[np.ndarray, "rows columns"] = covered & ~dropped[parts]
    return kept


def lowest_plane(points: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "m 3"]:
    """The points within 5 cm of the lowest horizontal plane that holds 5 % of all; maybe none."""
    heights = np.sort(points[:, 2].astype(np.float64))
    held = np.searchsorted(heights, heights + _SLAB_M, side="right") - np.arange(len(heights))
    found = np.flatnonzero(held >= max(PLANE_SHARE * len(heights), 1))
    if not len(found):
        return points[:0]
    low = found[0]
    height = float(np.median(heights[low : low + held[low]]))
    return points[np.abs(points[:, 2] - height) <= PLANE_WITHIN_M]


def closed(cells: Bool[np.ndarray, "rows columns"]) -> Bool[np.ndarray, "rows columns"]:
    """Morphological closing by a disc; the cells must lie its diameter away from the border."""
    reach = CLOSED_M / CELL_M * (1 + 1e-9)
    grown = ndimage.distance_transform_edt(~cells) <= reach
    found: Bool[np.ndarray, "rows columns"] = ndimage.distance_transform_edt(grown) > reach
    return found


def filled(cells: Bool[np.ndarray, "rows columns"]) -> Bool[np.ndarray, "rows columns"]:
    """The cells with every hole that is small; the border must be free."""
    parts, count = ndimage.label(~cells)
    sizes = np.bincount(parts.ravel(), minlength=count + 1) * CELL_M**2
    small = sizes < LARGEST_HOLE_M2
    small[[0, parts[0, 0]]] = False
    found: Bool[np.ndarray, "rows columns"] = cells | small[parts]
    return found


def up_to(
    cells: Bool[np.ndarray, "rows columns"], walls: Bool[np.ndarray, "rows columns"]
) -> Bool[np.ndarray, "rows columns"]:
    """The cells with the gaps that lie between them and walls; the walls themselves stay out."""
    within = filled(closed(cells | walls)) & (cells | ~walls)
    parts, count = ndimage.label(within)
    met = np.zeros(count + 1, dtype=bool)
    met[parts[cells]] = True
    met[0] = False
    return filled(met[parts])


def _cells(points_xy: Float[np.ndarray, "n 2"]) -> Int[np.ndarray, "n 2"]:
    cells: Int[np.ndarray, "n 2"] = np.floor(points_xy.astype(np.float64) / CELL_M).astype(np.intp)
    return cells


def _sides(cells: Bool[np.ndarray, "rows columns"], of: Bool[np.ndarray, "rows columns"]) -> int:
    """How many sides of the cells, where they are some `of`, have no cell beyond."""
    return sum(
        int(np.count_nonzero(cells & of & ~np.roll(cells, step, axis)))
        for axis in (0, 1)
        for step in (-1, 1)
    )


def _tops(
    grid: Grid, cells: Bool[np.ndarray, "rows columns"], points: Float[np.ndarray, "n 3"]
) -> Float32[np.ndarray, "m 3"]:
    """The highest of the points in each cell; of equally high ones the one with the least x, y."""
    cell = grid.index(points[:, :2])
    order = np.lexsort((points[:, 1], points[:, 0], -points[:, 2], cell))
    first = order[np.flatnonzero(np.diff(cell[order], prepend=-1))]
    tops: Float32[np.ndarray, "m 3"] = points[first[cells.ravel()[cell[first]]]].astype(np.float32)
    return tops
