"""python -m experiments.train_text_encoder --characters=jis1

Step 1b: trains the text encoder of CLIP to tell the character from its structure (an
ideographic description sequence). Needs no images. Writes text_encoder.keras into the
run folder.
"""

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (
    *("characters", "structure_file"),
    *TRAINING,
)
DEFAULTS = {
    "tiny": {
        "batch_size": 32,
        "steps": 200,
        "learning_rate": 2e-3,
        "schedule": "cosine",
    },
    "small": {
        "batch_size": 128,
        "steps": 2000,
        "learning_rate": 5e-4,
        "schedule": "cosine",
    },
    "base": {"batch_size": 512, "learning_rate": 1e-4, "schedule": "plateau"},
}
BASE_EPOCHS = 200
# Of the plateau: PyTorch's defaults, which the original takes here.
FACTOR, PATIENCE = 0.1, 10


def main(options):
    from hwgen_keras.data import StructureSampler, feed
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.models import SIZES, Classifier, TextEncoder
    from hwgen_keras.training import run as training
    from hwgen_keras.training.devices import distributed, share
    from hwgen_keras.training.plateau import plateau
    from hwgen_keras.training.recipes import check_schedule, compiled

    common.complete(options, DEFAULTS)
    common.check_positive(options, "batch_size", "steps", "learning_rate")
    check_schedule(options)
    with training.Run("train_text_encoder", options) as run, distributed(run):
        jit = common.set_up(options)

        characters = inputs.load_characters(options)
        tokenizer = inputs.load_tokenizer(options, characters)
        sampler = StructureSampler(characters, tokenizer, seed=options.seed)
        if options.steps is None:
            options.steps = max(1, BASE_EPOCHS * len(characters) // options.batch_size)

        policy = options.dtype_policy
        encoder = TextEncoder(
            tokenizer.vocabulary_size,
            tokenizer.length,
            **SIZES[options.size]["text_encoder"],
            dtype=policy,
        )
        model = compiled(
            Classifier(encoder, len(characters), dtype=policy),
            options,
            jit,
        )

        def make_feed(first, steps):
            return feed(
                None,
                sampler,
                steps=steps,
                start_step=first,
                outputs=("tokens", "label"),
                kind="python",
                **share(options),
            )

        extra = plateau(options, len(characters), FACTOR, PATIENCE)
        training.fit(run, model, make_feed, extra=extra)

        path = run.save(model, "text_encoder.keras")
        run.write_json("vocabulary.json", tokenizer.vocabulary)
        history = training.read_history(run)
        run.write_json("metrics.json", {k: v[-1] for k, v in history.items()})
        print(f"Training accuracy {history['accuracy'][-1]:.3f}. Saved {path}")
        return path


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS)
