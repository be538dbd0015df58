"""Tables of numbers as text: formats of cells, and the best value of a column."""

import functools
import math
import numbers
from collections.abc import Container, Iterable, Mapping, Sequence

from tabulate import tabulate

from hwgen_keras.errors import InputError

# See `format_cell`.
Cell = str | float | tuple[float, float | None] | None


def format_cell(cell: Cell, digits: int = 1) -> str:
    """A cell as text, floats with `digits` decimals.

    A cell is text, a number, (mean, standard deviation or None), or None, no value.
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
    """{(row index, column index)} of the best values of columns, rounded to `digits`.

    Args:
        rows: lists of cells, see `format_cell`.
        best: {column index: "max" or "min"}.

    Raises:
        InputError: a value of `best` is neither "max" nor "min".
    """
    cells = set()
    for column, direction in best.items():
        if direction not in ("max", "min"):
            raise InputError(f"The best of a column is max or min, not {direction!r}.")
        values: dict[int, float] = {}
        for index, row in enumerate(rows):
            cell = row[column]
            value = cell[0] if isinstance(cell, tuple) else cell
            if isinstance(value, numbers.Real) and math.isfinite(value):
                values[index] = round(value, digits)
        if values:
            target = (max if direction == "max" else min)(values.values())
            cells |= {(index, column) for index, v in values.items() if v == target}
    return cells


def text_table(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    digits: int = 1,
    left: Container[int] = (0,),
    style: str = "simple",
) -> str:
    """A table for a terminal, in which a Japanese character takes two columns.

    Args:
        header: the columns' names.
        rows: lists of cells, as long as `header`; see `format_cell`.
        digits: decimals of floats.
        left: indices of the columns to align left; the others are aligned right.
        style: a format of tabulate: `"simple"`, or `"pipe"` for Markdown.
    """
    check_rows(header, rows)
    bar = "\\|" if style == "pipe" else "|"
    header, *rows = (
        [format_cell(cell, digits).replace("|", bar) for cell in row]
        for row in (header, *rows)
    )
    return tabulate(
        rows,
        header,
        style,
        colalign=["left" if i in left else "right" for i in range(len(header))],
        disable_numparse=True,
        preserve_whitespace=True,
    )


markdown_table = functools.partial(text_table, style="pipe")


def check_rows(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Raise InputError unless every row has a cell for every column."""
    for row in rows:
        if len(row) != len(header):
            raise InputError(
                f"The table row {list(row)!r} has {len(row)} cells and the header has "
                f"{len(header)}; give one cell for every column."
            )
