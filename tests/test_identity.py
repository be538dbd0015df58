"""What ids stand for is saved with models and runs, and compared where two meet."""

import json

import keras
import networks
import numpy as np
import pytest
from hand_folder import characters_file, hand_folder
from networks import BACKEND

import hwgen_keras as hw
from experiments import (
    evaluate_classifier,
    generate,
    train_clip,
    train_generator,
    train_text_encoder,
)
from hwgen_keras.bundle import read_run
from hwgen_keras.characters import CharacterSet, Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.generation import load_reader
from hwgen_keras.layers import ensure_built
from hwgen_keras.models import (
    AdaINGenerator,
    Classifier,
    ImageEncoder,
    load_trained,
    reader_of,
    with_policy,
)
from hwgen_keras.training import check_text_encoder, generator_networks

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

ORDER, OTHER_ORDER = "あいうか", "いあうか"
FOUR = CharacterSet("four", ORDER)


def saved(model, path):
    ensure_built(model)
    model.save(path)
    return path


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    model = Classifier(ImageEncoder(widths=(8, 16)), 4, characters=ORDER)
    model.build()
    return model


def logits_of(model):
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 16, 1)).astype("float32")
    return np.asarray(model.predict_on_batch(images))


class TestFiles:
    def test_names_are_saved_and_survive_another_policy(self, classifier, tmp_path):
        path = saved(classifier, tmp_path / "classifier.keras")
        loaded = load_trained(path, Classifier, "--arm")
        assert loaded.characters == ORDER
        assert with_policy(loaded, "mixed_bfloat16").characters == ORDER

    def test_a_generator_names_its_classes_and_its_tokens(self, tmp_path):
        tokenizer = networks.tokenizer()
        encoder = networks.text_encoder(vocabulary=tokenizer.vocabulary)
        tower = hw.TextTower(encoder, 16)
        for condition, names in (
            (hw.EmbeddingCondition(4, 16, 8, ORDER), tuple(ORDER)),
            (hw.CLIPCondition(tower, 16), tokenizer.vocabulary),
        ):
            model = AdaINGenerator(width=8, multipliers=(1,), condition=condition)
            path = saved(model, tmp_path / f"{condition.short_name}.keras")
            loaded = load_trained(path, AdaINGenerator, "--generator_weights")
            assert loaded.condition.domain.names == names

    def test_a_wrong_number_of_characters_is_refused(self):
        with pytest.raises(InputError, match="There are 3 classes and 4 characters"):
            Classifier(ImageEncoder(widths=(8,)), 3, characters=ORDER)


class TestReaders:
    def test_the_same_order_changes_nothing(self, classifier, capsys):
        assert reader_of(classifier, FOUR, "--reader") is classifier
        assert capsys.readouterr().out == ""

    def test_another_order_and_fewer_characters_are_mapped(self, classifier, capsys):
        logits = logits_of(classifier)
        for text in (OTHER_ORDER, "かあ"):
            reader = reader_of(classifier, CharacterSet("some", text), "--reader")
            columns = [ORDER.index(character) for character in text]
            np.testing.assert_allclose(logits_of(reader), logits[:, columns], rtol=1e-5)
            assert reader.characters == text
        assert capsys.readouterr().out.endswith(
            "--reader: the classifier reads 4 characters; it chooses among the 2 of "
            "--characters=some.\n"
        )

    def test_an_unknown_character_is_named(self, classifier):
        more = CharacterSet("more", ORDER + "犬")
        with pytest.raises(InputError, match="of 4 characters does not read 犬 of --c"):
            reader_of(classifier, more, "--reader")

    def test_a_file_without_names_is_compared_by_number_and_reported(self, capsys):
        model = Classifier(ImageEncoder(widths=(8,)), 4)
        model.build()
        assert reader_of(model, FOUR, "--reader") is model
        assert "trained on 4 characters and does not say which" in (
            capsys.readouterr().out
        )
        with pytest.raises(InputError, match="on 4 characters and is used with 2 char"):
            reader_of(model, CharacterSet("two", "あい"), "--reader")

    def test_the_judge_of_generated_images_is_mapped(self, classifier, tmp_path):
        path = saved(classifier, tmp_path / "classifier.keras")
        other = CharacterSet("other", OTHER_ORDER)
        assert load_reader(str(path), other).characters == OTHER_ORDER


@pytest.fixture(scope="module")
def trained(classifier, tmp_path_factory, tiny_font):
    """A recogniser, a generator of characters, and the settings of their scripts."""
    folder = tmp_path_factory.mktemp("trained")
    reader = saved(classifier, folder / "classifier.keras")
    condition = hw.EmbeddingCondition(4, 32, 8, ORDER)
    generator = AdaINGenerator(width=8, multipliers=(1,), condition=condition)
    weights = saved(generator, folder / "generator.keras")
    (folder / "other").mkdir()
    return {
        "reader": str(reader),
        "generator": str(weights),
        "hand": str(hand_folder(folder / "hand", ORDER)),
        "same": characters_file(folder, ORDER),
        "other": characters_file(folder / "other", OTHER_ORDER),
        "font": str(tiny_font),
    }


class TestScripts:
    def test_an_evaluation_reads_the_same_in_another_order(self, trained, tmp_path):
        rows = []
        for name in ("same", "other"):
            settings = evaluate_classifier.Settings(
                characters=trained[name],
                test=trained["hand"],
                arm=(f"arm={trained['reader']}",),
                image_size=16,
                cache="",
                output=str(tmp_path / name),
            )
            evaluate_classifier.main(settings)
            rows.append((tmp_path / name / "arm/predictions.csv").read_text("utf-8"))
        assert rows[0] == rows[1] and len(rows[0].splitlines()) == 5

    def test_a_generator_of_characters_refuses_another_order(self, trained, tmp_path):
        settings = generate.Settings(
            generator_weights=trained["generator"],
            characters=trained["other"],
            fonts=(trained["font"],),
            handwriting=(trained["hand"],),
            image_size=16,
            output=str(tmp_path / "set"),
        )
        with pytest.raises(InputError, match="number 0 is あ there and い here"):
            generate.main(settings)

    def test_the_next_stage_refuses_another_order(self, trained):
        clip = networks.clip()
        clip.build()
        settings = train_generator.Settings(
            size="tiny",
            mode="adain_embedding",
            clip_weights="clip.keras",
            generator_weights=trained["generator"],
        )
        fresh = AdaINGenerator(
            width=8,
            multipliers=(1,),
            condition=hw.EmbeddingCondition(4, 32, 8, OTHER_ORDER),
        )
        fresh.build()
        with pytest.raises(InputError, match="and 1 others differ; give the char"):
            generator_networks.of_stage_before(
                settings, fresh, "generator", lambda network: "", ""
            )


def structures(path, letters):
    """A structure file with one letter a structure."""
    path.write_text("".join(f"{letter}\t{letter}\n" for letter in letters), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def text_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    settings = train_text_encoder.Settings(
        characters=characters_file(folder, ORDER),
        structure_file=structures(folder / "structures.tsv", ORDER + "き"),
        size="tiny",
        steps=1,
        run_dir=str(folder / "run"),
    )
    return settings, train_text_encoder.main(settings)


class TestStructures:
    def test_one_changed_structure_is_noticed(self, text_run, trained, tmp_path):
        settings, weights = text_run
        image = networks.image_classifier()
        image_weights = saved(image, tmp_path / "image_encoder.keras")
        for letters, message in (
            (ORDER + "お", "number 7 is か there and お here, and 1 others differ"),
            (ORDER + "きお", "out of 9 tokens of structures and is used with"),
        ):
            changed = train_clip.Settings(
                characters=settings.characters,
                structure_file=structures(tmp_path / "changed.tsv", letters),
                fonts=(trained["font"],),
                image_weights=str(image_weights),
                text_weights=str(weights),
                size="tiny",
                image_size=16,
                steps=1,
                cache="",
                run_dir=str(tmp_path / "clip"),
            )
            with pytest.raises(InputError, match=message):
                train_clip.main(changed)

    def test_the_encoders_cannot_be_exchanged(self, text_run, trained, tmp_path):
        settings, weights = text_run
        image = saved(networks.image_classifier(), tmp_path / "image.keras")
        for values, message in (
            ((image, image), "holds no text encoder; give that of train_text_encoder"),
            ((weights, weights), "holds no image encoder"),
        ):
            exchanged = train_clip.Settings(
                characters=settings.characters,
                fonts=(trained["font"],),
                image_weights=str(values[0]),
                text_weights=str(values[1]),
                size="tiny",
                run_dir=str(tmp_path / "clip"),
            )
            with pytest.raises(InputError, match=message):
                train_clip.main(exchanged)

    def test_a_clip_of_other_tokens_trains_no_generator(self, tmp_path):
        tokenizer = networks.tokenizer()
        clip = networks.clip()
        clip.text_tower.encoder.vocabulary = tokenizer.vocabulary
        path = saved(clip, tmp_path / "clip.keras")
        generator_networks.load_clip(str(path), tokenizer)
        other = networks.tokenizer("アイウエカキクコ")
        with pytest.raises(InputError, match="--clip_weights: the text encoder was tr"):
            generator_networks.load_clip(str(path), other)

    def test_an_encoder_without_names_is_reported(self, capsys):
        check_text_encoder(networks.text_encoder(), networks.tokenizer(), "--text")
        assert "12 tokens of structures and does not say which" in (
            capsys.readouterr().out
        )

    def test_a_run_records_its_ids_and_refuses_others(self, text_run):
        settings, weights = text_run
        folder = weights.parent
        assert (folder / "characters.txt").read_text("utf-8").split() == [*ORDER]
        tokens = (folder / "tokens.txt").read_text("utf-8").split()
        assert tokens == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(ORDER + "き")]
        characters_file(folder.parent, OTHER_ORDER)
        changed = train_text_encoder.Settings(run_dir=str(folder), resume=True)
        with pytest.raises(InputError, match="--resume: .* number 0 is あ there"):
            train_text_encoder.main(changed)
        characters_file(folder.parent, ORDER)
        structures(folder.parent / "structures.tsv", ORDER + "こ")
        with pytest.raises(InputError, match="give --structure_file as it was"):
            train_text_encoder.main(changed)

    def test_an_export_knows_the_characters_whose_file_is_gone(
        self, classifier, tmp_path
    ):
        path = saved(classifier, tmp_path / "classifier.keras")
        config = {"flags": {"characters": "gone.txt", "image_size": 16}}
        (tmp_path / "config.json").write_text(json.dumps(config))
        assert read_run(path)[0]["characters"] is None
        characters_file(tmp_path, ORDER)
        facts, lacking = read_run(path)
        assert (facts["characters"], lacking) == (FOUR, None)


class TestLoad:
    def test_a_classifier_knows_its_characters(self, classifier, tmp_path):
        path = saved(classifier, tmp_path / "classifier.keras")
        assert hw.load(path).characters == tuple(ORDER)
        with pytest.raises(InputError, match="leave characters= out, or give those"):
            hw.load(path, characters=[*OTHER_ORDER])
        with pytest.raises(InputError, match="on 4 characters and is used with 2"):
            hw.load(path, characters=["あ", "い"])

    def test_a_generator_of_characters_knows_them(self, trained):
        assert hw.load(trained["generator"]).characters == tuple(ORDER)
        with pytest.raises(InputError, match="number 0 is あ there and い here"):
            hw.load(trained["generator"], characters=trained["other"])

    def test_other_structures_are_refused(self, tmp_path):
        clip = networks.clip()
        clip.text_tower.encoder.vocabulary = networks.tokenizer().vocabulary
        path = saved(clip, tmp_path / "clip.keras")
        file = tmp_path / "structures.tsv"
        structures(file, "アイウエカキク")
        file.write_text(file.read_text("utf-8") + "ケ\t⿳ ア イ ウ\n", "utf-8")
        loaded = hw.load(path, structures=str(file), image_size=16)
        with pytest.raises(InputError, match="give the characters and structures of"):
            loaded.embed_characters("ア")


def test_a_generator_of_an_earlier_version_is_reported(capsys):
    condition = hw.EmbeddingCondition(4, 32, 8)
    generator = AdaINGenerator(width=8, multipliers=(1,), condition=condition)
    hw.models.check_condition(generator, FOUR)
    assert "4 characters and does not say which" in capsys.readouterr().out
    condition.check(Knowledge(FOUR), "it", condition.domain)
