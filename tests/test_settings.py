"""Settings: types, ranges, defaults, flags, and what a resumed script may change."""

import dataclasses
import json
import math
import subprocess
import sys

import pytest
from example_settings import Example

from hwgen_keras.errors import InputError
from hwgen_keras.settings import (
    EXTENT,
    NOTHING,
    RESULT,
    NewOutput,
    Seed,
    Settings,
    as_json,
    named_values,
    rules_of,
    setting,
    type_of,
)
from hwgen_keras.training import resumed
from hwgen_keras.training.settings import RunFolder

pytestmark = pytest.mark.backend_free


@dataclasses.dataclass(frozen=True, kw_only=True)
class Needed(Seed, RunFolder):
    fonts: str | None = setting(None, "Fonts to draw. More words.", required=True)


class TestValues:
    @pytest.mark.parametrize(
        ("name", "value", "stored"),
        [
            ("count", 3, 3),
            ("rate", 1, 1.0),
            ("verbose", True, True),
            ("name", "名", "名"),
            ("prefix", "", ""),
            ("kind", "b", "b"),
            ("files", "a", ("a",)),
            ("files", ["a", "", "b,c"], ("a", "b,c")),
            ("files", "", ()),
            ("modes", "y, x", ("y", "x")),
            ("modes", ["x", "y"], ("x", "y")),
            ("modes", "none", ()),
            ("modes", "", ()),
            ("modes", (), ()),
        ],
    )
    def test_are_stored_in_the_type_of_the_setting(self, name, value, stored):
        found = getattr(Example(**{name: value}), name)
        assert found == stored and type(found) is type(stored)

    def test_of_paths_are_text(self, tmp_path):
        settings = Example(name=tmp_path, files=[tmp_path / "a"])
        assert settings.name == str(tmp_path)
        assert settings.files == (str(tmp_path / "a"),)

    @pytest.mark.parametrize(
        ("name", "value", "sentence"),
        [
            ("count", 0, "--count is 0; give a number above 0."),
            ("count", 1.0, "--count is 1.0; give a whole number."),
            ("count", True, "--count is True; give a whole number."),
            ("count", "3", "--count is '3'; give a whole number."),
            ("count", 13, "--count is 13; give another number."),
            ("rate", -0.1, "--rate is -0.1; give 0 to 1."),
            ("rate", 2, "--rate is 2.0; give 0 to 1."),
            ("rate", "high", "--rate is 'high'; give a number."),
            ("rate", math.nan, "--rate is nan; give 0 to 1."),
            ("width", 100, "--width is 100; give 1 or more and less than 100."),
            ("share", 1, "--share is 1.0; give a number above 0 and less than 1."),
            ("share", 0, "--share is 0.0; give a number above 0 and less than 1."),
            ("verbose", 1, "--verbose is 1; give true or false."),
            ("name", 1, "--name is 1; give text."),
            ("name", "", "--name is empty; give a value, or leave it out."),
            ("stage", "second", "--stage: there is no 'second'; use first, all."),
            ("kind", "c", "--kind: there is no 'c'; use a, b."),
            ("files", [1], "--files is 1; give text."),
            ("modes", "x,z", "--modes: there is no 'z'; use x, y."),
        ],
    )
    def test_that_are_not_allowed_get_one_sentence(self, name, value, sentence):
        with pytest.raises(InputError) as error:
            Example(**{name: value})
        assert str(error.value) == sentence

    def test_without_bounds_are_finite(self):
        free = dataclasses.make_dataclass(
            "Free", [("x", float, setting(0.0))], bases=(Settings,), frozen=True
        )
        with pytest.raises(InputError, match="--x is inf; give a finite number"):
            free(x=math.inf)

    def test_of_unknown_names_are_refused(self):
        with pytest.raises(TypeError, match="colour"):
            Example(colour="red")

    def test_cannot_be_set_later(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            Example().count = 3


class TestDefaults:
    def test_depend_on_the_size(self):
        assert (Example().rate, Example().width) == (0.5, 8)
        base = Example(size="base")
        assert (base.rate, base.width) == (None, 16)
        assert Example(size="tiny").width is None
        assert Example(size="base", width=3).width == 3

    def test_follow_from_other_settings(self):
        assert Example(count=4).total == 8
        assert Example(count=4, total=1).total == 1

    def test_are_not_given(self):
        assert Example().given == set()
        settings = Example(count=20, name=None, size="tiny")
        assert settings.given == {"count", "size"}

    def test_of_a_required_setting_are_missing(self):
        with pytest.raises(InputError) as error:
            Needed()
        assert str(error.value) == "--fonts is needed: fonts to draw."
        assert Needed(fonts="a").fonts == "a"


class TestMethods:
    def test_replace_checks_again(self):
        settings = Example(count=4)
        assert settings.replace(count=5).count == 5
        # The derived total was a value of the settings, which now counts as given.
        assert settings.replace(count=5).total == 8
        assert "width" in settings.replace(count=5).given
        with pytest.raises(InputError, match="--count is 0"):
            settings.replace(count=0)

    def test_values_are_json(self):
        settings = Example(count=4, files=["a"])
        values = settings.values()
        assert json.loads(json.dumps(values)) == values
        assert values["files"] == ["a"] and list(values) == list(rules_of(Example))
        assert settings.values(EXTENT) == {"count": 4}
        assert set(settings.values(EXTENT, NOTHING)) == {
            *("count", "verbose", "total", "run_dir", "resume")
        }
        assert "count" not in settings.values(RESULT)

    def test_among_leaves_out_other_names(self):
        values = {"count": 3, "colour": "red", "seed": 1}
        settings = Example.among(values, seed=2, shape="round")
        assert (settings.count, settings.seed) == (3, 2)

    def test_types_leave_out_none(self):
        types = {name: type_of(Example, name) for name in rules_of(Example)}
        assert types["rate"] is float and types["files"] is tuple
        assert types["resume"] is bool and types["run_dir"] is str

    def test_named_values(self):
        assert named_values("arm", ["a=1", "b=x=y", "a=2"]) == {
            "a": ["1", "2"],
            "b": ["x=y"],
        }
        assert named_values("arm", ["a="], empty=True) == {"a": [""]}
        for text in ("a", "=1", "a="):
            with pytest.raises(InputError, match=f"--arm={text}: write it as NAME=N"):
                named_values("arm", [text], what="NUMBER")

    def test_a_new_output_must_not_exist(self, tmp_path):
        assert NewOutput(output=tmp_path / "new").output == str(tmp_path / "new")
        with pytest.raises(InputError, match="exists already"):
            NewOutput(output=tmp_path)


SCRIPT = """
import sys
sys.path[:0] = {paths}
from experiments import flags
import example_settings
def main(settings):
    print(settings.values(), sorted(settings.given))
flags.run(main, example_settings.Example, "An example.", argument="name")
"""


@pytest.fixture
def script(tmp_path):
    """A function, flags → (exit status, stdout, stderr) of a script of `Example`."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT.format(paths=repr(sys.path)))

    def run(*flags):
        command = [sys.executable, str(path), *flags]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    return run


class TestFlags:
    def test_are_the_settings(self, script):
        arguments = ["名", "--step=first", "--files=a", "--files=b", "--modes=none"]
        status, output, error = script(*arguments, "--verbose", "--rate=0.75")
        assert status == 0, error
        expected = Example(
            name="名", stage="first", files=["a", "b"], modes="none", verbose=True
        ).replace(rate=0.75)
        given = ["files", "modes", "name", "rate", "stage", "verbose"]
        assert output == f"{expected.values()} {given}\n"

    def test_mistakes_end_in_a_line(self, script):
        status, _, error = script("--count=0")
        assert (status, error) == (2, "Error: --count is 0; give a number above 0.\n")
        status, _, error = script("--stage=huge")
        allowed = "value should be one of <first|all>"
        assert (status, error) == (2, f"Error: flag --stage=huge: {allowed}\n")

    def test_help_shows_the_defaults_of_each_size(self, script):
        text = " ".join(script("--help")[1].split())
        assert "Width. Default: 8 (small), 16 (base). (an integer)" in text
        assert "Rate. Default: 0.5 (small). (a number)" in text
        assert "Images. (default: '20')" in text
        assert "--stage: <first|all>: Stage. (default: 'all')" in text


@pytest.fixture
def started(tmp_path):
    """A function, (flags, folder) → settings to resume a run that had these flags."""

    def write(flags, folder="", **values):
        folder = tmp_path / folder
        folder.mkdir(exist_ok=True)
        config = json.dumps({"flags": flags})
        (folder / "config.json").write_text(config, encoding="utf-8")
        return Example(run_dir=tmp_path, resume=True, **values)

    return write


class TestResumed:
    FLAGS = Example(count=4, name="名", modes="y", size="base", verbose=True).values()

    def test_takes_what_is_not_given_from_the_run(self, started, tmp_path):
        settings = resumed(started(self.FLAGS))
        assert settings.values() == {
            **self.FLAGS,
            "run_dir": str(tmp_path),
            "resume": True,
        }

    def test_may_change_the_extent_and_what_changes_nothing(self, started):
        given = {"count": 6, "verbose": False, "modes": "y", "size": "base"}
        settings = resumed(started(self.FLAGS, **given))
        assert settings.count == 6 and not settings.verbose

    @pytest.mark.parametrize(
        ("name", "value", "before"),
        [("name", "a", "名"), ("modes", ("x",), ["y"]), ("size", "tiny", "base")],
    )
    def test_may_not_change_the_result(self, started, name, value, before):
        with pytest.raises(InputError) as error:
            resumed(started(self.FLAGS, **{name: value}))
        assert f"started with --{name}={before} and cannot continue" in str(error.value)

    def test_reads_the_alias_of_an_older_run(self, started):
        flags = {"step": "first", "seed": 3}
        settings = resumed(started(flags))
        assert (settings.stage, settings.seed) == ("first", 3)
        with pytest.raises(InputError, match="started with --stage=first"):
            resumed(started(flags, stage="all"))

    def test_of_four_stages_keeps_the_stage_open(self, started, tmp_path):
        settings = resumed(started({**self.FLAGS, "stage": "first"}, folder="step1"))
        assert (settings.stage, settings.name) == ("all", "名")

    def test_is_checked_once_complete(self, started, tmp_path):
        # 13 is refused with the run's other settings only.
        settings = started(self.FLAGS, count=13)
        with pytest.raises(InputError, match="--count is 13"):
            resumed(settings)
        open_settings = Needed(resume=True, run_dir=tmp_path)
        assert open_settings.fonts is None
        with pytest.raises(InputError, match="--fonts is needed"):
            resumed(open_settings)

    def test_needs_a_run(self, tmp_path):
        with pytest.raises(InputError, match="--resume needs --run_dir"):
            resumed(Example(resume=True))
        with pytest.raises(InputError, match="holds no run to continue"):
            resumed(Example(resume=True, run_dir=tmp_path))
        settings = Example(run_dir=tmp_path)
        assert resumed(settings) is settings


def test_json_has_lists():
    assert as_json(("a",)) == ["a"] and as_json("a") == "a"
