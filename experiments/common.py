"""What every script shares: flags, options, seed, and how mistakes are told.

Nothing here imports Keras before it must: `--help` answers at once.
"""

import json
import logging
import os
import pathlib
import sys
import types

# At 2, TensorFlow reports on every machine without a GPU that it found none.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import app, flags  # noqa: E402

# A resumed run may differ from its first start in these alone.
_FREE = {
    *("resume", "run_dir", "given", "steps", "interval", "cache"),
    *("distribute", "profile"),
    *("checkpoint_minutes", "keep_checkpoints", "best_metric", "max_nonfinite"),
}

# Said here, too, since --help must not load the package's data.
AUGMENTATIONS = (
    "affine (turned, sheared, scaled, moved), perspective (seen from the side), "
    "elastic (bent), stroke (thinner or broader), binarise (half of the images black "
    "and white), gridmask (squares of paper), cutout (a rectangle of paper), erasing "
    "(a rectangle of noise), randaugment (two of them, drawn for each image); or none. "
    "docs/augmentations.png shows them"
)

# name: (define, default, help). One vocabulary for all scripts; a default of None is
# filled in from the script's table for the size, where it has one.
_FLAGS = {
    "handwriting": (
        flags.DEFINE_multi_string,
        [],
        "Manifest of real handwriting, {character: [path or {path, writer}, ...]}; a "
        "path scans.store#123 is an image in a store. May be given several times.",
    ),
    "simulated_writers": (
        flags.DEFINE_integer,
        0,
        "Number of simulated writers (KanjiVG strokes) to add to the handwriting.",
    ),
    "fonts": (
        flags.DEFINE_multi_string,
        [],
        "Font file, a folder that is searched for fonts, or a .store of rendered "
        "glyphs; may be given several times. `system` stands for the installed "
        "Japanese fonts.",
    ),
    "reference_font": (
        flags.DEFINE_string,
        None,
        "Name of the font that step1 takes its contents from; default: the first.",
    ),
    "characters": (
        flags.DEFINE_string,
        "jis1",
        "Character set: kana, etl8, jis1, or a text file with one character a line.",
    ),
    "skip_unknown_characters": (
        flags.DEFINE_boolean,
        False,
        "Leave out what a manifest has outside the character set.",
    ),
    "writer_pattern": (
        flags.DEFINE_string,
        None,
        "Regular expression that finds the writer in a manifest's paths (its first "
        "group, or the whole match).",
    ),
    "structure_file": (
        flags.DEFINE_string,
        None,
        "JSON of structures, {character: ['⿰ 女 子']}; default: the shipped ones.",
    ),
    "size": (
        flags.DEFINE_enum,
        "small",
        ["tiny", "small", "base"],
        "Model size: tiny (tests), small (a CPU), base (the paper's).",
    ),
    "image_size": (
        flags.DEFINE_integer,
        None,
        "Side of the images in pixels; default: 64 (tiny, small) or the paper's.",
    ),
    "batch_size": (flags.DEFINE_integer, None, "Images, or pairs, in a batch."),
    "steps": (
        flags.DEFINE_integer,
        None,
        "Optimiser steps; default: as many as the paper's epochs (base).",
    ),
    "learning_rate": (flags.DEFINE_float, None, "Adam's learning rate."),
    "schedule": (
        flags.DEFINE_enum,
        None,
        ["constant", "cosine", "plateau"],
        "The learning rate stays as it is, or falls to 0 along half a cosine over "
        "--steps (default of tiny and small), or falls when the loss does not "
        "(published for text encoder and CLIP, whose default of base it is; base's "
        "other default is constant).",
    ),
    "warmup_steps": (
        flags.DEFINE_integer,
        0,
        "Steps in which the learning rate rises from 0; they count to --steps. 0 as "
        "published.",
    ),
    "clip_norm": (
        flags.DEFINE_float,
        None,
        "Longest gradient of a network (of all its weights together); a longer one is "
        "shortened to it. Default: as published, none.",
    ),
    "accumulate": (
        flags.DEFINE_integer,
        1,
        "Batches whose gradients are averaged for one update; --steps and the "
        "schedule go on counting batches. Batch normalisation sees single batches.",
    ),
    "seed": (flags.DEFINE_integer, 0, "Seed of everything random."),
    "dtype_policy": (
        flags.DEFINE_enum,
        "float32",
        ["float32", "mixed_bfloat16", "mixed_float16"],
        "Keras dtype policy.",
    ),
    "jit_compile": (
        flags.DEFINE_boolean,
        None,
        "Compile the step with XLA; default: on JAX only.",
    ),
    "distribute": (
        flags.DEFINE_enum,
        "none",
        ["none", "data"],
        "Train on one device, or let all devices share the rows of each batch "
        "(TensorFlow, JAX); --batch_size counts the rows of all of them.",
    ),
    "steps_per_execution": (
        flags.DEFINE_integer,
        1,
        "Steps that TensorFlow or JAX makes before Python looks at the run again; "
        "--interval must be a multiple of it.",
    ),
    "profile": (
        flags.DEFINE_string,
        None,
        "FIRST:LAST, steps to record a profile of, such as 20:25; it goes to "
        "logs/plugins/profile of the run folder.",
    ),
    "interval": (
        flags.DEFINE_integer,
        None,
        "Steps between two log entries, pictures and checkpoints; default: a "
        "twentieth of the run, from 10 to 1000.",
    ),
    "checkpoint_minutes": (
        flags.DEFINE_float,
        10.0,
        "Longest time between two checkpoints, beside those at every --interval; 0: "
        "these alone.",
    ),
    "keep_checkpoints": (
        flags.DEFINE_integer,
        2,
        "How many of the last checkpoints to keep.",
    ),
    "best_metric": (
        flags.DEFINE_string,
        None,
        "Keep the checkpoint with the best value of this metric of history.jsonl, too: "
        "the lowest, or of an accuracy the highest. Default: none.",
    ),
    "max_nonfinite": (
        flags.DEFINE_integer,
        3,
        "Intervals in a row whose loss is not a finite number, though all weights are, "
        "that end a run; weights that are not end it at once.",
    ),
    "run_dir": (
        flags.DEFINE_string,
        None,
        "Folder of this run; default: runs/<script>/<number>.",
    ),
    "resume": (
        flags.DEFINE_boolean,
        False,
        "Continue the run in --run_dir as if it had never stopped.",
    ),
    "augment": (
        flags.DEFINE_string,
        "none",
        f"Augmentations, joined by commas: {AUGMENTATIONS}.",
    ),
    "image_weights": (
        flags.DEFINE_string,
        None,
        "Trained image encoder: image_encoder.keras, or its run folder.",
    ),
    "text_weights": (
        flags.DEFINE_string,
        None,
        "Trained text encoder: text_encoder.keras, or its run folder.",
    ),
    "clip_weights": (
        flags.DEFINE_string,
        None,
        "Trained CLIP: clip.keras, or its run folder.",
    ),
    "generator_weights": (
        flags.DEFINE_string,
        None,
        "Trained generator: generator.keras, or its run folder.",
    ),
    "discriminator_weights": (
        flags.DEFINE_string,
        None,
        "Trained discriminator: discriminator.keras, or its run folder.",
    ),
    "cache": (
        flags.DEFINE_string,
        "runs/cache",
        "Folder that keeps rendered glyphs and cleaned images for the next start; it "
        "may be deleted at any time. Empty: keep nothing, work in memory on one core.",
    ),
    "output": (flags.DEFINE_string, None, "What to make; it must not exist yet."),
}
# What every script that trains a model takes; `image_size` is for those with images.
TRAINING = (
    *("size", "batch_size", "steps", "learning_rate", "seed", "schedule"),
    *("warmup_steps", "clip_norm", "accumulate"),
    *("dtype_policy", "jit_compile", "distribute"),
    *("interval", "run_dir", "resume"),
    *("steps_per_execution", "profile"),
    *("checkpoint_minutes", "keep_checkpoints", "best_metric", "max_nonfinite"),
)


def define(names, extra=None):
    """Defines flags of the vocabulary, and a script's own, as the script's flags.

    Args:
        names: of the vocabulary; `name=value` in a dict changes a default.
        extra: {name: (define, default, ..., help)} for flags of one script alone.
    """
    for name, definition in {**{n: _FLAGS[n] for n in names}, **(extra or {})}.items():
        function, *arguments = definition
        function(name, *arguments)
        # absl's --help lists the flags of the main module alone.
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])


def run(main, documentation, names, extra=None):
    """Parses the flags and calls `main(options)`; the user's mistakes end in a line.

    Exit status: 0, or 2 for bad input, or for a run stopped by a signal 0 (SIGTERM) or
    130 (Ctrl-C).
    """
    from hwgen_keras.errors import InputError

    define(names, extra)
    # TensorFlow warns of retracing when a process uses several models in a row.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.modules["__main__"].__doc__ = documentation.replace("%", "%%")

    def start(arguments):
        options = types.SimpleNamespace(
            **{name: flags.FLAGS[name].value for name in [*names, *(extra or {})]}
        )
        options.given = {
            name
            for name in vars(options)
            if name in flags.FLAGS and flags.FLAGS[name].present
        }
        try:
            if len(arguments) > 1:
                raise InputError(
                    f"{arguments[1]!r} is not a flag; flags are written --name=value."
                )
            main(options)
        except InputError as error:
            sys.exit(_complain(str(error)))
        except Stopped as stop:
            print(stop, file=sys.stderr)
            sys.exit(stop.status)
        except KeyboardInterrupt:
            print("\nInterrupted.", file=sys.stderr)
            sys.exit(130)

    app.run(start)


def options(names, extra=None, **values):
    """The options of a script as `main` takes them, for calls from Python."""
    defaults = {
        name: definition[1]
        for name, definition in {
            **{n: _FLAGS[n] for n in names},
            **(extra or {}),
        }.items()
    }
    # A call from Python keeps nothing behind its caller's back.
    defaults = {**defaults, **({"cache": ""} if "cache" in defaults else {})}
    unknown = set(values) - set(defaults)
    if unknown:
        raise TypeError(f"There are no options {', '.join(sorted(unknown))}.")
    return types.SimpleNamespace(**{**defaults, **values, "given": set(values)})


class Stopped(Exception):
    """A signal ended the run after a whole step; the message says how to go on.

    Args:
        message: of one sentence.
        status: with which a script exits.
    """

    def __init__(self, message, status=130):
        super().__init__(message)
        self.status = status


def _complain(message):
    print(f"Error: {message}", file=sys.stderr)
    return 2


def complete(options, defaults):
    """Sets options that were not given: as the run to resume has them, or by the size.

    Raises:
        InputError: there is no run to resume, or it was started with other options.
    """
    if getattr(options, "resume", False):
        _recall(options)
    for name, value in defaults[options.size].items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)


def _recall(options):
    from hwgen_keras.errors import InputError

    if options.run_dir is None:
        raise InputError("--resume needs --run_dir, the folder to continue.")
    folder = pathlib.Path(options.run_dir)
    # The four steps of a generator are runs in folders of their own.
    config, of_step = folder / "config.json", folder / "step1" / "config.json"
    several = not config.exists() and of_step.exists()
    if several:
        config = of_step
    if not config.exists():
        raise InputError(
            f"--resume: {folder} holds no run to continue; check --run_dir."
        )
    before = json.loads(config.read_text(encoding="utf-8"))["flags"]
    free = _FREE | {"step"} if several else _FREE
    for name, value in vars(options).items():
        if name not in before or name in ("given", "resume", "run_dir"):
            continue
        if name not in options.given and not (several and name == "step"):
            setattr(options, name, before[name])
        elif name not in free and value != before[name]:
            raise InputError(
                f"--resume: the run was started with --{name}={before[name]} and "
                f"cannot go on with {value}; leave the flag out."
            )


def check_positive(options, *names):
    """Raises InputError unless each option is None or above 0."""
    from hwgen_keras.errors import InputError

    for name in names:
        value = getattr(options, name)
        if value is not None and value <= 0:
            raise InputError(f"--{name} is {value}; give a number above 0.")


def set_up(options):
    """Seeds Python, NumPy and the backend; returns whether to compile with XLA."""
    import keras

    if options.seed < 0:
        from hwgen_keras.errors import InputError

        raise InputError(f"--seed is {options.seed}; give 0 or more.")
    keras.utils.set_random_seed(options.seed)
    if options.jit_compile is None:
        return keras.backend.backend() == "jax"
    return options.jit_compile
