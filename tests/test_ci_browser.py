""".ci/browser: what it installs, and what it says of what is missing."""

import pathlib
import shutil
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.backend_free,
    pytest.mark.skipif(sys.platform == "win32", reason="a shell script"),
]

SCRIPT = pathlib.Path(__file__).parent.parent / ".ci/browser"
TOOLS = ("bash", "cat", "dirname", "head", "mktemp", "rm", "tail", "timeout")
# Whoever runs the tests, the script takes him for root.
ROOT = "[ $1 = -u ] && echo 0"


@pytest.fixture
def run(tmp_path):
    """A function: {program: its shell commands} → (status, what the script printed).

    No other programs are there but the system's smallest.
    """
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / ".ci").mkdir()
    (tmp_path / "web").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    for name in TOOLS:
        (programs / name).symlink_to(shutil.which(name))

    def call(**commands):
        for name, text in {"id": ROOT, **commands}.items():
            file = programs / name.replace("_", "-")
            file.write_text(f"#!{programs / 'bash'}\n{text}\n")
            file.chmod(0o755)
        result = subprocess.run(
            [programs / "bash", tmp_path / ".ci/browser"],
            env={"PATH": str(programs), "HERE": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert result.stderr == ""
        return result.returncode, result.stdout.splitlines()

    return call


NO_BROWSER = "There is no Chromium, so the tests in a browser are skipped."
NO_NPM = "There is no npm, so the site has no page to try, whose tests are skipped."


def test_nothing_is_installed_that_is_there(run, tmp_path):
    refuse = "echo apt-get was called; exit 1"
    npm = 'echo "$@" >"$HERE/npm.txt"; pwd >>"$HERE/npm.txt"'
    assert run(chromium="", npm=npm, apt_get=refuse) == (0, [])
    assert (tmp_path / "npm.txt").read_text().splitlines() == [
        "ci --ignore-scripts --no-audit --no-fund",
        str((tmp_path / "web").resolve()),
    ]


def test_what_is_missing_is_installed(run, tmp_path):
    record = 'echo "$@" >>"$HERE/apt.txt"'
    status, printed = run(npm="", apt_get=record)
    assert status == 0
    assert printed == ["Installing chromium by apt-get ...", NO_BROWSER]
    update, install = (tmp_path / "apt.txt").read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install") and install.endswith(" chromium")


def test_apt_that_fails(run):
    status, printed = run(apt_get="echo E: no network; exit 100")
    assert status == 1
    assert printed == [
        "Installing chromium npm by apt-get ...",
        "apt-get cannot install chromium npm: E: no network",
        *(NO_BROWSER, NO_NPM),
    ]


def test_without_apt_or_without_rights(run):
    assert run() == (1, [NO_BROWSER, NO_NPM])
    refuse = "echo apt-get was called; exit 1"
    assert run(id="echo 1000", apt_get=refuse) == (1, [NO_BROWSER, NO_NPM])


def test_npm_that_fails(run):
    status, (printed,) = run(chromium="", npm="echo npm error ENET; exit 1")
    assert status == 1
    assert printed.startswith("npm cannot install web/package-lock.json (npm error EN")
