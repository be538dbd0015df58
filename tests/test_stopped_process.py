"""A training in a process of its own is stopped with the script that started it."""

import os
import signal
import sys
import threading

import pytest

from experiments.flags import process

# Ends with a status of its own, as a training that has saved its state.
CHILD = """
import os, signal, sys
for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 3)):
    signal.signal(number, lambda *_, status=status: sys.exit(status))
print(os.getpid(), flush=True)
signal.pause()
"""


usual = signal.default_int_handler


def handled():
    """What SIGINT does."""
    return signal.getsignal(signal.SIGINT)


@pytest.fixture
def stopped():
    """A function, signals → the status of a process that waits meanwhile.

    `to_script` are sent to this process, as it waits, then `to_child` to the other.
    """

    def run(to_script, to_child=()):
        ended, (read, write) = threading.Event(), os.pipe()
        with open(read, encoding="utf-8") as said, open(write, "w") as log:

            def send():
                child = int(said.readline())
                for number in to_script:
                    os.kill(os.getpid(), number)
                    # Two that come before the first is handled would be one.
                    while number == signal.SIGINT and handled() is not usual:
                        pass
                for number in to_child:
                    os.kill(child, number)
                if not ended.wait(20):
                    os.kill(child, signal.SIGKILL)

            sender = threading.Thread(target=send)
            sender.start()
            try:
                return process.run([sys.executable, "-c", CHILD], log)
            finally:
                ended.set()
                sender.join()

    # Where the tests run in the background, the shell has SIGINT ignored.
    before = signal.signal(signal.SIGINT, usual)
    yield run
    signal.signal(signal.SIGINT, before)


def test_sigterm_is_handed_on(stopped):
    before = signal.getsignal(signal.SIGTERM)
    assert stopped([signal.SIGTERM]) == 3
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_first_interruption_is_left_to_the_process(stopped):
    assert stopped([signal.SIGINT], [signal.SIGINT]) == 130
    assert handled() is usual


def test_the_second_interruption_ends_both(stopped):
    with pytest.raises(KeyboardInterrupt):
        stopped([signal.SIGINT, signal.SIGINT])


def test_the_status_of_a_process_that_ends_by_itself():
    assert process.run([sys.executable, "-c", "raise SystemExit(5)"]) == 5
