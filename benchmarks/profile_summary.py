"""Where the time of training steps goes: a profile of JAX or PyTorch in a few numbers.

A part counts with its own time, less that of the parts within it. On a GPU the parts
are kernels and copies on the device; on a CPU the operations of PyTorch, or of a
program of XLA.
"""

import collections
import gzip
import json
import pathlib
import re

# {kind: pattern in the name of a kernel or an operation}; the first match counts.
KINDS = {
    "convolution": r"conv(?!ert)|cudnn|fprop|dgrad|wgrad|winograd|implicit_gemm",
    "matrix product": r"gemm|matmul|cublas|cutlass|nvjet|xmma|\bdot|::(add|b)?mm\b",
    "copy": r"memcpy|memset|copy|transpose|permute|nchw|nhwc|concat|::cat\b|convert",
    "reduction": r"reduc|norm|softmax|::(sum|mean|var)\b",
    "elementwise": r"fusion|elementwise|vectorized|foreach|multi_tensor|::\w+",
}
LARGEST = 15


def summarise(folder, steps):
    """A summary of the profile in a folder of TensorBoard, a dict for JSON.

    Args:
        folder: where `hwgen_keras.backend.profiling` wrote it.
        steps: number of steps that were recorded.

    Returns:
        A dict: `device` ("gpu" or "cpu"); `ms`, from the first part to the end of the
        last, and `busy`, the share of it in which a part ran; `kinds`, {kind: share of
        the parts' time}; `largest`, the parts with the most time: name, ms, calls. All
        ms and calls are of one step.

    Raises:
        ValueError: the folder has no profile, or no part in it.
    """
    events = _events(pathlib.Path(folder))
    on_gpu = _on_gpu(events)
    parts = on_gpu or [e for e in events if _on_cpu(e)]
    if not parts:
        raise ValueError(f"The profile in {folder} shows no kernel and no operation.")
    own = collections.defaultdict(lambda: [0.0, 0])
    for name, time in _own_times(parts):
        own[name][0] += time
        own[name][1] += 1
    total = sum(time for time, _ in own.values())
    kinds = collections.Counter()
    for name, (time, _) in own.items():
        kinds[kind_of(name)] += time / total
    largest = sorted(own.items(), key=lambda item: -item[1][0])[:LARGEST]
    span = max(map(_end, parts)) - min(e["ts"] for e in parts)
    return {
        "device": "gpu" if on_gpu else "cpu",
        "ms": span / 1000 / steps,
        "busy": _covered(parts) / span,
        "kinds": dict(kinds.most_common()),
        "largest": [
            {"name": name[:100], "ms": time / 1000 / steps, "calls": calls / steps}
            for name, (time, calls) in largest
        ],
    }


def kind_of(name):
    """The kind of a kernel or an operation, by its name: of `KINDS`, or "other"."""
    found = (k for k, pattern in KINDS.items() if re.search(pattern, name.lower()))
    return next(found, "other")


def _events(folder):
    """The events with a duration, each with the names of its process and thread."""
    files = [*folder.rglob("*.pt.trace.json"), *folder.rglob("perfetto_trace.json.gz")]
    if not files:
        raise ValueError(f"There is no profile of JAX or PyTorch in {folder}.")
    opened = gzip.open if files[0].suffix == ".gz" else open
    with opened(files[0], "rt", encoding="utf-8") as file:
        # The list of JAX ends in an empty event.
        events = [e for e in json.load(file)["traceEvents"] if "ph" in e]
    processes, threads = {}, {}
    for event in events:
        if event["ph"] == "M" and event["name"] == "process_name":
            processes[event["pid"]] = event["args"]["name"]
        elif event["ph"] == "M" and event["name"] == "thread_name":
            threads[event["pid"], event["tid"]] = event["args"]["name"]
    return [
        {
            **event,
            "process": str(processes.get(event["pid"])),
            "thread": str(threads.get((event["pid"], event["tid"]))),
        }
        for event in events
        if event["ph"] == "X" and event.get("dur", 0) > 0
    ]


def _on_gpu(events):
    """The kernels and copies; JAX shows them again, grouped, in other threads."""
    found = [
        e for e in events if e.get("cat") in ("kernel", "gpu_memcpy", "gpu_memset")
    ]
    return found or [
        e
        for e in events
        if e["process"].startswith("/device:GPU") and e["thread"].startswith("Stream")
    ]


def _on_cpu(event):
    return event.get("cat") == "cpu_op" or "hlo_op" in event.get("args", {})


def _end(event):
    return event["ts"] + event["dur"]


def _own_times(parts):
    """(name, microseconds without the parts within) of each part."""
    lines = collections.defaultdict(list)
    for event in parts:
        lines[event["pid"], event["tid"]].append(event)
    for line in lines.values():
        open_parts = []  # [name, own time, end]
        for event in sorted(line, key=lambda e: (e["ts"], -e["dur"])):
            while open_parts and open_parts[-1][2] <= event["ts"]:
                yield tuple(open_parts.pop()[:2])
            if open_parts:
                open_parts[-1][1] -= event["dur"]
            open_parts.append([event["name"], event["dur"], _end(event)])
        yield from (tuple(part[:2]) for part in open_parts)


def _covered(parts):
    """The microseconds in which at least one part ran."""
    covered, end = 0.0, float("-inf")
    for event in sorted(parts, key=lambda e: e["ts"]):
        covered += max(0.0, _end(event) - max(end, event["ts"]))
        end = max(end, _end(event))
    return covered
