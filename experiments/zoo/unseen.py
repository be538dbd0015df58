"""Fonts that are no test, since a training saw their hand under another name."""

import numpy as np

from hwgen_keras import evaluation, inputs
from hwgen_keras.characters import CharacterSet, script_of
from hwgen_keras.errors import InputError

# Characters of each script that are compared.
_EACH = 30


def known_hands(settings, flag, images, characters):
    """The hands of test fonts that fonts of the trainings show, too.

    Args:
        settings: of reproduce.
        flag: name of the flag of the test fonts.
        images: `Images`.
        characters: the `CharacterSet` of the model.

    Returns:
        A list of `SameHand`, as dicts for JSON.
    """
    tests, learned = getattr(settings, flag), (*settings.fonts, *settings.hand_fonts)
    if not tests or not learned:
        return []
    some = _some(characters)
    known, asked = (
        inputs.load_store(images, fonts=fonts, characters=some)
        for fonts in (learned, tests)
    )
    found = [hand._asdict() for hand in evaluation.same_hands(known, asked)]
    for hand in found:
        print(f"--{flag}: {told(hand)}, and are left out.", flush=True)
    return found


def told(hand):
    """What is known of a dict of `known_hands`, a sentence without its end."""
    script = "marks and letters" if hand["script"] == "others" else hand["script"]
    return (
        f"the {script} of {hand['test']} are those of {hand['known']} of the training "
        f"(correlation {hand['correlation']:.2f})"
    )


def without(store, hands, flag):
    """The rows of a store that are of no such hand.

    Args:
        store: `ImageStore` of test fonts.
        hands: of `known_hands`.
        flag: see `known_hands`.

    Raises:
        InputError: no row is left.
    """
    known = {(hand["test"], hand["script"]) for hand in hands}
    scripts = [script_of(character) for character in store.characters]
    kept = [
        (store.source_names[source], scripts[label]) not in known
        for source, label in zip(store.sources, store.labels, strict=True)
    ]
    if not any(kept):
        raise InputError(
            f"--{flag}: {told(hands[0])}, and there is no other test font; give others."
        )
    return store.select(np.flatnonzero(kept))


def _some(characters):
    """A set of some characters of each script."""
    by_script: dict[str, list] = {}
    for character in characters:
        by_script.setdefault(script_of(character), []).append(character)
    chosen = []
    for known in by_script.values():
        places = np.linspace(0, len(known) - 1, min(_EACH, len(known)))
        chosen += [known[place] for place in np.unique(places.round().astype(int))]
    return CharacterSet("some", chosen)
