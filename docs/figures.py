"""python docs/figures.py [RUN]

Writes the figures and pictures again that the pages show of a fresh machine: runs the
demo as `make demo` does, keeps what it measured in docs/figures.json, and writes the
marked places of the pages and docs/demo.png from that. Then it draws the pictures of
docs/written.py, docs/forms.py and docs/augmentations.py. RUN, the folder of a demo that
has ended, takes the place of a new run.
"""

import json
import os
import pathlib
import re
import runpy
import shutil
import sys
import tempfile
import textwrap

from experiments import demo
from hwgen_keras import evaluation
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_json, write_text

ROOT = pathlib.Path(__file__).parent.parent
STORED = ROOT / "docs" / "figures.json"
PICTURES = ("written", "forms", "augmentations")
PAGE_WIDTH = 100


def measured(run):
    """What a demo measured, and with what, a dict for JSON.

    Args:
        run: path of its run folder.

    Raises:
        InputError: it has not ended, or had other settings than `make demo`.
    """
    if not (run / "metrics.json").is_file():
        raise InputError(f"{run} holds no metrics.json; give the folder of a demo.")
    config, metrics = (
        json.loads((run / f"{name}.json").read_text("utf-8"))
        for name in ("config", "metrics")
    )
    others = {**config["flags"], "run_dir": None}
    if others != demo.Settings().values():
        raise InputError(f"{run} had flags; the figures are those of a demo without.")
    versions = config["versions"]
    # Of the machine, and not of the result.
    minutes = {part: round(value, 1) for part, value in metrics.pop("minutes").items()}
    return {
        "started": config["started"].partition("T")[0],
        "backend": config["backend"],
        "versions": {**versions, "python": versions["python"].rpartition(".")[0]},
        "seed": others["seed"],
        "cores": os.cpu_count(),
        "minutes": minutes,
        **metrics,
    }


def table(figures):
    """The demo's table for a page, and what it was measured with."""
    header, rows = evaluation.arms_table(figures["recognisers"])
    header = [header[0].lower(), header[1].lower()]
    rows = [[name, "{:.1f} ± {:.1f}".format(*accuracy)] for name, accuracy, *_ in rows]
    lines = [f"| {' | '.join(row)} |" for row in (header, *rows)]
    said = textwrap.fill(f"*{conditions(figures)}*", PAGE_WIDTH)
    return "\n".join([lines[0], "|---|---|", *lines[1:], "", said])


def conditions(figures):
    """With what the figures were measured, in a sentence."""
    versions = figures["versions"]
    backend = figures["backend"]
    name = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}[backend]
    seeds = figures["recognisers"][0]["seeds"]
    return (
        f"{figures['images']} images; {seeds} seeds of the recogniser, from "
        f"{figures['seed']} on; no font but {' and '.join(figures['fonts'])}; "
        f"{name} {versions[backend]}, Keras {versions['keras']}, hwgen_keras "
        f"{versions['hwgen_keras']}."
    )


def sentence(figures):
    """The demo's last three recognisers in a sentence."""
    rows = evaluation.arms_table(figures["recognisers"])[1][-3:]
    texts = ["{:.1f} ± {:.1f} %".format(*row[1]) for row in rows]
    return textwrap.fill(
        "After three simulated hands and the font a recogniser reads "
        f"{texts[0]} of what other hands wrote, with AdaIN's images {texts[1]}, with "
        f"a stroke writer's {texts[2]} ([figures](docs/get-started.md#the-demo)).",
        PAGE_WIDTH,
        break_on_hyphens=False,
    )


# {page: what stands in its marked place}.
PAGES = {"README.md": sentence, "docs/get-started.md": table}
PLACE = re.compile(r"(?s)(<!-- make figures -->\n).*?(\n<!-- end -->)")


def filled(text, content):
    """A page whose marked place has another content."""
    if len(PLACE.findall(text)) != 1:
        raise InputError("A page needs one place from `make figures` to `end`.")
    return PLACE.sub(lambda match: match[1] + content + match[2], text)


def main(run=None):
    with tempfile.TemporaryDirectory() as folder:
        if run is None:
            run = pathlib.Path(folder, "demo")
            demo.main(demo.Settings(run_dir=run))
        figures = measured(pathlib.Path(run))
        shutil.copy(pathlib.Path(run, "written.png"), ROOT / "docs" / "demo.png")
    write_json(STORED, figures)
    for name, content in PAGES.items():
        page = ROOT / name
        write_text(page, filled(page.read_text("utf-8"), content(figures)))
    for name in PICTURES:
        runpy.run_path(str(ROOT / "docs" / f"{name}.py"), run_name="__main__")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except InputError as error:
        sys.exit(f"Error: {error}")
