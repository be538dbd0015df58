"""python tests/forks.py SCRIPT FLAG...: runs a script whose Python processes are forks.

A process computes for five seconds to import Keras before it does anything else.
Here Keras is imported once, and what the script would start with `sys.executable` is a
copy of that process, which then runs the same file or module from its beginning, with
its own flags, environment, folder and pipes. Not for TensorFlow and JAX, whose threads
no copy has.
"""

import functools
import gc
import os
import runpy
import signal
import subprocess
import sys
import traceback


class Forked(subprocess.Popen):
    """A `Popen` whose Python process is a copy of this one."""

    def __init__(self, command, **options):
        if command[0] == sys.executable:
            told = {**os.environ, **(options.get("env") or {})}
            options["preexec_fn"] = functools.partial(become, command[1:], told)
        super().__init__(command, **options)


def become(arguments, environment):
    """What the copy does until its end, in place of the program that Popen starts."""
    # One of them tells Popen that the program has been started, by being closed.
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.update(environment)
    # Those of the other process hold what it has not yet written.
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, buffering=1, encoding="utf-8", closefd=False)
        for number, mode in enumerate("rww")
    )
    try:
        status = run(arguments)
    except SystemExit as error:
        status = error.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run(arguments):
    """Runs `FILE FLAG...` or `-m MODULE FLAG...`; 0 if it does not exit before."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if arguments[0] == "-m":
        sys.path[0:1] = [os.getcwd(), *paths]
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[0:1] = [os.path.dirname(arguments[0]), *paths]
        sys.argv = list(arguments)
        runpy.run_path(arguments[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    import keras  # noqa: F401

    # Garbage that a copy looks for would have it copy all memory.
    gc.freeze()
    subprocess.Popen = Forked  # type: ignore[misc]
    run(sys.argv[1:])
