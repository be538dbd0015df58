"""Statistics over seeds, plots of arms, and what changed between two arms."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


class TestIntervals:
    def test_known_answer(self):
        # t(0.975; 2) = 4.302653; the deviation of the three is 0.1.
        mean, half = evaluation.mean_interval([0.8, 1.0, 0.9])
        assert mean == pytest.approx(0.9)
        assert half == pytest.approx(4.302653 * 0.1 / math.sqrt(3), rel=1e-6)

    def test_a_single_seed_has_no_interval(self):
        assert evaluation.mean_interval([0.5]) == (0.5, None)
        reduction, half = evaluation.error_reduction([0.5], [0.75])
        assert (reduction, half) == (pytest.approx(0.5), None)

    def test_errors_fewer_paired_by_seed(self):
        # Differences 0.1 and 0.02: mean 0.06, deviation 0.04 √2; mean error 0.15.
        reduction, half = evaluation.error_reduction([0.8, 0.9], [0.9, 0.92])
        assert reduction == pytest.approx(0.4)
        # t(0.975; 1) = 12.706205
        assert half == pytest.approx(12.706205 * 0.04 / 0.15, rel=1e-6)
        worse, _ = evaluation.error_reduction([0.9, 0.9], [0.8, 0.8])
        assert worse == pytest.approx(-1)

    def test_without_errors_none_can_be_fewer(self):
        assert evaluation.error_reduction([1, 1], [1, 0.9]) == (None, None)

    def test_other_images_would_tell_otherwise(self):
        # Wilson: 90 of 100 is between 0.8256 and 0.9448.
        half = evaluation.chance_interval(0.9, 100)
        assert half == pytest.approx((0.9448 - 0.8256) / 2, abs=1e-4)

    def test_mistakes(self):
        with pytest.raises(InputError, match="no result to average"):
            evaluation.mean_interval([])
        with pytest.raises(InputError, match="1 and 2 seeds"):
            evaluation.error_reduction([0.5], [0.5, 0.6])


class TestChanges:
    # Two seeds, five images.
    BEFORE = np.array([[1, 0, 1, 0, 1], [1, 0, 0, 0, 1]], bool)
    AFTER = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0]], bool)

    def test_the_largest_changes_of_images_come_first(self):
        better, worse = evaluation.changed_images(self.BEFORE, self.AFTER, 9)
        assert better == [1, 2, 3]
        assert worse == [4, 0]
        assert evaluation.changed_images(self.BEFORE, self.AFTER, 1) == ([1], [4])

    def test_arms_may_have_other_numbers_of_seeds(self):
        better, worse = evaluation.changed_images(self.BEFORE, self.AFTER[:1], 9)
        assert (better, worse) == ([1, 2], [4])

    def test_characters(self):
        rows = evaluation.changed_characters([7, 7, 2, 2, 2], self.BEFORE, self.AFTER)
        assert [row["label"] for row in rows] == [7, 2]
        assert rows[0] == pytest.approx(
            {"label": 7, "images": 2, "before": 0.5, "after": 0.75, "change": 0.25}
        )
        assert rows[1]["change"] == pytest.approx(0)

    def test_counts_are_no_readings(self):
        with pytest.raises(InputError, match="give bool"):
            evaluation.changed_images([[1, 2]], [[1, 2]], 1)


ARMS = {"real": [(50.0, 2.0), None], "fonts": [(90.0, None), (95.0, 1.0)]}


class TestPlots:
    def test_a_line_an_arm_with_its_band(self):
        arms = {**ARMS, "more": [(60.0, 5.0), (70.0, 1.0)]}
        figure = evaluation.plot_amounts([1, 3], arms, "real writers")
        (axes,) = figure.axes
        assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "3"]
        (band, other) = (c for c in axes.collections if c.get_alpha())
        low, high = other.get_paths()[0].get_extents().get_points()[:, 1]
        assert (low, high) == (55, 71)
        legend = [text.get_text() for text in figure.legends[0].get_texts()]
        assert legend == list(arms)
        figure.savefig(io.BytesIO())

    def test_a_bar_an_arm_and_a_panel_an_amount(self):
        arms = {"a": [(10.0, 3.0), (-5.0, None)], "b": [(None, None), None]}
        figure = evaluation.plot_reductions(["1 writer", "3 writers"], arms)
        first, second = figure.axes
        assert [first.get_title(), second.get_title()] == ["1 writer", "3 writers"]
        (bar,) = first.patches
        assert bar.get_width() == 10
        (bar,) = second.patches
        assert bar.get_width() == -5
        figure.savefig(io.BytesIO())

    def test_mistakes(self):
        with pytest.raises(InputError, match="no arm to plot"):
            evaluation.plot_amounts([1], {}, "writers")
        with pytest.raises(InputError, match="no arm to plot"):
            evaluation.plot_reductions(["1"], {})


def test_a_table_in_markdown():
    text = evaluation.markdown_table(["a", "b"], [["x|y", (1.25, 0.5)], ["z", None]])
    assert text.splitlines() == [
        "| a    |         b |",
        "|:-----|----------:|",
        "| x\\|y | 1.2 ± 0.5 |",
        "| z    |         – |",
    ]
    text = evaluation.markdown_table(["a", "b"], [["x", "y"]], left=range(2))
    assert text.splitlines()[1] == "|:----|:----|"


def test_pictures_stand_side_by_side_with_captions(tmp_path):
    picture = Image.new("L", (4, 4), 255)
    section = evaluation.Pictures([(picture, "か <→ な")] * 2, "Changed", "Two.")
    evaluation.write_html(tmp_path / "page.html", "title", [section])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 2
    assert "<figcaption>か &lt;→ な</figcaption>" in page
    assert "Two." in page
