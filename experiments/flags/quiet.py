"""Filters TensorFlow's notices at its start from stderr; all else stays."""

import contextlib
import importlib.machinery
import os
import subprocess
import sys

# Of the log that C++ writes before it reads settings.
NOTICES = "|".join(
    (
        r"All log messages before absl::InitializeLog\(\) is called",
        "oneDNN custom operations are on",
        "Could not find cuda drivers",
        r"Unable to register cu\w+ factory",
        "computation placer already registered",
        "Could not find TensorRT",
        "This TensorFlow binary is optimized to use available CPU instructions",
        "To enable the following instructions",
    )
)
# In a process of its own, so that output before a crash passes, too.
_FILTER = """
import re, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin.buffer:
    if not re.search(sys.argv[1].encode(), line):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""


@contextlib.contextmanager
def without_notices():
    """Within it, lines on stderr that match `NOTICES` are left out, of C++ as well."""
    try:
        stderr = os.dup(2)
    except OSError:  # no stderr
        yield
        return
    command = [sys.executable, "-ISc", _FILTER, NOTICES]
    filtering = subprocess.Popen(command, stdin=subprocess.PIPE)
    os.dup2(filtering.stdin.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        filtering.stdin.close()
        # A process that was started within may hold the pipe open.
        with contextlib.suppress(subprocess.TimeoutExpired):
            filtering.wait(timeout=2)


class QuietTensorFlow:
    """A finder of `sys.meta_path`: the first import of TensorFlow has no notices."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "tensorflow":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            quiet = without_notices()(spec.loader.exec_module)
            spec.loader.exec_module = quiet
        return spec


def start():
    """Call it before TensorFlow is imported; processes started later do the same."""
    # At 2, TensorFlow reports on every machine without a GPU that it found none.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if QuietTensorFlow not in sys.meta_path:
        sys.meta_path.insert(0, QuietTensorFlow)
