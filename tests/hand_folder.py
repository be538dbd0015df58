"""Images by a simulated hand in a plain folder, as somebody would collect them."""

from PIL import Image

from hwgen_keras.sources import PenWriter


def hand_folder(folder, text="あいうかきく", seed=1):
    """Makes the folder, an image a character of `text`; returns its path."""
    folder.mkdir(parents=True)
    writer = PenWriter(seed=seed)
    for number, character in enumerate(text):
        image = Image.fromarray(writer.draw(character, image_size=48))
        image.save(folder / f"{character}_{number}.png")
    return folder


def characters_file(folder, characters):
    """A text file with one character a line; returns its path as text."""
    file = folder / "characters.txt"
    file.write_text("\n".join(characters) + "\n", encoding="utf-8")
    return str(file)
