"""Character sets, their packaged structure, and token ids."""

import collections
import importlib.metadata
import json
import pathlib
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structures import COMPONENTS, OPERATORS, structure_tables

from hwgen_keras.characters import (
    SCRIPTS,
    TWINS,
    CharacterSet,
    StructureTokenizer,
    character_set,
    derive,
    explain,
    kanjivg,
    read_structures,
    script_of,
    structure,
    twins_of,
)
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


@pytest.fixture(scope="module")
def packaged():
    return read_structures()


# Character sets


@pytest.mark.parametrize(
    ("name", "size"), [("kana", 92), ("etl8", 973), ("jis1", 3057)]
)
def test_named_sets_have_their_sizes_and_order(name, size):
    characters = character_set(name)
    assert len(characters) == len(set(characters)) == size
    assert "".join(characters[:5]) == "あいうえお"
    assert "".join(characters[46:51]) == "アイウエオ"
    assert not set("ぁっゃゐゑヰヱヴ") & set(characters)
    jis_codes = [character.encode("euc_jp") for character in characters[92:]]
    assert jis_codes == sorted(jis_codes)


def test_larger_sets_contain_the_smaller_ones():
    kana, etl8, jis1 = map(character_set, ("kana", "etl8", "jis1"))
    assert set(kana) < set(etl8) < set(jis1)
    assert jis1[92] == "亜" and jis1[-1] == "腕"


def test_etl8_follows_the_list_of_1948():
    etl8 = character_set("etl8")
    # Taken off the list in 1989; written 燈 before 1981; added in 1968 and 1989.
    assert set("壱弐歓勧兼釈需称是俗燈") <= set(etl8)
    assert not set("灯沿姿桜枝皿") & set(etl8)


def test_index_is_the_inverse_of_position():
    etl8 = character_set("etl8")
    assert [etl8.index(character) for character in etl8] == list(range(len(etl8)))
    with pytest.raises(InputError, match="'龍' is not in the character set etl8"):
        etl8.index("龍")


@given(st.lists(st.characters(categories=["Lo"]), min_size=1, unique=True))
def test_a_text_file_gives_its_characters_in_order(tmp_path_factory, characters):
    characters = [unicodedata.normalize("NFC", character) for character in characters]
    characters = [c for c in dict.fromkeys(characters) if len(c) == 1]
    if not characters:
        return
    path = tmp_path_factory.mktemp("sets") / "私の.txt"
    path.write_text("\n\n".join(characters) + "\n", encoding="utf-8")
    assert character_set(path) == CharacterSet("私の", characters)
    assert character_set(path).name == "私の"


def test_a_text_file_is_normalised_and_may_have_windows_line_ends(tmp_path):
    path = tmp_path / "set.txt"
    path.write_bytes("\ufeffか\u3099\r\n \r\nは\r\n".encode())
    assert character_set(path).characters == ("が", "は")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("あ\nい\nあ\n".encode(), "line 3: あ is already on line 1"),
        ("か\u3099\nが\n".encode(), "line 2: が is already on line 1"),
        ("あ\n\nいう\n".encode(), "line 3: 'いう' is not one character"),
        (b"\n\n", "is empty"),
        (b"\xff\xfe\x00", "cannot be read as UTF-8"),
    ],
)
def test_the_error_of_a_bad_text_file_names_it(tmp_path, content, message):
    path = tmp_path / "set.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        character_set(str(path))
    assert str(path) in str(caught.value)


def test_an_unknown_name_lists_the_names():
    with pytest.raises(InputError, match="'jis2'; use one of kana, etl8, jis1"):
        character_set("jis2")


def test_a_set_cannot_be_empty_or_repeat_a_character():
    with pytest.raises(InputError, match="mine is empty"):
        CharacterSet("mine", "")
    with pytest.raises(InputError, match="mine lists a character twice"):
        CharacterSet("mine", "ああ")


# Structures


def test_packaged_structures_cover_the_largest_set(packaged):
    assert tuple(packaged) == character_set("jis1").characters
    kana = character_set("kana")
    assert all(packaged[character] == ((character,),) for character in kana)


def test_no_two_characters_share_a_sequence(packaged):
    owners = collections.defaultdict(set)
    for character, alternatives in packaged.items():
        assert len(set(alternatives)) == len(alternatives)
        for tokens in alternatives:
            owners[tokens].add(character)
    assert [owner for owner in owners.values() if len(owner) > 1] == []


def test_packaged_vocabulary_is_compact(packaged):
    tokenizer = StructureTokenizer(packaged)
    assert tokenizer.vocabulary_size <= 1405
    assert tokenizer.length == 13
    assert set(OPERATORS) <= set(tokenizer.vocabulary)


@pytest.mark.parametrize(
    "expected",
    """国 ⿴ 囗 玉
    道 ⿺ ⻌ 首
    病 ⿸ 疒 丙
    間 ⿵ 門 日
    区 ⿷ 匸 乂
    気 ⿹ 气 乂
    式 ⿹ 弋 工
    凶 ⿶ 凵 乂
    匠 ⿷ 匚 斤
    風 ⿵ 几 ⿱ ㇒ 虫
    勉 ⿺ 免 力
    起 ⿺ 走 己
    術 ⿴ 行 朮
    画 ⿱ 一 ⿶ 凵 由
    函 ⿶ 凵 ⿱ 一 氺
    戒 ⿹ 戈 廾
    品 ⿱ 口 ⿰ 口 口
    営 ⿳ ⺍ 冖 呂
    漏 ⿰ 氵 ⿸ 尸 雨
    歯 ⿱ 止 ⿶ 凵 米
    好 ⿰ 女 子
    末 末""".split("\n"),
)
def test_well_known_structures(packaged, expected):
    character, *tokens = expected.split()
    assert packaged[character][0] == tuple(tokens)


def test_other_printed_forms_are_alternatives(packaged):
    assert packaged["謎"] == (
        ("⿰", "言", "⿺", "辶", "米"),
        ("⿰", "言", "⿺", "⻌", "米"),
    )


def kanjivg_release():
    try:
        return importlib.metadata.version("kanjivg")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package kanjivg is not installed")


def test_deriving_again_gives_the_packaged_file(tmp_path):
    version = kanjivg_release()
    if f"KanjiVG {version} " not in structure.PACKAGED.read_text(encoding="utf-8"):
        pytest.skip(f"the packaged file comes from another release than {version}")
    derive.main(["--output", str(tmp_path / "new" / "structure.tsv")])
    derived = (tmp_path / "new" / "structure.tsv").read_bytes()
    assert derived == structure.PACKAGED.read_bytes()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["structure.tsv"]


def test_packaged_file_credits_kanjivg():
    header = structure.PACKAGED.read_text(encoding="utf-8").split("\n亜\t")[0]
    assert "Ulrich Apel" in header and "licenses/by-sa/3.0" in header
    assert (structure.PACKAGED.parent / "LICENSE.structure").is_file()


def test_kanjivg_names_a_character_or_variant_it_lacks():
    kanjivg_release()
    with pytest.raises(InputError, match="no strokes for the character '𓀀'"):
        kanjivg.stroke_group("𓀀")
    with pytest.raises(InputError, match="'木' in the variant Nonsense"):
        kanjivg.stroke_group("木", "Nonsense")


@given(structure_tables())
def test_both_file_formats_read_back(tmp_path_factory, table):
    folder = tmp_path_factory.mktemp("structures")
    plain = {c: [" ".join(tokens) for tokens in a] for c, a in table.items()}
    (folder / "s.json").write_text(json.dumps(plain, ensure_ascii=False), "utf-8")
    lines = ["\t".join([c, *alternatives]) for c, alternatives in plain.items()]
    (folder / "s.tsv").write_text("# comment\n\n" + "\n".join(lines), "utf-8")
    assert read_structures(folder / "s.json") == table
    assert read_structures(str(folder / "s.tsv")) == table


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.json", '{"好": ["⿰ 女"]}', "'⿰ 女' of 好 lacks 1 component at"),
        ("s.json", '{"好": ["⿲ 女"]}', "of 好 lacks 2 components at"),
        ("s.json", '{"好": ["女 子"]}', "of 好 continues after its end, at '子'"),
        ("s.json", '{"好": [""]}', "of 好 is empty"),
        ("s.json", '{"好": []}', "the character 好 has no structure"),
        ("s.json", '{"好": "⿰ 女 子"}', "the structures of 好 are not a list"),
        ("s.json", '{"好": {"a": 1}}', "the structures of 好 are not a list"),
        ("s.json", '{"好": [5]}', "a structure of 好 is 5"),
        ("s.json", '{"好": ["女"], "好": ["子"]}', "the character 好 occurs twice"),
        ("s.json", '{"好き": ["女"]}', "'好き' is not one character"),
        ("s.json", '["好"]', "does not hold an object"),
        ("s.json", "{", "is not valid JSON"),
        ("s.json", "[" * 100_000, "is not valid JSON"),
        ("s.json", "{}", "contains no character"),
        ("s.tsv", "好\t⿰ 女\n", "line 1: the structure '⿰ 女' of 好 lacks"),
        ("s.tsv", "木\t木\n好\n", "line 2: the character 好 has no structure"),
        ("s.tsv", "好\t女\n好\t子\n", "line 2: the character 好 occurs twice"),
        ("s.tsv", "好 女\n", "line 1: '好 女' is not one character"),
        ("s.tsv", "# nothing\n", "contains no character"),
    ],
)
def test_a_malformed_structure_names_file_and_character(
    tmp_path, name, content, message
):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        read_structures(path)
    assert str(path) in str(caught.value)


def test_a_structure_file_that_is_missing_or_not_text(tmp_path):
    with pytest.raises(InputError, match="none.tsv cannot be read"):
        read_structures(tmp_path / "none.tsv")
    (tmp_path / "s.tsv").write_bytes(b"\xff\xff")
    with pytest.raises(InputError, match="s.tsv cannot be read as UTF-8"):
        read_structures(tmp_path / "s.tsv")


@given(st.lists(COMPONENTS | st.sampled_from(sorted(OPERATORS)), max_size=8))
def test_a_sequence_has_no_fault_exactly_if_it_parses(tokens):
    def end(position):
        """Where the sequence that starts at `position` ends."""
        for _ in OPERATORS.get(tokens[position], ()):
            position = end(position + 1)
        return position

    try:
        well_formed = end(0) == len(tokens) - 1
    except IndexError:
        well_formed = False
    assert (structure.fault(tokens) is None) == well_formed


def test_explain_shows_the_roles_of_components():
    structures = {"謎": (("⿰", "言", "⿺", "辶", "米"),), "木": (("木",),)}
    assert explain("謎", structures).split("\n") == [
        "謎  ⿰ 言 ⿺ 辶 米",
        "  left: 言",
        "  right: ⿺",
        "    surround from lower left: 辶",
        "    inside: 米",
    ]
    assert explain("木", structures) == "木  木"
    with pytest.raises(InputError, match="do not contain the character '林'"):
        explain("林", structures)


def test_explain_reads_the_packaged_structures():
    assert explain("好") == "好  ⿰ 女 子\n  left: 女\n  right: 子"
    assert explain("謎").count("\n謎  ") == 1


def test_an_impossible_output_leaves_nothing_behind(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="taken cannot be written"):
        derive.write_structures(tmp_path / "taken", {"木": (("木",),)})
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# Scripts and twins


def test_every_character_has_a_script():
    counts = collections.Counter(map(script_of, character_set("japanese")))
    # Of the 84 other kana 39 are hiragana; marks, digits and letters are others.
    assert [counts[script] for script in SCRIPTS] == [86, 90, 2965, 78]
    assert [script_of(c) for c in "ぁゖァヺㇰ々ー〆。A龘"] == [
        *("hiragana", "hiragana", "katakana", "katakana", "katakana"),
        *("others", "others", "others", "others", "others", "kanji"),
    ]
    with pytest.raises(InputError, match="The character is 'かな'; give a string of"):
        script_of("かな")


def test_no_character_is_a_twin_twice_and_the_page_lists_all():
    known = "".join(twins.characters for twins in TWINS)
    assert len(known) == len(set(known))
    # 〇 is no character of the set, and people write it for 0.
    assert set(known) - set(character_set("japanese")) == {"〇"}
    for twins in TWINS:
        assert {twins_of(c) for c in twins.characters} == {twins.characters}
    assert twins_of("木") == "木"
    with pytest.raises(InputError, match="The character is 5; give a string of one"):
        twins_of(5)
    page = pathlib.Path(__file__).parents[1] / "docs" / "reference" / "characters.md"
    section = page.read_text("utf-8").partition("### Twins")[2].partition("###")[0]
    rows = re.findall(r"(?m)^\| (\S.*) \| (\S.*) \|$", section)
    listed = [(group, why) for groups, why in rows[1:] for group in groups.split()]
    assert listed == [tuple(twins) for twins in TWINS]
