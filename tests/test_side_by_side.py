"""Recognisers side by side, character by character."""

import csv
import html.parser

import numpy as np
import pytest

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

CHARACTERS = "あいう<"
# No image shows う; the last character would be a tag in a page.
TRUE = np.array([0] * 4 + [1] * 3 + [3] * 2)
READ = {
    "real & only": [[0, 0, 0, 1, 1, 1, 2, 3, 3]],
    "more": [[0, 0, 0, 0, 0, 1, 1, 3, 0], [0, 0, 0, 0, 0, 0, 0, 3, 0]],
    "all": [[0, 0, 0, 0, 1, 1, 1, 3, 3]],
}


def reports(names=tuple(READ)):
    return {
        name: [
            evaluation.classification_report(CHARACTERS, TRUE, np.array(read))
            for read in READ[name]
        ]
        for name in names
    }


class Rows(html.parser.HTMLParser):
    """The rows of all tables of a page, lists of texts, and the other text."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.cell, self.text = [], None, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.cell = True

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = None

    def handle_data(self, data):
        if self.cell:
            self.rows[-1][-1] += data
        self.text += data


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_character_and_arm():
    rows = evaluation.characters_by_arm(reports())
    assert [row["character"] for row in rows] == ["あ", "い", "<"]
    assert [row["images"] for row in rows] == [4, 3, 2]
    first, second, third = (row["arms"] for row in rows)
    assert first["real & only"] == {
        **{"right": 3, "accuracy": 0.75, "accuracy_std": None, "difference": 0}
    }
    assert first["more"] == {
        **{"right": 4, "accuracy": 1, "accuracy_std": 0, "difference": 0.25}
    }
    # Of い the seeds read two and none of three.
    assert second["more"] == pytest.approx(
        {
            **{"right": 1, "accuracy": 1 / 3, "accuracy_std": 2 / 3 / 2**0.5},
            "difference": -1 / 3,
        }
    )
    # Not to the arm before, but to the first.
    assert second["all"]["difference"] == pytest.approx(1 / 3)
    assert third["all"]["difference"] == 0


def test_the_csv_has_all_numbers_in_the_order_of_the_set(tmp_path):
    results = reports()
    evaluation.write_side_by_side(tmp_path / "characters", results, "Title")
    rows = read_csv(tmp_path / "characters.csv")
    assert [row["character"] for row in rows] == ["あ", "い", "<"]
    for row, expected in zip(rows, evaluation.characters_by_arm(results), strict=True):
        assert int(row.pop("images")) == expected["images"]
        assert row.pop("character") == expected["character"]
        scores = {
            f"{arm} {measure}": value
            for arm, measures in expected["arms"].items()
            for measure, value in measures.items()
        }
        assert list(row) == list(scores)
        for name, value in scores.items():
            if value is None:
                assert row[name] == ""
            else:
                assert float(row[name]) == pytest.approx(value, abs=1e-6)


def test_the_page_begins_with_the_largest_difference(tmp_path):
    evaluation.write_side_by_side(tmp_path / "characters", reports(), "Title <1>")
    page = Rows((tmp_path / "characters.html").read_text(encoding="utf-8"))
    assert "Title <1>" in page.text and "difference to real & only" in page.text
    arms, characters = page.rows[:4], page.rows[4:]
    assert arms[0] == ["Trained on", "Accuracy %", "Macro-F1 %", "Seeds"]
    assert [row[0] for row in arms[1:]] == list(READ)
    assert characters == [
        ["Character", "Images", *READ, "Δ more", "Δ all"],
        ["い", "3", "66.7", "33.3 ± 47.1", "100.0", "-33.3", "33.3"],
        ["<", "2", "100.0", "50.0 ± 0.0", "100.0", "-50.0", "0.0"],
        ["あ", "4", "75.0", "100.0 ± 0.0", "100.0", "25.0", "25.0"],
    ]


def test_with_one_arm_what_it_reads_worst_comes_first(tmp_path):
    results = reports(["real & only"])
    evaluation.write_side_by_side(tmp_path / "characters", results, "Title")
    page = Rows((tmp_path / "characters.html").read_text(encoding="utf-8"))
    assert page.rows[2:] == [
        ["Character", "Images", "real & only"],
        ["い", "3", "66.7"],
        ["あ", "4", "75.0"],
        ["<", "2", "100.0"],
    ]
    assert "Δ" not in page.text and "reads worst come first" in page.text


def test_other_test_images_and_none():
    with pytest.raises(InputError, match="no result to compare; give an arm or more"):
        evaluation.characters_by_arm({})
    other = evaluation.classification_report(CHARACTERS, TRUE[1:], TRUE[1:])
    with pytest.raises(InputError, match="of other test images; read the same ones"):
        evaluation.characters_by_arm({**reports(), "other": [other]})
