"""The table of `make mutants` names files that there are."""

import pathlib
import shlex
import tomllib

import pytest

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parents[1]
TABLE = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutants"]


@pytest.mark.parametrize("module", TABLE)
def test_a_module_and_its_tests_exist(module):
    files = [module, *(x for x in shlex.split(TABLE[module]) if x.endswith(".py"))]
    assert len(files) > 1
    assert all((ROOT / file).is_file() for file in files)
