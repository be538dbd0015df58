"""The character set `japanese`: its order, structures, drawings, places and texts."""

import pathlib
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import hwgen_keras as hw
from hwgen_keras.characters.sets import LATIN, MARKS, OTHER_KANA
from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import SMALL_KANA, keeps_place

pytestmark = pytest.mark.backend_free

PAGE = pathlib.Path(__file__).parent.parent / "docs" / "reference" / "characters.md"
SMALL_AND_LARGE = [
    (small, unicodedata.lookup(unicodedata.name(small).replace("SMALL ", "")))
    for small in OTHER_KANA
    if small in SMALL_KANA
]
JIS1, JAPANESE = map(hw.character_set, ("jis1", "japanese"))


@pytest.fixture(scope="module")
def font(tiny_font):
    return hw.find_fonts(tiny_font)[0]


def ink_box(image):
    """Top, bottom, left and right of the ink."""
    rows, columns = np.nonzero(image < 128)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


class TestSet:
    def test_jis1_comes_first_and_all_others_once(self):
        assert JAPANESE.name == "japanese" and len(JAPANESE) == 3219
        assert JAPANESE.characters[:3057] == JIS1.characters
        assert len(set(JAPANESE)) == 3219
        assert JAPANESE.characters[3057:] == OTHER_KANA + MARKS + LATIN

    def test_every_kana_of_unicode_is_in_it(self):
        blocks = [*range(0x3041, 0x30A0), *range(0x30A1, 0x3100)]
        kana = [chr(k) for k in blocks if " LETTER " in unicodedata.name(chr(k), "")]
        assert len(kana) == 176 and all(c in JAPANESE for c in kana)

    def test_sentences_can_be_written(self):
        text = "「ヴァイオリンを、３日〜ゑ々…ぱっと（Ｂ〆）」と？！・。ゕヵー『9aZ』"
        assert all(c in JAPANESE for c in hw.normalise_text(text))

    def test_the_page_lists_it_exactly(self):
        listed = re.findall(r"```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        assert tuple("".join(listed[0].split())) == JAPANESE.characters

    def test_file_and_store_keep_it(self, tmp_path):
        hw.CharacterSet("x", JAPANESE)
        path = tmp_path / "set.txt"
        path.write_text("\n".join(JAPANESE) + "\n", encoding="utf-8")
        assert hw.character_set(path) == JAPANESE
        few = hw.CharacterSet("few", JAPANESE.characters[-6:] + tuple("。っ！「"))
        store = hw.simulated_store([1], few, 32, progress=False)
        store.save(tmp_path / "few.store")
        opened = hw.ImageStore.open(tmp_path / "few.store")
        assert opened.characters == few
        relabelled = opened.relabel(JAPANESE)
        assert [JAPANESE[k] for k in relabelled.labels] == list(few)


class TestStructures:
    tokenizer = hw.StructureTokenizer.for_characters(JAPANESE)

    def test_every_character_has_its_own(self):
        ids = self.tokenizer.encode(list(JAPANESE))
        assert len(np.unique(ids, axis=0)) == len(JAPANESE)
        assert not (ids == 1).any()  # [UNK]

    def test_the_ids_of_jis1_stay(self):
        old = hw.StructureTokenizer(hw.read_structures())
        assert hw.StructureTokenizer.for_characters(JIS1).vocabulary == old.vocabulary
        count = old.vocabulary_size
        assert self.tokenizer.vocabulary[:count] == old.vocabulary
        assert self.tokenizer.length == old.length
        jis1 = list(JIS1)
        np.testing.assert_array_equal(self.tokenizer.encode(jis1), old.encode(jis1))

    def test_marks_are_parts_of_their_kana(self):
        assert self.tokenizer.structures["ぱ"] == (("⿰", "は", "゜"),)
        assert self.tokenizer.structures["ヺ"] == (("⿰", "ヲ", "゛"),)
        assert self.tokenizer.structures["っ"] == (("っ",),)
        assert hw.explain("が").splitlines()[1:] == ["  left: か", "  right: ゛"]

    def test_a_file_of_structures_stands_alone(self, tmp_path):
        path = tmp_path / "own.tsv"
        path.write_text("あ\tあ\n", encoding="utf-8")
        tokenizer = hw.StructureTokenizer.for_characters(JAPANESE, path)
        assert list(tokenizer.structures) == ["あ"]


class TestDrawings:
    def test_pens_write_all_and_a_font_draws_all(self, font):
        pen = hw.PenWriter(3)
        new = OTHER_KANA + MARKS + LATIN
        assert all(map(pen.covers, JAPANESE)) and all(map(font.covers, JAPANESE))
        for image in map(lambda c: pen.draw(c, 32), new):
            assert 2 < (image < 128).sum() < 700

    def test_small_kana_are_smaller_and_lower(self, font):
        assert len(SMALL_AND_LARGE) == 24
        for draw in (font.render, hw.PenWriter(1).draw, hw.PenWriter(7).draw):
            for pair in SMALL_AND_LARGE:
                small, large = (ink_box(draw(c, 64)) for c in pair)
                sides = [
                    max(box[1] - box[0], box[3] - box[2]) for box in (small, large)
                ]
                assert sides[0] < 0.82 * sides[1], pair
                assert small[0] > large[0] and small[0] + small[1] > 66, pair

    @pytest.mark.parametrize("seed", [None, 1, 7])
    def test_marks_and_letters_stand_where_they_belong(self, font, seed):
        draw = font.render if seed is None else hw.PenWriter(seed).draw
        boxes = {c: ink_box(draw(c, 96, margin=0.0)) for c in MARKS + LATIN}
        middle = {
            c: (sum(box[:2]) / 192, sum(box[2:]) / 192) for c, box in boxes.items()
        }
        for mark in "、。":
            assert middle[mark][0] > 0.65 and middle[mark][1] < 0.4
        assert all(middle[c][1] > 0.5 for c in "「『（")
        assert all(middle[c][1] < 0.5 for c in "」』）")
        assert middle["「"][0] < 0.5 < middle["」"][0]
        for mark in "・…〜":
            assert middle[mark] == pytest.approx((0.5, 0.5), abs=0.12)
        heights = {c: b - t for c, (t, b, _, _) in boxes.items()}
        assert heights["o"] < 0.75 * heights["O"]
        assert heights["x"] < 0.75 * heights["X"]
        # An ascender, and a descender.
        assert heights["b"] > 1.15 * heights["a"]
        assert boxes["p"][1] > boxes["o"][1]

    def test_scans_keep_the_place_of_what_has_one(self, tmp_path):
        characters = hw.CharacterSet("two", "っつ")
        drawn = [hw.PenWriter(1).draw(c, 96, margin=0.0) for c in characters]
        store = hw.array_store(
            np.stack(drawn), [0, 1], 0, hw.HANDWRITING, ["Hanako"], characters
        )
        store.save(tmp_path / "scans.store")
        samples = [
            hw.Sample(c, tmp_path / "scans.store", "H", k) for k, c in enumerate("っつ")
        ]
        cleaned = hw.manifest_store(samples, characters, 96, progress=False)
        small, large = map(ink_box, cleaned.decode([0, 1]))
        assert np.abs(np.subtract(small, ink_box(drawn[0]))).max() <= 2
        assert max(large) == 96
        # A file has the margin that boxes have.
        Image.fromarray(hw.PenWriter(1).draw("っ", 96, margin=0.08)).save(
            tmp_path / "っ.png"
        )
        samples = [hw.Sample("っ", tmp_path / "っ.png", "H")]
        (image,) = hw.manifest_store(samples, characters, 96, progress=False).decode(
            [0]
        )
        assert np.abs(np.subtract(small, ink_box(image))).max() <= 2

    def test_a_box_that_is_no_square_is_padded(self):
        scan = np.full((60, 100), 230, np.uint8)
        scan[40:50, 10:20] = 40
        image = hw.clean_image(scan, 100, margin=0.0, box_margin=0.0)
        assert np.abs(np.subtract(ink_box(image), (60, 70, 10, 20))).max() <= 1
        turned = hw.clean_image(255 - scan, 100, 0.1, box_margin=0.0)
        assert np.abs(np.subtract(ink_box(turned), (58, 66, 18, 26))).max() <= 1


class TestText:
    @given(st.text(), st.text(max_size=3))
    def test_normalising_again_changes_nothing(self, text, keep):
        once = hw.normalise_text(text, keep)
        assert hw.normalise_text(once, keep) == once

    @given(st.text(alphabet=st.sampled_from(JAPANESE.characters)))
    def test_the_set_stays(self, text):
        assert hw.normalise_text(text) == text

    @given(st.text(st.sampled_from([chr(k) for k in range(0xFF10, 0xFFA0)])))
    def test_what_is_kept_stays(self, text):
        assert hw.normalise_text(text, keep=text) == text

    def test_other_widths_are_in_the_set(self):
        wide = "".join(chr(0xFEE0 + ord(c)) for c in LATIN)
        assert hw.normalise_text(wide) == "".join(LATIN)
        half = "".join(map(chr, range(0xFF61, 0xFF9E)))
        assert all(c in JAPANESE for c in hw.normalise_text(half))
        assert hw.normalise_text("ｶﾞｯﾂ｡か\u3099(ﾊﾟ)!?～") == "ガッツ。が（パ）！？〜"

    def test_no_text_is_an_error(self):
        with pytest.raises(InputError, match="The text is 5; give a string"):
            hw.normalise_text(5)


def test_size_and_place_count_where_they_tell_characters_apart():
    kept = {c for c in JAPANESE if keeps_place(c)}
    small = {c for c, _ in SMALL_AND_LARGE}
    letters = set(LATIN[36:])
    assert kept == small | letters | set("、。「」『』（）・！？〜…")
