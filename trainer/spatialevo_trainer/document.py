"""A report as a list of blocks, written as Markdown and as a single HTML page."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}"
    "img{max-width:100%}code{background:#f3f3f3}"
)


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is the document's."""

    text: str
    level: int = 2

    def markdown(self) -> str:
        """As Markdown."""
        return f"{'#' * self.level} {self.text}"

    def html(self) -> str:
        """As HTML."""
        return f"<h{self.level}>{html.escape(self.text)}</h{self.level}>"


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str

    def markdown(self) -> str:
        """As Markdown."""
        return self.text

    def html(self) -> str:
        """As HTML."""
        return f"<p>{html.escape(self.text)}</p>"


@dataclass(frozen=True)
class Table:
    """Rows of text under a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        """As Markdown."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
        return "\n".join(f"| {' | '.join(line)} |" for line in cells)

    def html(self) -> str:
        """As HTML."""
        rows = [_row(self.head, "th"), *(_row(row, "td") for row in self.rows)]
        return f"<table>{''.join(rows)}</table>"


@dataclass(frozen=True)
class Picture:
    """A PNG file; the HTML page contains it."""

    path: Path
    text: str

    def markdown(self, folder: Path) -> str:
        """As Markdown, the file named as it is found from the report's folder."""
        return f"![{self.text}]({self.path.relative_to(folder).as_posix()})"

    def html(self) -> str:
        """As HTML."""
        data = base64.b64encode(self.path.read_bytes()).decode("ascii")
        return f'<img alt="{html.escape(self.text)}" src="data:image/png;base64,{data}">'


Block = Heading | Paragraph | Table | Picture


def write(blocks: Sequence[Block], folder: Path, name: str) -> tuple[Path, Path]:
    """Write `name.md` and `name.html` to the folder; returns both paths."""
    markdown, page = folder / f"{name}.md", folder / f"{name}.html"
    parts = [
        each.markdown(folder) if isinstance(each, Picture) else each.markdown() for each in blocks
    ]
    markdown.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    body = "\n".join(each.html() for each in blocks)
    title = next((each.text for each in blocks if isinstance(each, Heading)), name)
    page.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style>\n{body}\n</html>\n",
        encoding="utf-8",
    )
    return markdown, page


def _row(cells: Sequence[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
