"""python benchmarks/first_use.py [--formats=onnx,saved_model,keras]

How long the first use takes: five characters are written by jis1-writer in a new hand
and read by jis1-reader. Each format is tried in a process of its own, and so is what
`load` chooses by itself. Processor time (of all threads, user and system) and time by
the clock of each part, in seconds; the clock counts on an idle machine alone.
"""

import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]
PARTS = ("import", "load the writer", "write", "load the reader", "read")
CODE = """
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
format = sys.argv[2] or None
times = []
def tick():
    now = os.times()
    times.append((now.user + now.system, time.time()))
tick()
import hwgen_keras
tick()
writer = hwgen_keras.load("jis1-writer", format=format)
tick()
images = writer.write("あいうえお", seed=3)
tick()
reader = hwgen_keras.load("jis1-reader", format=format)
tick()
characters, _ = reader.read(images)
tick()
read = "".join(row[0] for row in characters)
print(json.dumps([writer.format, reader.format, read, times]))
"""


def measure(format):
    """(formats, characters read, [(processor, clock) of each part]) of a process."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(ROOT), format],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if done.returncode:
        sys.exit(done.stderr.strip().splitlines()[-1])
    *formats, read, times = json.loads(done.stdout.splitlines()[-1])
    pairs = zip(times, times[1:], strict=False)
    return formats, read, [(b[0] - a[0], b[1] - a[1]) for a, b in pairs]


def main(formats):
    from hwgen_keras.evaluation import markdown_table

    rows = []
    for format in ("", *formats):
        used, read, parts = measure(format)
        rows += [
            [format or f"chosen: {', '.join(used)}", part, *seconds]
            for part, seconds in zip(PARTS, parts, strict=True)
        ]
        total = [sum(column) for column in zip(*parts, strict=True)]
        rows.append(["", f"in all; read as {read}", *total])
    print(markdown_table(["format", "part", "processor s", "clock s"], rows, digits=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[2])
    parser.add_argument("--formats", default="onnx,saved_model,keras")
    main(parser.parse_args().formats.split(","))
