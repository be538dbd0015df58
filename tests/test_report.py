"""Curves of training, and the HTML page that holds everything."""

import base64
import html.parser
import io
import math
import re

import numpy as np
import pytest
from PIL import Image

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


class TestCurves:
    HISTORIES = {
        "first": {"step": [0, 1, 2], "loss": [3, 2, math.nan], "accuracy": [0, 0.5, 1]},
        "second": {"step": [0], "loss": [4]},
    }

    def test_a_panel_a_metric_and_a_line_a_run(self):
        figure = evaluation.plot_curves(self.HISTORIES)
        assert [axes.get_title() for axes in figure.axes] == ["loss", "accuracy"]
        loss, accuracy = figure.axes
        assert len(loss.get_lines()) == 2
        (line,) = accuracy.get_lines()
        np.testing.assert_array_equal(line.get_xydata(), [[0, 0], [1, 0.5], [2, 1]])
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == ["first", "second"]

    def test_a_run_keeps_its_colour_in_every_panel(self):
        histories = {"one": {"step": [0, 1], "loss": [1, 2]}, **self.HISTORIES}
        loss, accuracy = evaluation.plot_curves(histories).axes
        (line,) = accuracy.get_lines()
        assert line.get_color() == loss.get_lines()[1].get_color()

    def test_draws_without_a_screen(self):
        picture = io.BytesIO()
        evaluation.plot_curves(self.HISTORIES, metrics=["loss"]).savefig(picture)
        assert np.asarray(Image.open(picture).convert("L")).min() < 128

    @pytest.mark.parametrize(
        ("histories", "metrics", "sentence"),
        [
            ({}, None, "no curve"),
            ({"a": {"step": [1]}}, None, "no curve"),
            ({"a": {"loss": [1]}}, None, "'a' has no list 'step'"),
            ({"a": {"step": [1, 2], "loss": [1]}}, None, "2 steps and 1 values"),
            ({"a": {"step": [1], "loss": [1]}}, ["los"], "'los'; choose from loss"),
        ],
    )
    def test_mistakes(self, histories, metrics, sentence):
        with pytest.raises(InputError, match=sentence):
            evaluation.plot_curves(histories, metrics)


class Page(html.parser.HTMLParser):
    """The tags of a page, checked to be closed in order, and its text."""

    VOID = {"meta", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.sources, self.text = [], [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attributes = dict(attrs)
        self.sources += [
            attributes[key] for key in ("src", "href") if key in attributes
        ]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


class TestHtml:
    def write(self, tmp_path, *sections, title="Title"):
        file = tmp_path / "report.html"
        evaluation.write_html(file, title, sections)
        return file.read_text(encoding="utf-8")

    def test_is_whole_and_needs_no_other_file(self, tmp_path):
        picture = evaluation.grid(np.zeros((2, 16, 16), np.uint8), 2)
        curves = evaluation.plot_curves(TestCurves.HISTORIES)
        text = self.write(
            tmp_path,
            evaluation.Text("First.\n\nSecond.", heading="Words"),
            evaluation.Table(["a", "b"], [["x", 1]], caption="A table."),
            evaluation.Figure(picture, caption="Pixels."),
            evaluation.Figure(curves, caption="Lines."),
        )
        page = Page(text)
        assert page.tags.count("p") == 3
        assert page.tags.count("figcaption") == 2
        png, svg = page.sources
        embedded = Image.open(io.BytesIO(base64.b64decode(png.split(",")[1])))
        np.testing.assert_array_equal(np.asarray(embedded), np.asarray(picture))
        assert svg.startswith("data:image/svg+xml;base64,")
        assert base64.b64decode(svg.split(",")[1]).rstrip().endswith(b"</svg>")
        assert not re.search(r"url\(|@import|<script", text)

    def test_escapes_everything(self, tmp_path):
        evil = "<b>\"&'</b>"
        text = self.write(
            tmp_path,
            evaluation.Text(evil, heading=evil),
            evaluation.Table([evil, evil], [[evil, evil]], heading=evil, caption=evil),
            evaluation.Figure(Image.new("L", (4, 4)), heading=evil, caption=evil),
            evaluation.Figure(Image.new("L", (4, 4)), description=evil),
            title=evil,
        )
        page = Page(text)
        assert "b" not in page.tags
        assert page.text.count(evil) == 2 + 2 + 6 + 2

    def test_the_best_values_are_bold(self, tmp_path):
        rows = [
            ["x", (90.04, 1.0), 3.0, "no"],
            ["y", (90.01, None), 2.0, 4],
            ["z", (80.0, 1.0), None, math.nan],
        ]
        best = {1: "max", 2: "min", 3: "max"}
        table = evaluation.Table(["", "a", "b", "c"], rows, best=best)
        text = self.write(tmp_path, table)
        # 90.04 and 90.01 both read 90.0: neither is better.
        bold = re.findall("<strong>(.*?)</strong>", text)
        assert bold == ["90.0 ± 1.0", "90.0", "2.0", "4"]

    def test_the_same_sections_give_the_same_bytes(self, tmp_path):
        def written():
            curves = evaluation.plot_curves(TestCurves.HISTORIES)
            return self.write(tmp_path, evaluation.Figure(curves))

        assert written() == written()

    @pytest.mark.parametrize(
        ("section", "error"),
        [
            (evaluation.Table(["a", "b"], [["x"]]), InputError),
            (evaluation.Table(["a", "b"], [["x", 1]], best={1: "most"}), InputError),
            (evaluation.Figure("picture.png"), TypeError),
            ("text", TypeError),
        ],
    )
    def test_mistakes_leave_no_file(self, tmp_path, section, error):
        with pytest.raises(error):
            self.write(tmp_path, section)
        assert list(tmp_path.iterdir()) == []
