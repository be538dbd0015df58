"""What became of the samples: a message, and a file of those that were refused."""

from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text

from .parts import REMARKS

# Refused samples that a message names.
_NAMED = 5
_WORDS = {
    "joined": "have strokes that were written as one",
    "split": "have a stroke that was written in pieces",
    "left_out": "lack a stroke",
    "ignored": "have specks or touches that were left out",
}


def report(record, refused, path):
    """Prints how many samples were matched, how, and which ones were refused.

    Args:
        record: of `match`.
        refused: list of (name of the sample or file, why).
        path: of a file to write, with a line for each refused sample.

    Raises:
        InputError: no sample was matched.
    """
    write_text(path, "".join(f"{name}: {why}\n" for name, why in refused))
    if not record["matched"]:
        name, why = refused[0]
        raise InputError(
            f"--online: none of the {len(refused)} samples could be matched ({name}: "
            f"{why}); {path} tells why."
        )
    print(f"{len(record['matched'])} samples were matched, {len(refused)} refused.")
    for remark in REMARKS:
        if record[remark]:
            print(f"{len(record[remark])} of the matched {_WORDS[remark]}.")
    for name, why in refused[:_NAMED]:
        print(f"Refused: {name}: {why}.")
    if refused[_NAMED:]:
        print(f"Refused: {len(refused) - _NAMED} more; {path} names all.")
