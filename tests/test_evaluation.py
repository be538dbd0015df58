"""Reports of a recogniser, tables and contact sheets."""

import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free

NAMES = tuple("あいうえ")
TRUE = [0, 0, 0, 1, 1, 2]
READ = [0, 0, 1, 1, 0, 3]


class TestClassificationReport:
    def test_known_answer(self):
        report = evaluation.classification_report(NAMES, TRUE, READ)
        assert report["images"] == 6
        assert report["accuracy"] == pytest.approx(3 / 6)
        a, i = report["characters"]["あ"], report["characters"]["い"]
        assert a == pytest.approx(
            {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "support": 3}
        )
        assert i == pytest.approx(
            {"precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2, "support": 2}
        )
        zero = {"precision": 0, "recall": 0, "f1": 0, "support": 1}
        assert report["characters"]["う"] == zero
        assert report["characters"]["え"] == {**zero, "support": 0}
        # え was read and never written: it has no F1 of its own.
        assert report["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
        assert report["macro_characters"] == 3

    def test_macro_over_a_subset_leaves_the_accuracy_alone(self):
        report = evaluation.classification_report(NAMES, TRUE, READ, macro_over="いえ")
        assert report["macro_f1"] == pytest.approx(1 / 2)
        assert report["macro_characters"] == 1
        assert report["macro_absent"] == ["え"]
        assert report["accuracy"] == pytest.approx(3 / 6)

    def test_characters_neither_written_nor_read_are_not_listed(self):
        report = evaluation.classification_report(NAMES, [0], [0])
        assert list(report["characters"]) == ["あ"]
        assert report["macro_f1"] == 1

    def test_takes_a_character_set(self, characters):
        report = evaluation.classification_report(characters, [5], [0])
        assert set(report["characters"]) == {"あ", "く"}

    @pytest.mark.parametrize(
        ("true", "read", "macro_over", "sentence"),
        [
            ([], [], None, "no image"),
            ([0, 1], [0], None, "2 true and 1 predicted"),
            ([0, 4], [0, 1], None, "true class 4 is outside the set of 4"),
            ([0, 1], [0, -1], None, "read class -1 is outside"),
            ([0.0, 1.0], [0, 1], None, "one integer for every image"),
            ([[0], [1]], [0, 1], None, r"shape \(2, 1\)"),
            ([0, 1], [0, 1], "漢", "'漢', which is outside"),
            ([0, 1], [0, 1], "うえ", "None of the characters"),
        ],
    )
    def test_mistakes(self, true, read, macro_over, sentence):
        with pytest.raises(InputError, match=sentence):
            evaluation.classification_report(NAMES, true, read, macro_over)

    @given(
        st.lists(
            st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30
        )
    )
    def test_accuracy_is_the_recall_weighted_by_support(self, pairs):
        true, read = zip(*pairs, strict=True)
        report = evaluation.classification_report(NAMES, true, read)
        scores = report["characters"].values()
        assert sum(s["support"] for s in scores) == len(pairs)
        weighted = sum(s["recall"] * s["support"] for s in scores) / len(pairs)
        assert report["accuracy"] == pytest.approx(weighted)
        assert 0 <= report["macro_f1"] <= 1


class TestFiles:
    def test_report_round_trip(self, tmp_path):
        report = evaluation.classification_report(NAMES, TRUE, READ)
        file = tmp_path / "new" / "report.json"
        evaluation.write_report(file, report)
        assert json.loads(file.read_text(encoding="utf-8")) == report
        assert "あ" in file.read_text(encoding="utf-8")
        assert list(file.parent.iterdir()) == [file]

    def test_predictions_round_trip_with_awkward_names(self, tmp_path):
        file = tmp_path / "predictions.csv"
        rows = [('a, "b".png', "あ", "い", 0.25), ("線\n.png", "う", "う", 1.0)]
        evaluation.write_predictions(file, rows)
        with open(file, encoding="utf-8", newline="") as stream:
            header, *lines = csv.reader(stream)
        assert header == ["path", "true", "predicted", "probability"]
        assert [(*line[:3], float(line[3])) for line in lines] == rows

    def test_a_failure_leaves_the_former_file_and_nothing_beside_it(self, tmp_path):
        file = tmp_path / "report.json"
        evaluation.write_report(file, {"accuracy": 0.5})
        with pytest.raises(UnicodeEncodeError):
            evaluation.write_report(file, {"accuracy": "\ud800"})
        assert json.loads(file.read_text()) == {"accuracy": 0.5}
        assert list(tmp_path.iterdir()) == [file]


class TestArms:
    RESULTS = {
        "few": [{"accuracy": a, "macro_f1": a / 2} for a in (0.5, 0.6, 0.7)],
        "fonts": [{"accuracy": 0.9, "macro_f1": 0.8}],
    }

    def test_mean_and_deviation_over_seeds(self):
        few, fonts = evaluation.summarise_arms(self.RESULTS)
        assert few == pytest.approx(
            {
                "arm": "few",
                "seeds": 3,
                "accuracy_mean": 0.6,
                "accuracy_std": 0.1,
                "macro_f1_mean": 0.3,
                "macro_f1_std": 0.05,
            }
        )
        assert fonts["accuracy_mean"] == 0.9
        assert fonts["accuracy_std"] is None

    def test_an_arm_without_a_result(self):
        with pytest.raises(InputError, match="'few' has no result"):
            evaluation.summarise_arms({"few": []})

    def test_text(self):
        table = evaluation.arms_table(evaluation.summarise_arms(self.RESULTS))
        assert evaluation.text_table(*table).splitlines() == [
            "Trained on      Accuracy %    Macro-F1 %    Seeds",
            "------------  ------------  ------------  -------",
            "few            60.0 ± 10.0    30.0 ± 5.0        3",
            "fonts                 90.0          80.0        1",
        ]


def test_text_table_lines_up_wide_characters():
    text = evaluation.text_table(["", "F1"], [["あ", 1.0], ["ab", None]])
    assert text.splitlines() == ["      F1", "--  ----", "あ   1.0", "ab     –"]
    text = evaluation.text_table(["", "F1"], [["あ", "é|"]], left=(0, 1))
    assert text.splitlines() == ["    F1", "--  ----", "あ  é|"]


def test_text_table_with_a_cell_too_few():
    with pytest.raises(InputError, match="1 cells and the header has 2"):
        evaluation.text_table(["a", "b"], [["only"]])


def test_report_text_names_the_worst_characters_first():
    report = evaluation.classification_report(NAMES, TRUE, READ)
    text = evaluation.report_text(report, worst=3)
    assert "Accuracy 50.0 % over 6 images" in text
    assert [line[0] for line in text.splitlines()[-3:]] == ["う", "え", "い"]


def constant(count, value, size=16):
    return np.full((count, size, size), value, np.uint8)


class TestContactSheet:
    def test_images_stand_under_their_heading_in_order(self):
        sheet = evaluation.contact_sheet(
            {"content": constant(2, 10), "style": constant(2, 40)}, cell_size=64
        )
        pixels = np.asarray(sheet)
        assert sheet.mode == "L"
        assert np.count_nonzero(pixels == 10) == 2 * 64 * 64
        assert np.count_nonzero(pixels == 40) == 2 * 64 * 64
        content, style = (np.nonzero(pixels == value)[1] for value in (10, 40))
        assert content.max() < style.min()
        heading = pixels[: np.nonzero(pixels == 10)[0].min() - 4]
        assert heading.min() < 128

    def test_blocks_stand_side_by_side_and_show_every_image_once(self):
        images = np.concatenate([constant(1, value) for value in (10, 20, 30)])
        narrow = evaluation.contact_sheet({"a": images}, cell_size=16)
        wide = evaluation.contact_sheet({"a": images}, cell_size=16, blocks=2)
        assert wide.width > narrow.width
        assert wide.height < narrow.height
        pixels = np.asarray(wide)
        for value in (10, 20, 30):
            assert np.count_nonzero(pixels == value) == 16 * 16
        assert np.nonzero(pixels == 30)[1].min() > np.nonzero(pixels == 20)[1].max()

    def test_a_long_heading_is_not_cut(self):
        short = evaluation.contact_sheet({"a": constant(1, 0)}, cell_size=16)
        long = evaluation.contact_sheet({"a long heading": constant(1, 0)}, 16)
        assert long.width > short.width + 40

    def test_enlarging_adds_no_grey(self):
        image = np.where(np.eye(8, dtype=bool), 0, 255).astype(np.uint8)[None]
        pixels = np.asarray(evaluation.grid(image, columns=1, cell_size=32))[1:-1, 1:-1]
        assert set(np.unique(pixels)) == {0, 255}

    @pytest.mark.parametrize(
        ("columns", "sentence"),
        [
            ({}, "one column"),
            ({"a": constant(2, 0), "b": constant(3, 0)}, "'a': 2, 'b': 3"),
            ({"a": constant(0, 0)}, "'a' have shape"),
            ({"a": constant(2, 0).astype(float)}, "float64"),
            ({"a": constant(2, 0)[0]}, r"\(16, 16\)"),
        ],
    )
    def test_mistakes(self, columns, sentence):
        with pytest.raises(InputError, match=sentence):
            evaluation.contact_sheet(columns)


class TestGrid:
    def test_places_images_row_by_row(self):
        images = np.stack([constant(1, 10 * i, 8)[0] for i in range(1, 6)])
        pixels = np.asarray(evaluation.grid(images, columns=3))
        assert pixels.shape == (2 * 9 + 1, 3 * 9 + 1)
        assert pixels[4, 4] == 10
        assert pixels[4, 22] == 30
        assert pixels[13, 13] == 50
        assert pixels[13, 22] == 255

    def test_columns_below_one(self):
        with pytest.raises(InputError, match="0 columns"):
            evaluation.grid(constant(2, 0), columns=0)


class TestCaptionedGrid:
    def test_images_of_several_sizes_are_fitted_below_their_captions(self):
        wide = np.zeros((4, 8), np.uint8)
        cells = [("a", constant(1, 0, 8)[0]), ("", None), ("b\nc", wide)]
        pixels = np.asarray(evaluation.captioned_grid(cells, columns=2, cell_size=16))
        assert pixels.shape[1] == 2 * (16 + 4) + 4
        height = (pixels.shape[0] - 4) // 2  # of a row
        text = height - 16 - 4
        first, second = pixels[4 : 4 + height], pixels[4 + height :]
        assert first[:text, 4:20].min() < 128 and first[:text, 24:40].min() > 128
        assert (first[text : text + 16, 4:20] == 0).all()
        assert (first[text : text + 16, 24:40] == 255).all()
        assert (second[text + 4 : text + 12, 4:20] == 0).all()
        assert (second[text : text + 4, 4:20] == 255).all()

    def test_an_image_may_have_colours(self):
        red = np.zeros((4, 4, 3), np.uint8)
        red[..., 0] = 255
        cells = [("a", red), ("b", constant(1, 0, 8)[0])]
        sheet = evaluation.captioned_grid(cells, columns=2, cell_size=16)
        assert sheet.mode == "RGB"
        below = np.asarray(sheet)[-20:-4]
        assert (below[:, 4:20] == [255, 0, 0]).all()
        assert (below[:, 24:40] == 0).all()

    def test_a_caption_is_cut_where_the_next_begins(self):
        def sheet(*captions):
            cells = [(caption, None) for caption in captions]
            return np.asarray(evaluation.captioned_grid(cells, 3, 16))

        empty, long = sheet("", "", "end"), sheet("long " * 9, "", "end")
        assert (long[:, 24:40] < empty[:, 24:40]).any()
        np.testing.assert_array_equal(long[:, 44:], empty[:, 44:])
