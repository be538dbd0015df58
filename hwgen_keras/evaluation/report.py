"""A report as one HTML file that needs nothing else: no network, no other file."""

import base64
import dataclasses
import html
import io
from collections.abc import Iterable, Mapping, Sequence

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
    """A table: first column to the left, the others to the right.

    Args:
        header: the columns' names.
        rows: lists of cells: text, number, (mean, standard deviation) or None.
        heading: above the table.
        caption: below the table.
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
        heading: above the picture.
        caption: below the picture.
        description: what it shows, for those who cannot see it; None: the caption.
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
        heading: above them.
        caption: below them all.
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
        InputError: a table row with cells too many or too few.
        TypeError: a section or a picture of another kind.
    """
    body = "\n".join(_section(section) for section in sections)
    write_text(path, _PAGE.format(title=html.escape(title), style=_STYLE, body=body))


def _section(section):
    if isinstance(section, Text):
        inner = _paragraphs(section.text)
    elif isinstance(section, Table):
        inner = _table(section)
    elif isinstance(section, Figure):
        inner = _figure(section)
    elif isinstance(section, Pictures):
        inner = _pictures(section)
    else:
        raise TypeError(
            f"A section is Text, Table, Figure or Pictures, not {type(section)}."
        )
    heading = f"<h2>{html.escape(section.heading)}</h2>\n" if section.heading else ""
    return f"<section>\n{heading}{inner}\n</section>"


def _paragraphs(text):
    parts = [part.strip() for part in text.split("\n\n") if part.strip()]
    return "\n".join(f"<p>{html.escape(part)}</p>" for part in parts)


def _table(table):
    check_rows(table.header, table.rows)
    bold = best_cells(table.rows, table.best, table.digits)
    names = "".join(f'<th scope="col">{html.escape(n)}</th>' for n in table.header)
    lines = [f"<thead><tr>{names}</tr></thead>", "<tbody>"]
    for index, row in enumerate(table.rows):
        texts = [html.escape(format_cell(cell, table.digits)) for cell in row]
        cells = [f'<th scope="row">{texts[0]}</th>']
        for column, text in enumerate(texts[1:], start=1):
            text = f"<strong>{text}</strong>" if (index, column) in bold else text
            cells.append(f"<td>{text}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</tbody>")
    rows = "\n".join(lines)
    caption = f'<p class="caption">{html.escape(table.caption)}</p>'
    return (
        f'<div class="scroll"><table>\n{rows}\n</table></div>\n'
        f"{caption if table.caption else ''}"
    )


def _figure(figure):
    kind, source = _embedded(figure.picture)
    described = figure.caption if figure.description is None else figure.description
    caption = f"<figcaption>{html.escape(figure.caption)}</figcaption>"
    return (
        f'<figure class="{kind}">\n'
        f'<img src="{source}" alt="{html.escape(described)}">\n'
        f"{caption if figure.caption else ''}</figure>"
    )


def _pictures(section):
    cells = []
    for picture, caption in section.pictures:
        _, source = _embedded(picture)
        text = html.escape(caption)
        cells.append(
            f'<figure class="images"><img src="{source}" alt="{text}">\n'
            f"<figcaption>{text}</figcaption></figure>"
        )
    caption = f'<p class="caption">{html.escape(section.caption)}</p>'
    return (
        '<div class="pictures">\n'
        + "\n".join(cells)
        + f"\n</div>\n{caption if section.caption else ''}"
    )


def _embedded(picture):
    """The class of a figure and its picture as a data address."""
    data = io.BytesIO()
    if isinstance(picture, PIL.Image.Image):
        picture.save(data, format="PNG", optimize=True)
        kind, media_type = "images", "image/png"
    elif isinstance(picture, matplotlib.figure.Figure):
        # Fixed identifiers and no date: the same figures give the same file.
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


# Curves are drawn dark on nothing; inverting lightness and turning the hue back keeps
# their colours on a dark page. Images of characters stay black on white.
_STYLE = """\
:root {
  color-scheme: light dark;
  --page: #fcfcfa; --text: #1f2328; --quiet: #5d646c; --line: #dcdfe3;
  --band: #f3f4f1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181b; --text: #e4e6e8; --quiet: #9aa1a9; --line: #34383d;
    --band: #1e2125;
  }
  figure.curves img { filter: invert(0.9) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 54rem;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans",
    "Hiragino Sans", "Noto Sans CJK JP", sans-serif;
  color: var(--text); background: var(--page); overflow-wrap: break-word;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 2.5rem 0 0.6rem; }
p { margin: 0 0 0.8rem; max-width: 42rem; white-space: pre-line; }
.scroll { overflow-x: auto; margin: 0.5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.4rem 0.9rem; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0.5rem; }
tbody th { font-weight: normal; white-space: normal; min-width: 10rem; }
thead th { color: var(--quiet); font-size: 0.85rem; font-weight: 600; }
thead { border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--band); }
.caption, figcaption { color: var(--quiet); font-size: 0.9rem; max-width: 42rem; }
figure { margin: 0.5rem 0 1.2rem; overflow-x: auto; }
/* On a phone a wide picture scrolls rather than shrink until nothing can be read. */
figure img {
  display: block; max-width: max(100%, 28rem); height: auto; margin-bottom: 0.5rem;
}
figure.images img {
  background: #fff; padding: 0.4rem; border: 1px solid var(--line); border-radius: 6px;
}
.pictures { display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; }
.pictures figure { margin: 0; width: 6rem; overflow: visible; }
.pictures figcaption { font-size: 0.8rem; line-height: 1.3; white-space: pre-line; }
.pictures img { max-width: 100%; image-rendering: pixelated; margin-bottom: 0.2rem; }
@media print { section { break-inside: avoid; } }
"""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""
