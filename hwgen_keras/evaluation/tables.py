"""Tables of figures: how a cell reads, which value is best, plain text."""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from hwgen_keras.errors import InputError

# See `format_cell`.
Cell = str | float | tuple[float, float | None] | None


def format_cell(cell: Cell, digits: int = 1) -> str:
    """A cell as text.

    Args:
        cell: text; a number; a pair (mean, standard deviation), whose deviation is
            None where one run gives none; or None for a value that does not exist.
        digits: decimals of a float.
    """
    if cell is None:
        return "–"
    if isinstance(cell, tuple):
        mean, deviation = cell
        if deviation is None:
            return format_cell(mean, digits)
        return f"{mean:.{digits}f} ± {deviation:.{digits}f}"
    if isinstance(cell, str | int):
        return str(cell)
    return f"{cell:.{digits}f}"


def best_cells(
    rows: Iterable[Sequence[Cell]], best: Mapping[int, str], digits: int = 1
) -> set[tuple[int, int]]:
    """Which cells hold the best value of their column.

    Args:
        rows: lists of cells, see `format_cell`.
        best: {column index: "max" or "min"}.
        digits: decimals shown; values that read the same are equally good.

    Returns:
        A set of (row index, column index).

    Raises:
        InputError: `best` names something other than "max" or "min".
    """
    found = set()
    for column, direction in best.items():
        if direction not in ("max", "min"):
            raise InputError(f"The best of a column is max or min, not {direction!r}.")
        values = {}
        for index, row in enumerate(rows):
            cell = row[column]
            value = cell[0] if isinstance(cell, tuple) else cell
            if (
                value is not None
                and not isinstance(value, str)
                and math.isfinite(value)
            ):
                values[index] = round(value, digits)
        if values:
            target = (
                max(values.values()) if direction == "max" else min(values.values())
            )
            found |= {(index, column) for index, v in values.items() if v == target}
    return found


def text_table(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], digits: int = 1
) -> str:
    """A table for a terminal: first column to the left, the others to the right.

    Args:
        header: the columns' names.
        rows: lists of cells, as long as `header`; see `format_cell`.
        digits: decimals of floats.
    """
    check_rows(header, rows)
    lines = [list(header), *([format_cell(cell, digits) for cell in r] for r in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    padded = []
    for first, *others in lines:
        cells = [first + " " * (widths[0] - _width(first))]
        for width, cell in zip(widths[1:], others, strict=True):
            cells.append(" " * (width - _width(cell)) + cell)
        padded.append("  ".join(cells).rstrip())
    padded.insert(1, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(padded)


def markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[Cell]], digits: int = 1
) -> str:
    """A table in Markdown: first column to the left, the others to the right.

    Args:
        header, rows, digits: see `text_table`.
    """
    check_rows(header, rows)
    lines = [list(header), ["---", *("---:" for _ in header[1:])]]
    lines += [[format_cell(cell, digits) for cell in row] for row in rows]
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def check_rows(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Raise InputError unless every row has a cell for every column."""
    for row in rows:
        if len(row) != len(header):
            raise InputError(
                f"The table row {list(row)!r} has {len(row)} cells and the header has "
                f"{len(header)}; give one cell for every column."
            )


def _width(text):
    """Columns of a terminal that `text` takes: a Japanese character takes two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
