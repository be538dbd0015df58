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

from .vocabulary import FLAGS  # noqa: E402

# A resumed run may differ from its first start in these alone.
_FREE = {
    *("resume", "run_dir", "given", "steps", "interval", "cache"),
    *("distribute", "profile"),
    *("checkpoint_minutes", "keep_checkpoints", "best_metric", "max_nonfinite"),
}


def define(names, extra=None):
    """Defines flags of the vocabulary, and a script's own, as the script's flags.

    Args:
        names: of the vocabulary; `name=value` in a dict changes a default.
        extra: {name: (define, default, ..., help)} for flags of one script alone.
    """
    for name, definition in {**{n: FLAGS[n] for n in names}, **(extra or {})}.items():
        function, *arguments = definition
        function(name, *arguments)
        # absl's --help lists the flags of the main module alone.
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flags.FLAGS[name])


def run(main, documentation, names, extra=None, argument=None):
    """Parses the flags and calls `main(options)`; the user's mistakes end in a line.

    Args:
        main: of the script.
        documentation: of the script.
        names, extra: of its flags, see `define`.
        argument: the flag whose value may also be given without a name.

    Exit status: 0, or 2 for bad input, or for a run stopped by a signal 0 (SIGTERM) or
    130 (Ctrl-C).
    """
    from hwgen_keras.errors import InputError

    define(names, extra)
    # TensorFlow warns of retracing when a process uses several models in a row.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    if __package__ != "experiments":
        documentation = documentation.replace("python -m experiments.", "hwgen ")
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
            if argument is not None and len(arguments) > 1:
                _take(options, argument, arguments.pop(1))
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


def _take(options, argument, value):
    """Sets a flag that was given without its name, checked as if it had it."""
    from hwgen_keras.errors import InputError

    try:
        flags.FLAGS[argument].parse(value)
    except flags.IllegalFlagValueError as error:
        raise InputError(f"--{argument}: {error}.") from None
    setattr(options, argument, flags.FLAGS[argument].value)
    options.given.add(argument)


def options(names, extra=None, **values):
    """The options of a script as `main` takes them, for calls from Python."""
    defaults = {
        name: definition[1]
        for name, definition in {
            **{n: FLAGS[n] for n in names},
            **(extra or {}),
        }.items()
    }
    # A call from Python keeps nothing behind its caller's back.
    defaults = {**defaults, **({"cache": ""} if "cache" in defaults else {})}
    unknown = set(values) - set(defaults)
    if unknown:
        raise TypeError(f"There are no options {', '.join(sorted(unknown))}.")
    return types.SimpleNamespace(**{**defaults, **values, "given": set(values)})


def call(script, shared, **values):
    """Runs a script's `main` with the options that it knows.

    Args:
        script: a module of experiments.
        shared: options for several scripts.
        **values: options of this one; those that it does not have are left out, too.
    """
    extra = getattr(script, "EXTRA", {})
    known = {*script.FLAGS, *extra}
    arguments = {k: v for k, v in {**shared, **values}.items() if k in known}
    return script.main(options(script.FLAGS, extra, **arguments))


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

    Args:
        options: of a script.
        defaults: {size: {option: value}}; of a script without sizes, {None: …}.

    Raises:
        InputError: there is no run to resume, or it was started with other options.
    """
    if getattr(options, "resume", False):
        _recall(options)
    for name, value in defaults[getattr(options, "size", None)].items():
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


def versions():
    """The backend, and what else may decide a result: a dict for a JSON file."""
    import keras
    import numpy as np

    from hwgen_keras import __version__

    return {
        "backend": keras.backend.backend(),
        "versions": {
            "hwgen_keras": __version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }
