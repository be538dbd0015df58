"""A report as one HTML file, which loads nothing from the network or other files."""

import base64
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence

import jinja2
import matplotlib
import matplotlib.figure
import PIL.Image

from hwgen_keras.evaluation.tables import best_cells, check_rows, format_cell
from hwgen_keras.files import StrPath, write_text


@dataclasses.dataclass(frozen=True)
class Text:
    """Paragraphs, separated by blank lines, under an optional heading."""

    text: str
    heading: str = ""


@dataclasses.dataclass(frozen=True)
class Table:
    """A table whose first column is aligned left, and the others right.

    Args:
        header: the columns' names.
        rows: lists of cells: text, number, (mean, standard deviation) or None.
        heading, caption: above and below the table.
        best: {column index: "max" or "min"}, columns whose best value is bold.
        digits: decimals of floats.
    """

    header: Sequence[str]
    rows: Sequence[Sequence]
    heading: str = ""
    caption: str = ""
    best: Mapping[int, str] = dataclasses.field(default_factory=dict)
    digits: int = 1


@dataclasses.dataclass(frozen=True)
class Figure:
    """A picture: a PIL image or a matplotlib figure, with a caption.

    Args:
        picture: PIL image, embedded as PNG, or matplotlib figure, embedded as SVG.
        heading, caption: above and below the picture.
        description: the alternative text for screen readers; None: the caption.
    """

    picture: PIL.Image.Image | matplotlib.figure.Figure
    heading: str = ""
    caption: str = ""
    description: str | None = None


@dataclasses.dataclass(frozen=True)
class Pictures:
    """Small images side by side, each with its own caption.

    Args:
        pictures: list of (PIL image, caption).
        heading, caption: above and below all of them.
    """

    pictures: Sequence[tuple[PIL.Image.Image, str]]
    heading: str = ""
    caption: str = ""


def write_html(
    path: StrPath, title: str, sections: Iterable[Text | Table | Figure | Pictures]
) -> None:
    """Write a report.

    Args:
        path: the HTML file; it appears only when complete.
        title: of the page.
        sections: `Text`, `Table`, `Figure` and `Pictures`, in order.

    Raises:
        InputError: a table row has too many or too few cells.
        TypeError: a section or a picture has another type.
    """
    sections = list(sections)
    for section in sections:
        if not isinstance(section, Text | Table | Figure | Pictures):
            raise TypeError(
                f"A section is Text, Table, Figure or Pictures, not {type(section)}."
            )
        if isinstance(section, Table):
            check_rows(section.header, section.rows)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hwgen_keras", "evaluation"),
        autoescape=True,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    functions = {
        "best_cells": best_cells,
        "embedded": _embedded,
        "format_cell": format_cell,
    }
    page = environment.get_template("report.html", globals=functions)
    write_text(path, page.render(title=title, sections=sections))


def _embedded(picture):
    """(CSS class of a picture, the picture as a data URL)."""
    data = io.BytesIO()
    if isinstance(picture, PIL.Image.Image):
        picture.save(data, format="PNG", optimize=True)
        kind, media_type = "images", "image/png"
    elif isinstance(picture, matplotlib.figure.Figure):
        # Fixed identifiers and no date: equal figures give equal files.
        with matplotlib.rc_context({"svg.hashsalt": "hwgen_keras"}):
            picture.savefig(
                data, format="svg", transparent=True, metadata={"Date": None}
            )
        kind, media_type = "curves", "image/svg+xml"
    else:
        raise TypeError(
            f"A picture is a PIL image or a matplotlib figure, not {type(picture)}."
        )
    text = base64.b64encode(data.getvalue()).decode("ascii")
    return kind, f"data:{media_type};base64,{text}"
