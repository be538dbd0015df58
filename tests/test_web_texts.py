"""The page's texts and what its engine refuses: all in Japanese and English."""

import json
import re
import shutil
import subprocess

import pytest
from web_page import WEB

pytestmark = pytest.mark.backend_free

PRINT = """
import { REFUSALS } from "./src/refusals.js";
import { TEXTS } from "./src/page/texts.js";
console.log(JSON.stringify([REFUSALS, TEXTS]));
"""
REFUSED = re.compile(r"new InputError\(|\brefusal\(")


@pytest.fixture(scope="module")
def tables():
    """(refusals, all texts): dicts of dicts by language."""
    if shutil.which("node") is None:
        pytest.skip("The page's JavaScript is tested where node is installed.")
    command = ["node", "--input-type=module", "--eval", PRINT]
    result = subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    return json.loads(result.stdout)


def test_all_texts_are_in_both_languages(tables):
    for key, text in tables[1].items():
        assert {*text} == {"ja", "en"}, key
        assert re.search("[ぁ-んァ-ヶ一-龠]", text["ja"]), key
        values = [{*re.findall(r"\{(\w+)\}", text[one])} for one in ("ja", "en")]
        assert values[0] == values[1], key


def test_the_page_has_a_text_for_each_refusal(tables):
    refusals, texts = tables
    assert {key: texts[key] for key in refusals} == refusals
    used = set()
    for folder in ("engine", "photo"):
        for file in sorted((WEB / "src" / folder).rglob("*.js")):
            if file.name == "errors.js":
                continue
            source = file.read_text("utf-8")
            for found in REFUSED.finditer(source):
                # One key, or a list of them of which one is chosen.
                keys = re.match(r'"\w+"|\["[^\]]*\]', source[found.end() :])
                line = source[found.start() :].partition("\n")[0]
                assert keys, f"{file.name} has a refusal without a key: {line}"
                used |= {*re.findall(r"\w+", keys[0])}
    assert used == {*refusals}
