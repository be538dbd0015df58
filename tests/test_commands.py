"""Every command in the pages can be given: its script, flags and values exist.

Nothing is trained: the flags are parsed and the settings of the script are made.
"""

import argparse
import importlib
import pathlib
import re
import runpy
import shlex
import tomllib

import absl.flags
import pytest
from networks import BACKEND
from page_commands import blocks, commands, quoted, sentences

from experiments import __main__ as command
from experiments import flags
from hwgen_keras.errors import InputError
from hwgen_keras.settings import rules_of

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

ROOT = pathlib.Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("saved_models/**/*.md")]
)
# Programs of others, whose words nobody here can check.
FOREIGN = {"python3", ".", "tensorboard", "docker", "curl", "export", "ls"}
# What a recipe of docs/extending.md adds first.
ADDED = {"--mode=adain_parity", "--condition=parity", "--sampler=same_noise"}
ADDED |= {"my_training.py"}
# Flags of the original, in docs/explanation/fidelity.md.
ADDED |= {"--aug", "--num_use", "--optimizer=SGD"}
BENCHMARKS = sorted(ROOT.glob("benchmarks/*.py"))
TARGETS = re.findall(r"(?m)^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


def check(words, complete=True):
    """Fails unless the command exists and takes its flags.

    Args:
        words: of the command.
        complete: whether the flags are all that the command needs.
    """
    program, *rest = words
    if program == ".venv/bin/python":
        program = "python"
    if program == "hwgen" and rest:
        program, rest = "python", ["-m", f"experiments.{rest[0]}", *rest[1:]]
    if program == "python" and rest[0] == "-m" and rest[1].startswith("experiments."):
        check_script(rest[1].partition(".")[2], rest[2:], complete)
    elif program == "python" and rest[:2] == ["-m", "pytest"]:
        assert [w for w in rest if w.endswith(".py") and not (ROOT / w).is_file()] == []
    elif program == "python" and rest[0].startswith("benchmarks/"):
        check_benchmark(ROOT / rest[0], rest[1:])
    elif program == "python" and rest[0] == "-c":
        compile(rest[1], "-c", "exec")
    elif program == "python":
        assert (ROOT / rest[0]).is_file(), rest[0]
    elif program == "make":
        assert [w for w in rest if "=" not in w and w not in TARGETS] == []
    elif program == "pip":
        for extra in re.findall(r"\[(\w+)\]", " ".join(rest)):
            assert extra in EXTRAS
    else:
        assert program in FOREIGN | {"hwgen"}, program


def check_script(name, arguments, complete):
    """Makes the settings of a script from its flags, as `flags.run` does."""
    assert name in command.SCRIPTS, name
    # Three dots stand for flags that the reader knows.
    complete = complete and "..." not in arguments
    arguments = [word for word in arguments if word != "..."]
    module = importlib.import_module(f"experiments.{name}")
    known = absl.flags.FlagValues()
    flags.define(module.Settings, known)
    _, *rest = known([name, *arguments])
    values = flags.given(module.Settings, known)
    if name == "reproduce" and rest:
        values["name"] = rest.pop()
    assert rest == []
    try:
        module.Settings(**values)
    except InputError as error:
        if complete or any(str(error).startswith(f"--{name}") for name in values):
            raise


class Parsed(Exception):
    """The flags of a benchmark are right; it is not run."""


def check_benchmark(path, arguments):
    """Runs a benchmark up to the point where its flags are parsed."""

    def parse_args(parser):
        raise Parsed(original(parser, arguments))

    assert path.is_file(), path
    original = argparse.ArgumentParser.parse_args
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
        with pytest.raises(Parsed):
            runpy.run_path(str(path), run_name="__main__")


def given_commands():
    """A parameter for each command of a block: the page, and its words."""
    found = []
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        # A reader's shell keeps the variables of the blocks above.
        text = "".join(blocks(page.read_text("utf-8"), "sh"))
        for words in commands(text):
            found.append(pytest.param(words, id=f"{name}: {' '.join(words)[:60]}"))
    return found


@pytest.mark.parametrize("words", given_commands())
def test_a_command_of_a_page_can_be_given(words, tmp_path, monkeypatch):
    # A path that must be new is new here.
    monkeypatch.chdir(tmp_path)
    # The shipped models stand where a checkout has them.
    (tmp_path / "saved_models").symlink_to(ROOT / "saved_models")
    # The flags of a table for another command.
    if words[0].startswith("--"):
        words = ["hwgen", "reproduce", "jis1-generator", *words]
        check(words, complete=False)
    else:
        check(words)


PROGRAMS = ("python", ".venv/bin/python", "hwgen", "make", "pip")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_sentence_names_can_be_given(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text("utf-8")
    # Commands stand in blocks, where the test above finds them.
    assert not re.search(r"(?m)^ {4}\S", sentences(text)) or page.name == "CHANGELOG.md"
    for quotation in quoted(text):
        words = shlex.split(quotation) if "--" in quotation else quotation.split()
        if not words or "NAME" in quotation or ADDED & set(words):
            continue
        if words[0].startswith("--"):
            assert any(takes(name, words) for name in command.SCRIPTS) or any(
                benchmark_takes(path, words) for path in BENCHMARKS
            ), quotation
        elif words[0] in command.SCRIPTS and words[1:]:
            assert takes(words[0], words[1:]), quotation
        elif words[0] in PROGRAMS and len(words) > 1:
            check(words, complete=False)


def takes(name, words):
    """Whether a script has all these flags, and takes their values.

    A flag without a value, or with one that the reader fills in, need only exist.
    """
    rules = rules_of(importlib.import_module(f"experiments.{name}").Settings)
    known = {*rules, *(rule.alias for rule in rules.values()), "help"}
    known |= {f"no{name}" for name in rules}
    flag_names = [word[2:].partition("=")[0] for word in words]
    if not all(f in known or f.endswith("…") for f in flag_names):
        return False
    valued = [word for word in words if re.search("=.*[a-z0-9]", word)]
    if not valued:
        return True
    # Some values are for networks of one size.
    for size in ([], ["--size=base"]) if "size" in rules else ([],):
        try:
            check_script(name, [*size, *valued], complete=False)
        except (InputError, absl.flags.Error):
            continue
        return True
    return False


def benchmark_takes(path, words):
    """Whether a benchmark has all these flags, and takes their values."""
    if not all(word.partition("=")[0] in path.read_text("utf-8") for word in words):
        return False
    try:
        check_benchmark(path, [word for word in words if "=" in word])
    except SystemExit:
        return False
    return True


def test_a_wrong_command_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    classify = ["python", "-m", "experiments.train_classifier", "--train=a.json"]
    check(classify)
    wrong = {
        absl.flags.Error: [[*classify, "--stepps=3"], [*classify, "--steps=many"]],
        InputError: [[*classify, "--steps=0"], [*classify, "--learning_rate=-1"]],
        AssertionError: [
            *([*classify, "more"], ["hwgen", "train_clasifier"], ["make", "dmeo"]),
            *(["python", "benchmarks/etll.py"], ["pip", "install", "a[demmo]"]),
            *(["wget", "a"], [*classify[:2], "pytest", "tests/test_lossess.py"]),
        ],
        SystemExit: [["python", "benchmarks/etl.py", "--stepps=3"]],
    }
    for error, lines in wrong.items():
        for words in lines:
            with pytest.raises(error):
                check(words)
    assert commands("A='b \\d'  # c\nB=2 x $A \\\n  -y && z") == [
        ["x", "b", "d", "-y"],
        ["z"],
    ]
    loop = "for h in a b; do\n    O=$(ls c | grep -v $h)\n    x $O $h\ndone\ny"
    assert commands(loop) == [
        ["ls", "c", "|", "grep", "-v", "a"],
        ["x", "...", "a"],
        ["y"],
    ]
    assert takes("generate", ["--count=20"]) and not takes("generate", ["--count=x"])
    assert not takes("generate", ["--counts_of"])
