"""A command in a process of its own, which is stopped with the one that waits."""

import contextlib
import signal
import subprocess
import threading
import time


def run(command, log=None):
    """Runs a command and waits for its end.

    SIGTERM, which reaches this process alone, is handed on. Ctrl-C reaches both from
    the terminal: the first one is left to the command, so that a training can save its
    state; the second one ends both.

    Args:
        command: list of strings.
        log: open file for its output; None: that of this process.

    Returns:
        The exit status.
    """
    with subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            with _handed_on(process):
                # A signal may reach another thread, and then ends no wait.
                while process.poll() is None:
                    time.sleep(0.05)
                return process.returncode
        except BaseException:
            process.kill()
            process.wait()
            raise


@contextlib.contextmanager
def _handed_on(process):
    before = {}

    def leave(number, frame):
        signal.signal(number, before[number])

    def hand_on(number, frame):
        process.send_signal(number)

    # Python lets only the main thread handle signals.
    if threading.current_thread() is threading.main_thread():
        for number, action in ((signal.SIGINT, leave), (signal.SIGTERM, hand_on)):
            before[number] = signal.signal(number, action)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
