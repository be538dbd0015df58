"""The command that runs the scripts, from a checkout."""

import ast
import pathlib
import sys

import pytest

from experiments import __main__ as command
from hwgen_keras import __version__

pytestmark = pytest.mark.backend_free

FOLDER = pathlib.Path(command.__file__).parent


@pytest.fixture
def run(monkeypatch, capsys):
    """A function of the arguments that gives status, output and errors."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["/usr/bin/hwgen", *arguments])
        status = command.main()
        return status, *capsys.readouterr()

    return call


def test_every_script_is_listed_once_with_what_it_does():
    scripts = {
        path.stem
        for path in FOLDER.glob("*.py")
        if "flags.run(main" in path.read_text(encoding="utf-8")
    }
    assert sorted(command.SCRIPTS) == sorted(scripts)
    for name in command.SCRIPTS:
        summary = command.summary(name)
        assert 10 < len(summary) < 200 and "--help" not in summary, name


def test_without_a_name_it_lists_them_in_their_order(run):
    status, printed, errors = run()
    assert (status, errors) == (0, "") and run("--help")[1] == printed
    places = [printed.index(f"\n  {name} ") for name in command.SCRIPTS]
    assert places == sorted(places)
    assert max(map(len, printed.splitlines())) <= 88


def test_the_version(run):
    assert run("--version") == (0, f"hwgen_keras {__version__}\n", "")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("trian_generator", "did you mean train_generator?"),
        ("xyz", "`hwgen` lists all."),
        ("--count=3", "`hwgen` lists all."),
        ("flags", "`hwgen` lists all."),
    ],
)
def test_an_unknown_name_is_reported_in_a_sentence(run, name, advice):
    expected = f"Error: There is no command {name!r}; {advice}\n"
    assert run(name) == (2, "", expected)


def test_hyphens_are_underscores_and_flags_reach_the_script(run, monkeypatch):
    called = []
    monkeypatch.setattr(
        command.runpy, "run_module", lambda *a, **k: called.append((a, k, sys.argv))
    )
    assert run("train-clip", "--size=tiny", "a b")[0] == 0
    ((names, how, arguments),) = called
    assert names == ("experiments.train_clip",)
    assert how == {"run_name": "__main__", "alter_sys": True}
    assert arguments[1:] == ["--size=tiny", "a b"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_scripts_import_each_other_relatively(path):
    # A wheel has them under another name. `sed -E -i 's/^( *)from experiments import /
    # \1from . import /; s/^( *)from experiments\./\1from ./' experiments/*.py` mends.
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        assert not [name for name in names if name.startswith("experiments")]
