"""Mutation testing: changes one expression at a time, and sees whether a test fails.

    python tests/mutants.py [--sample=N] [--seed=S] [--again] [MODULE ...]

Cosmic Ray makes the mutants. The modules and the tests of each stand in
pyproject.toml, `[tool.mutants]`; MODULE is a part of their names. All happens in a copy
of the checkout. Results stay in runs/mutants/, a session of Cosmic Ray for each module:
a later call goes on, and a module that has changed begins anew.
"""

import argparse
import hashlib
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import TestOutcome
from tqdm import tqdm

REPOSITORY = pathlib.Path(__file__).parent.parent
SESSIONS = REPOSITORY / "runs" / "mutants"
LEAST_KILLED = 0.9


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("module", nargs="*", help="part of a module's name; none: all")
    parser.add_argument(
        "--sample", type=int, default=25, help="mutants a module; 0: all"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--again", action="store_true", help="test survivors again")
    options = parser.parse_args(arguments)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    modules = {
        module: tests
        for module, tests in project["tool"]["mutants"].items()
        if not options.module or any(part in module for part in options.module)
    }
    if not modules:
        sys.exit(f"No module of [tool.mutants] has {' or '.join(options.module)}.")
    SESSIONS.mkdir(parents=True, exist_ok=True)
    # TensorFlow, JAX and torch say nothing of use here.
    os.environ |= {"KERAS_BACKEND": "torch", "TF_CPP_MIN_LOG_LEVEL": "3"}
    with tempfile.TemporaryDirectory() as folder:
        copy_checkout(folder)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = folder
        found = [test_module(name, tests, options) for name, tests in modules.items()]
    return report(found)


def copy_checkout(folder):
    """Copies what git has or would add, changes included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    for name in names.stdout.decode().split("\0"):
        if name and (REPOSITORY / name).is_file():
            target = pathlib.Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, target)


def test_module(module, tests, options):
    """(module, number of mutants, [(mutant, result)] of the sample)."""
    source = pathlib.Path(module)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    name = module.removeprefix("hwgen_keras/").removesuffix(".py").replace("/", "-")
    session = SESSIONS / f"{name}-{digest}.sqlite"
    command = (
        f"{shlex.quote(sys.executable)} -m pytest -x -q -p no:cacheprovider {tests}"
    )
    fresh = not session.exists()
    with use_db(session) as db:
        if fresh:
            init([source], db, {})
        items = sorted(db.work_items, key=place)
        random.Random(options.seed).shuffle(items)
        chosen = items[: options.sample or None]
        results = {item.job_id: result for item, result in db.completed_work_items}
        if options.again:
            results = {k: result for k, result in results.items() if result.is_killed}
        missing = [item for item in chosen if item.job_id not in results]
        limit = missing and 10 + 3 * seconds_without_mutant(module, command)
        for item in tqdm(missing, desc=name, unit="mutant"):
            result = mutate_and_test(item.mutations, command, limit)
            db.set_result(item.job_id, result)
            results[item.job_id] = result
    return module, len(items), [(item, results[item.job_id]) for item in chosen]


def place(item):
    """What orders the mutants of a module; their own numbers are random."""
    mutation = item.mutations[0]
    return mutation.operator_name, mutation.occurrence


def seconds_without_mutant(module, command):
    """How long the tests of a module take; they must pass without a mutant."""
    begun = time.monotonic()
    outcome, output = run_tests(command, 3600)
    if outcome != TestOutcome.SURVIVED:
        sys.exit(f"The tests of {module} fail without a mutant:\n{output}")
    return time.monotonic() - begun


def report(found):
    """Prints survivors and shares; 1 if too few mutants were killed, else 0."""
    killed = tried = 0
    for module, total, results in found:
        survivors = [pair for pair in results if not pair[1].is_killed]
        for item, result in survivors:
            line = item.mutations[0].start_pos[0]
            print(f"\n{module}:{line} survives ({item.mutations[0].operator_name})")
            lines = (result.diff or result.output or "").splitlines()
            print("\n".join(x for x in lines if x[:1] in "+-" and x[:3] not in HEADS))
        found_here = len(results) - len(survivors)
        print(f"{module}: {found_here} of {len(results)} killed, of {total} mutants")
        killed, tried = killed + found_here, tried + len(results)
    print(
        f"\n{killed} of {tried} mutants killed ({100 * killed / max(tried, 1):.1f} %)"
    )
    return int(killed < LEAST_KILLED * tried)


# Of a diff's first lines.
HEADS = ("+++", "---")

if __name__ == "__main__":
    sys.exit(main())
