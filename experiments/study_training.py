"""python -m experiments.study_training --fonts=FONTS --handwriting=MANIFEST
    --clip_weights=RUN --reader=RUN --hands=MANIFEST --output=FOLDER
    --arm=published= --arm="averaged=--ema=0.99"

Which settings of the generator's training help? Trains one generator an arm and seed,
has each write every character in the hands of writers it has never seen (--hands),
and lets a recogniser trained on other people (--reader) read what it wrote. Prints a
table and writes it as study.json, with a sheet of images an arm, into the folder.
Interrupted, the same command goes on.
"""

import json
import pathlib
import shlex
import subprocess
import sys

from .flags import common

FLAGS = (
    *("fonts", "handwriting", "simulated_writers", "characters"),
    *("skip_unknown_characters", "writer_pattern", "structure_file", "clip_weights"),
    *("size", "image_size", "steps", "dtype_policy", "cache", "output"),
)
EXTRA = {
    "arm": (
        common.flags.DEFINE_multi_string,
        [],
        "NAME=FLAGS: flags of train_generator for this arm; may be empty. Repeat it.",
    ),
    "common_flags": (
        common.flags.DEFINE_string,
        "--step=step_end",
        "Flags of train_generator for every arm.",
    ),
    "seeds": (common.flags.DEFINE_integer, 3, "Trainings an arm, seeds 0, 1, ..."),
    "reader": (
        common.flags.DEFINE_string,
        None,
        "Recogniser of other writers: classifier.keras, or its run folder.",
    ),
    "hands": (
        common.flags.DEFINE_string,
        None,
        "Manifest of writers who are in no training: the styles to imitate.",
    ),
    "count": (common.flags.DEFINE_integer, 10, "Images to read of a character."),
}
DEFAULTS = {size: {"image_size": 32} for size in ("tiny", "small", "base")}
# measure: (heading, digits); `truth` is what the hands themselves wrote.
MEASURES = {
    "read": ("Read %", 1),
    "confidence": ("Confidence %", 1),
    "distance": ("Distance to the hand", 2),
    "spread": ("Spread", 2),
    "ink": ("Ink", 2),
}


def main(options):
    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.models import Classifier, load_trained

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "steps", "seeds", "count")
    for flag in ("reader", "hands", "arm", "output", "clip_weights"):
        if not getattr(options, flag):
            raise InputError(f"--{flag} is needed.")
    inputs.check_given(options, ("fonts", "handwriting"))
    arms = {}
    for arm in options.arm:
        name, equals, flags = arm.partition("=")
        if not (name and equals):
            raise InputError(f"--arm={arm}: write it as NAME=FLAGS.")
        arms[name] = shlex.split(flags)
    reader = load_trained(options.reader, Classifier, "--reader", "classifier.keras")
    probes = Probes(options, reader)
    folder = pathlib.Path(options.output)
    results = {}
    for seed in range(options.seeds):
        for name, flags in arms.items():
            run = folder / f"{name}-{seed}"
            train(options, run, seed, flags)
            measured = probes.measure(run / "generator.keras", run / "sheet.png")
            print(f"{name}, seed {seed}: {measured}", flush=True)
            results.setdefault(name, []).append(measured)
    return report(folder, options, arms, results, probes.truth())


def train(options, run, seed, flags):
    """Trains one generator in a process of its own, or goes on with it."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.training.checkpoints import checkpoint_folders

    if (run / "generator.keras").exists():
        return
    command = [sys.executable, "-m", f"{__package__}.train_generator"]
    for name in (*FLAGS, "seed", "run_dir"):
        value = {"seed": seed, "run_dir": run}.get(name, getattr(options, name, None))
        if name == "output" or value is None:
            continue
        for one in value if isinstance(value, list) else [value]:
            command.append(f"--{name}={one}")
    command += [*shlex.split(options.common_flags), *flags]
    # What failed before its first checkpoint left nothing to go on with.
    if checkpoint_folders(run / "checkpoints"):
        command.append("--resume")
    run.parent.mkdir(parents=True, exist_ok=True)
    log = run.with_name(f"{run.name}.log")
    with open(log, "ab") as file:
        code = subprocess.run(command, stdout=file, stderr=file).returncode
    # A training that SIGTERM ended has saved its state and ends with 0.
    if code or not (run / "generator.keras").exists():
        lines = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
        raise InputError(f"The training {run} ended with {code}: {lines[-1]}")


class Probes:
    """What every generator is asked to write, and how it is judged."""

    def __init__(self, options, reader):
        import numpy as np

        from hwgen_keras.data import HANDWRITING, ImageStore
        from hwgen_keras.generation import GenerationSampler
        from hwgen_keras.inputs import loading as inputs

        characters = inputs.load_characters(options)
        fonts = inputs.load_store(options, ("fonts",), handwriting=False)
        self.hands = inputs.load_images(options, options.hands, characters, HANDWRITING)
        store = ImageStore.merge([fonts, self.hands])
        tokenizer = inputs.load_tokenizer(options, store.characters)
        self.reader, self.store = reader, store
        self.sampler = GenerationSampler(store, options.count, tokenizer, seed=0)
        table = self.sampler.epoch(0)
        self.labels = table["label"]
        # What the same hand made of the same character, where it wrote it.
        key = store.sources.astype(np.int64) * len(store.characters) + store.labels
        written = {k: i for i, k in enumerate(key) if store.kinds[i] == HANDWRITING}
        wanted = store.sources[table["style"]].astype(np.int64)
        wanted = wanted * len(store.characters) + self.labels
        self.twins = np.array([written.get(k, -1) for k in wanted])

    def measure(self, path, sheet):
        """What the reader makes of all images by one generator, a dict."""
        import keras
        import numpy as np

        from hwgen_keras.data import feed
        from hwgen_keras.evaluation import grid
        from hwgen_keras.files import complete_file
        from hwgen_keras.generation import inputs_of, to_uint8
        from hwgen_keras.models import GENERATORS, load_trained, with_policy

        generator = load_trained(path, GENERATORS, "--output")
        generator = with_policy(generator, "float32")
        size, rows = 64, self.sampler.rows_per_epoch
        batches = feed(self.store, self.sampler, size, -(-rows // size), kind="python")
        images = [
            generator.predict_on_batch(inputs_of(generator, batches[i], 0, i * size))
            for i in range(len(batches))
        ]
        # As a file would keep them: eight bits.
        grey = to_uint8(np.concatenate(images)[:rows])
        with complete_file(sheet) as partial:
            first = np.arange(0, rows, self.sampler.count)
            grid(grey[first], 23).save(partial, "PNG")
        keras.backend.clear_session()
        return self._judge(grey, self.labels, self.twins)

    def truth(self):
        """The same measures of what the hands themselves wrote."""
        import numpy as np
        from hwgen_keras.training.recipes import placed

        indices = np.arange(len(self.hands))
        images = placed(self.hands, indices)[..., 0]
        grey = np.rint((images + 1) * 127.5).astype(np.uint8)
        return self._judge(grey, self.hands.labels, np.full(len(grey), -1))

    def _judge(self, grey, labels, twins):
        import numpy as np
        from hwgen_keras.training.recipes import placed
        from keras import ops

        def encode(images):
            return self.reader.encoder.predict(images, verbose=0, batch_size=256)

        images = grey[..., None].astype("float32") / 127.5 - 1
        codes = encode(images)
        logits = ops.convert_to_numpy(self.reader.to_logits(codes))
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        rows = np.arange(len(labels))
        result = {
            "read": 100 * float(np.mean(logits.argmax(axis=1) == labels)),
            "confidence": 100 * float(np.mean(odds[rows, labels])),
        }
        known = twins >= 0
        if known.any():
            real = encode(placed(self.store, twins[known]))
            apart = np.linalg.norm(codes[known] - real, axis=1)
            result["distance"] = float(np.mean(apart))
        centres = {k: codes[labels == k].mean(axis=0) for k in np.unique(labels)}
        centre = np.stack([centres[k] for k in labels])
        result["spread"] = float(np.mean(np.linalg.norm(codes - centre, axis=1)))
        # Blackness of the darkest twentieth of each image, from 0 to 1.
        darkest = np.sort(grey.reshape(len(grey), -1), axis=1)
        darkest = darkest[:, : darkest.shape[1] // 20]
        result["ink"] = float(1 - darkest.mean() / 255)
        return result


def report(folder, options, arms, results, truth):
    """Writes and prints the table of means and deviations over the seeds."""
    import statistics

    from hwgen_keras.evaluation import text_table
    from hwgen_keras.files import write_text

    def cell(values, digits):
        if not values:
            return ""
        text = f"{statistics.fmean(values):.{digits}f}"
        if len(values) > 1:
            text += f" ± {statistics.stdev(values):.{digits}f}"
        return text

    rows = [
        [name]
        + [
            cell([one[m] for one in measured if m in one], digits)
            for m, (_, digits) in MEASURES.items()
        ]
        for name, measured in {**results, "the hands": [truth]}.items()
    ]
    values = {
        "steps": options.steps,
        "image_size": options.image_size,
        "common_flags": options.common_flags,
        "arms": {name: shlex.join(flags) for name, flags in arms.items()},
        "results": results,
        "hands": truth,
    }
    write_text(
        folder / "study.json", json.dumps(values, ensure_ascii=False, indent=1) + "\n"
    )
    header = ["Arm", *(heading for heading, _ in MEASURES.values())]
    print(text_table(header, rows))
    print(f"Saved {folder / 'study.json'}")
    return values


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
