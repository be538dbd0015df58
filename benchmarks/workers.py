"""What scripts share that measure in processes of their own: flags, rows, a table."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BACKENDS = ("tensorflow", "jax", "torch")


def several(parser, name, default, kind=str, known=None, **arguments):
    """Adds a flag of several values, joined by commas.

    Args:
        parser: of argparse.
        name, default: of the flag.
        kind: `str`, or `int` for numbers of 1 or more.
        known: the values that there are; None: any.
        **arguments: of `add_argument`.
    """

    def parse(text):
        values = [kind(part) for part in text.split(",")]
        for value in values:
            if known and value not in known:
                raise argparse.ArgumentTypeError(
                    f"there is no {value!r}; use {', '.join(known)}"
                )
            if kind is int and value < 1:
                raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
        return values

    parser.add_argument(name, type=parse, default=default, metavar="A,B", **arguments)


def environment(backend):
    """The environment of a process with a backend of Keras, which finds the package."""
    return {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # No backend may take the memory of all before it needs it.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }


def measured(worker, backend=None):
    """Yields the rows, {column: value}, of this script as one of its workers.

    The script is run once more, in a process of its own, with `--worker`, and prints
    each row as a line of JSON.

    Args:
        worker: name of the worker; it is the row's `backend`.
        backend: of Keras; default: called as the worker.
    """
    command = [sys.executable, *sys.argv, f"--worker={worker}"]
    told = environment(backend or worker)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=told, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("{"):
                yield {"backend": worker, **json.loads(line)}
    if process.returncode:
        print(f"{worker} failed with status {process.returncode}.", file=sys.stderr)


def show(rows, columns, digits, usual):
    """Prints rows as they come.

    Args:
        rows: iterable of {column: value}.
        columns: in their order; what a row lacks is left empty.
        digits: {column: digits after the point} of floats.
        usual: digits of the other columns.
    """

    def cell(row, column):
        value = row.get(column, "")
        if not isinstance(value, float):
            return str(value)
        return f"{value:.{digits.get(column, usual)}f}"

    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns), flush=True)
    for row in rows:
        cells = (cell(row, column) for column in columns)
        print("| " + " | ".join(cells) + " |", flush=True)
