"""What surrounds the code says the same: addresses, versions, workflows, citation."""

import pathlib
import re
import tomllib

import pytest
import yaml

import hwgen_keras

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HOME = PROJECT["urls"]["Homepage"]
FILES = sorted([*ROOT.glob(".github/**/*.yml"), ROOT / "CITATION.cff"])


def read(name):
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_parses_and_names_this_home(path):
    text = path.read_text("utf-8")
    assert isinstance(yaml.safe_load(text), dict)
    named = re.findall(r"https://github\.com/hwgen[\w./-]*", text)
    assert [url for url in named if not f"{url}/".startswith(f"{HOME}/")] == []


def test_the_addresses_are_of_one_home():
    assert set(PROJECT["urls"]) == {"Homepage", "Documentation", "Changelog", "Issues"}
    for url in PROJECT["urls"].values():
        assert f"{url}/".startswith(f"{HOME}/")
        # What is named in the repository is there.
        _, tree, path = url.partition("/main/")
        assert not tree or (ROOT / path).exists()
    assert HOME in (ROOT / "SECURITY.md").read_text("utf-8")


def test_the_citation_is_of_this_version_and_credits_the_original():
    cited = read("CITATION.cff")
    assert (cited["title"], cited["version"]) == (
        PROJECT["name"],
        hwgen_keras.__version__,
    )
    assert cited["license"] in PROJECT["license"]
    assert cited["repository-code"] == HOME
    original = cited["references"][0]
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert original["repository-code"] in notice
    assert original["title"] in " ".join(notice.split())


def test_the_workflows_run_what_the_project_runs_and_hold_no_password():
    (suite,) = read(".github/workflows/test.yml")["jobs"].values()
    assert [step["run"] for step in suite["steps"] if "run" in step] == [".ci/run"]
    publish = read(".github/workflows/publish.yml")
    assert publish["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    build = [step.get("run") for step in publish["jobs"]["build"]["steps"]]
    assert "make package" in build
    for path in (ROOT / ".github/workflows").iterdir():
        assert "secrets." not in path.read_text("utf-8")


def test_python_is_one_that_the_project_admits():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    named = [
        line.rpartition(" ")[2]
        for line in PROJECT["classifiers"]
        if re.search(r"Python :: 3\.\d+$", line)
    ]
    assert named[0] == oldest
    for path in (ROOT / ".github/workflows").iterdir():
        assert f'python-version: "{oldest}"' in path.read_text("utf-8")


def test_dependabot_asks_for_all_at_once():
    updates = read(".github/dependabot.yml")["updates"]
    kinds = {update["package-ecosystem"] for update in updates}
    assert kinds == {"pip", "github-actions"}
    for update in updates:
        (group,) = update["groups"].values()
        assert group["patterns"] == ["*"]


@pytest.mark.parametrize("name", ["bug", "wish"])
def test_an_issue_form_asks_for_something(name):
    form = read(f".github/ISSUE_TEMPLATE/{name}.yml")
    asked = [part for part in form["body"] if part.get("validations")]
    assert asked and len({part["id"] for part in form["body"]}) == len(form["body"])
