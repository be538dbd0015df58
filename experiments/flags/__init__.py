"""Command-line flags from a script's settings, and how scripts start, call and end."""

import logging
import pathlib
import sys
import warnings

from absl import app, flags

from hwgen_keras import training
from hwgen_keras.errors import InputError, InputWarning, Stopped
from hwgen_keras.settings import as_json, rules_of, type_of

from . import process, quiet

# Here, since processes that a script starts import it, too.
quiet.start()

_DEFINE = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
    tuple: flags.DEFINE_multi_string,
}


def define(settings_class, known=flags.FLAGS):
    """Defines a flag for each setting; absl's `--help` shows it under the script."""
    for name, rule in rules_of(settings_class).items():
        by_size = _by_size(settings_class, name, rule)
        help = rule.help + by_size
        default = None if by_size else as_json(rule.default)
        if rule.separator is not None:
            flags.DEFINE_list(name, default, help, flag_values=known)
        elif isinstance(rule.choices, tuple):
            flags.DEFINE_enum(name, default, rule.choices, help, flag_values=known)
        else:
            define_one = _DEFINE[type_of(settings_class, name)]
            define_one(name, default, help, flag_values=known)
        if rule.alias is not None:
            flags.DEFINE_alias(rule.alias, name, flag_values=known)
        # absl lists the flags of the main module alone.
        known.register_key_flag_for_module(sys.argv[0], known[name])


def given(settings_class, known=flags.FLAGS):
    """{setting: value} of the flags that were given."""
    names = rules_of(settings_class)
    return {name: known[name].value for name in names if known[name].present}


def _by_size(settings_class, name, rule):
    """The default of each model size in words, where `DEFAULTS` has the setting."""
    of_sizes = settings_class.DEFAULTS
    if not any(name in defaults for defaults in of_sizes.values()):
        return ""
    sizes = {}
    for size, defaults in of_sizes.items():
        sizes.setdefault(defaults.get(name, rule.default), []).append(size)
    everywhere = len(sizes) == 1
    sizes.pop(None, None)
    if everywhere:
        return f" Default: {next(iter(sizes))}."
    listed = ", ".join(f"{v} ({', '.join(names)})" for v, names in sizes.items())
    return f" Default: {listed}."


def run(main, settings_class, documentation, argument=None):
    """Parses the flags and calls `main(settings)`; a user's mistake ends in a line.

    Exit status: 0, or 2 for bad input, or for a run stopped by a signal 0 (SIGTERM) or
    130 (Ctrl-C).

    Args:
        main: of the script.
        settings_class: the `Settings` that `main` takes.
        documentation: docstring of the script.
        argument: the setting whose value may also be given without a name.
    """
    define(settings_class)
    # Warnings alone: absl would show what JAX did not find on the machine.
    flags.FLAGS["verbosity"].using_default_value = False
    # TensorFlow warns of retracing when a process uses several models in a row.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    warnings.formatwarning = _one_line
    if __package__ != "experiments.flags":
        documentation = documentation.replace("python -m experiments.", "hwgen ")
    sys.modules["__main__"].__doc__ = documentation.replace("%", "%%")

    def start(arguments):
        values = given(settings_class)
        try:
            if argument is not None and len(arguments) > 1:
                values[argument] = arguments.pop(1)
            if len(arguments) > 1:
                raise InputError(
                    f"{arguments[1]!r} is not a flag; flags are written --name=value."
                )
            main(settings_class(**values))
        except InputError as error:
            print(f"Error: {error}", file=sys.stderr)
            sys.exit(2)
        except Stopped as stop:
            print(stop, file=sys.stderr)
            sys.exit(stop.status)
        except KeyboardInterrupt:
            print("\nInterrupted.", file=sys.stderr)
            sys.exit(130)

    app.run(start, flags_parser=_parse)


def _one_line(message, category, *place, standard=warnings.formatwarning, **line):
    """A warning of this package as a sentence; others name their place in the code."""
    if issubclass(category, InputWarning):
        return f"Warning: {message}\n"
    return standard(message, category, *place, **line)


def _parse(arguments):
    """The arguments that are no flags; a wrong flag ends in a line, too."""
    try:
        return flags.FLAGS(arguments)
    except flags.Error as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(2)


def call(script, shared, **values):
    """Runs `main` of a script, a module, with the values that are settings of it.

    `values` take the place of `shared`, which are for several scripts.
    """
    return script.main(script.Settings.among(shared, **values))


def train(script, arguments, run_dir, log=None, flag="run_dir"):
    """Runs a training in a process of its own, as a user would start or resume it.

    Args:
        script: name of a module of experiments.
        arguments: its flags but --run_dir and --resume.
        run_dir: path of the run folder.
        flag: that names the folder.
        log: open file for its output; None: that of this process.

    Returns:
        The exit status.
    """
    package = __package__.rpartition(".")[0]
    command = [sys.executable, "-m", f"{package}.{script}", *arguments]
    # What failed before its first checkpoint left nothing to resume. A generator's
    # stages have folders of their own.
    folders = (run_dir, pathlib.Path(run_dir, training.STAGES[0]))
    if any(training.checkpoint_folders(run / "checkpoints") for run in folders):
        command.append("--resume")
    command.append(f"--{flag}={run_dir}")
    return process.run(command, log)
