"""The command `hwgen NAME --flags`: runs the script NAME of this folder.

Without a name it lists all scripts. From a checkout: `python -m experiments NAME`.
"""

import ast
import difflib
import os
import pathlib
import re
import runpy
import sys
import textwrap

from hwgen_keras import __version__

# In the order in which they are used.
SCRIPTS = (
    *("demo", "prepare_etl", "prepare_pages", "prepare_fonts"),
    *("prepare_strokes", "inspect_data"),
    *("train_image_encoder", "train_text_encoder", "train_clip"),
    *("train_generator", "train_diffusion", "train_writer", "generate"),
    *("train_classifier", "evaluate_classifier", "adapt_hand", "specimen"),
    *("make_font", "export"),
    *("measure_generated", "augmentation_gain", "unseen_characters"),
    *("study_training", "reproduce", "refresh"),
)


def main():
    """Runs the script that the first argument names; returns the exit status."""
    command = pathlib.Path(sys.argv[0]).stem
    if command == "__main__":
        command = f"python -m {__package__}"
    name, *flags = sys.argv[1:] or ["--help"]
    if name in ("-h", "--help", "help"):
        try:
            print(overview(command), flush=True)
        except BrokenPipeError:  # `hwgen | head` reads no more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if name == "--version":
        print(f"hwgen_keras {__version__}")
        return 0
    script = name.replace("-", "_")
    if script not in SCRIPTS:
        near = difflib.get_close_matches(script, SCRIPTS, 1)
        advice = f"did you mean {near[0]}?" if near else f"`{command}` lists all."
        print(f"Error: There is no command {name!r}; {advice}", file=sys.stderr)
        return 2
    sys.argv[1:] = flags
    # As `python -m` does: processes that a script starts find its functions again.
    runpy.run_module(f"{__package__}.{script}", run_name="__main__", alter_sys=True)
    return 0


def overview(command):
    """All scripts, a sentence each; none is imported."""
    width = max(map(len, SCRIPTS)) + 4
    lines = [f"Usage: {command} NAME --flag=value ...", ""]
    for name in SCRIPTS:
        start = f"  {name}".ljust(width)
        lines += textwrap.wrap(
            summary(name), 88, initial_indent=start, subsequent_indent=" " * width
        )
    return "\n".join([*lines, "", f"The flags of a script: {command} NAME --help"])


def summary(name):
    """The first sentence of a script's docstring, after the command that runs it."""
    source = pathlib.Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    documentation = ast.get_docstring(ast.parse(source)) or ""
    text = " ".join(documentation.partition("\n\n")[2].split())
    first = re.match(r"(Step [^:]*: )?.*?[.:;?](?= |$)", text)
    return first[0].rstrip(":;.") if first else text


if __name__ == "__main__":
    sys.exit(main())
