"""The flags that several scripts take: one vocabulary, each flag said once."""

from absl import flags

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
FLAGS = {
    "handwriting": (
        flags.DEFINE_multi_string,
        [],
        "Manifest of real handwriting, {character: [path or {path, writer}, ...]}, a "
        "folder with a manifest.json or with images named by character (あ_2.png), or "
        "a .store; a path scans.store#123 in a manifest is an image in a store. May be "
        "given several times.",
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
