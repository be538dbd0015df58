"""Classifiers as readers of another character set than that of their training."""

from keras import ops

from hwgen_keras.characters import Domain
from hwgen_keras.errors import InputError
from hwgen_keras.models.classifier import Classifier


def reader_of(classifier, characters, name):
    """The classifier whose classes are the characters of a set, in their order.

    A classifier of more characters, or of another order, is mapped by character: the
    result chooses among the characters of the set alone, and shares the encoder.

    Args:
        classifier: a built `Classifier`.
        characters: a `CharacterSet`.
        name: the flag that names the classifier, for the error.

    Returns:
        A `Classifier` of `len(characters)` classes.

    Raises:
        InputError: the classifier does not know a character, or does not name its
            characters and has another number of them.
    """
    trained = classifier.characters
    remedy = "give the set it was trained with as --characters"
    if trained is None or classifier.domain.names == characters.characters:
        given, name = Domain.of_characters(characters), f"{name}: the classifier"
        classifier.domain.check(given, name, remedy)
        classifier.domain.warn_unnamed(name)
        return classifier
    places = {character: place for place, character in enumerate(trained)}
    unknown = [character for character in characters if character not in places]
    if unknown:
        more = f" and {len(unknown) - 5} others" if unknown[5:] else ""
        raise InputError(
            f"{name}: the classifier of {len(trained)} characters does not read "
            f"{'、'.join(unknown[:5])}{more} of --characters={characters.name}; "
            f"{remedy}."
        )
    print(
        f"{name}: the classifier reads {len(trained)} characters; it chooses among the "
        f"{len(characters)} of --characters={characters.name}.",
        flush=True,
    )
    ids = [places[character] for character in characters]
    reader = Classifier(
        classifier.encoder,
        len(ids),
        characters=characters,
        dtype=classifier.dtype_policy,
    )
    reader.build()
    kernel, bias = map(ops.convert_to_numpy, classifier.to_logits.weights)
    reader.to_logits.set_weights([kernel[:, ids], bias[ids]])
    return reader
