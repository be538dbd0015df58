"""A call in a process of its own, which ends with the process that made it.

Keras seeds weights from Python's random numbers, and the threads of a worker of Dask
draw from them, too: there a training would not follow from its seed.
"""

import os
import pickle
import subprocess
import sys
import threading

from hwgen_keras.errors import InputError, Stopped


def call(function, *arguments):
    """Calls a function in a process of its own.

    Args:
        function, arguments: what can be pickled; the result is dropped.

    Raises:
        InputError, Stopped: the function did.
        RuntimeError: it ended otherwise; its traceback is on standard error.
    """
    command = [sys.executable, "-m", __name__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        process.stdin.write(pickle.dumps((function, arguments)))
        process.stdin.flush()
        # It stays open until the answer is there: that tells that this process lives.
        answer = process.stdout.read()
    if not answer:
        raise RuntimeError(f"its process ended with {process.returncode}")
    error = pickle.loads(answer)
    if error is not None:
        raise error


def _end_with_parent():
    # Not by sys.stdin, whose lock would be held when this process ends.
    while os.read(0, 1):
        pass
    os._exit(1)


def _answer():
    error = None
    answer = os.fdopen(os.dup(1), "wb")
    # Whatever is printed must not be taken for the answer.
    os.dup2(2, 1)
    function, arguments = pickle.load(sys.stdin.buffer)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function(*arguments)
    except (InputError, Stopped) as problem:
        error = problem
    with answer:
        pickle.dump(error, answer)


if __name__ == "__main__":
    _answer()
