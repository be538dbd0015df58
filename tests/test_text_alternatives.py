"""train_text_encoder --alternatives: which structures of a character are learned."""

import json

import numpy as np
import pytest

from experiments import train_text_encoder
from hwgen_keras.errors import InputError
from hwgen_keras.training import resumed

pytestmark = pytest.mark.backend_free

STRUCTURES = {"好": ["⿰ 女 子", "⿱ 子 女", "好"], "女": ["女"]}


class Drawn(Exception):
    pass


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """A function: settings → the different tokens of each character of 40 epochs."""
    (tmp_path / "two.txt").write_text("好\n女", encoding="utf-8")
    file = tmp_path / "structures.json"
    file.write_text(json.dumps(STRUCTURES), encoding="utf-8")
    samplers = []

    def maker(settings, store, sampler, *arguments, **more):
        samplers.append(sampler)
        raise Drawn

    monkeypatch.setattr(train_text_encoder.training, "feed_maker", maker)

    def call(**values):
        settings = train_text_encoder.Settings(
            size="tiny",
            characters=str(tmp_path / "two.txt"),
            structure_file=str(file),
            run_dir=str(tmp_path / f"run {len(samplers)}"),
            **values,
        )
        with pytest.raises(Drawn):
            train_text_encoder.main(settings)
        tables = [samplers[-1].epoch(epoch) for epoch in range(40)]
        labels = np.concatenate([table["label"] for table in tables])
        tokens = np.concatenate([table["tokens"] for table in tables])
        return [{tuple(row) for row in tokens[labels == i].tolist()} for i in (0, 1)]

    return call


# In the order of the code points: ⿰ 4, ⿱ 5, 女 6, 好 7, 子 8.
FIRST = (2, 4, 6, 8, 3)
ALL = {FIRST, (2, 5, 8, 6, 3), (2, 7, 3, 0, 0)}


def test_one_of_all_is_drawn_by_default(drawn):
    assert drawn() == [ALL, {(2, 6, 3, 0, 0)}]


def test_the_first_keeps_the_ids_and_the_length(drawn):
    assert drawn(alternatives="first") == [{FIRST}, {(2, 6, 3, 0, 0)}]


def test_another_word_is_refused_and_so_is_another_in_a_resumed_run(tmp_path):
    with pytest.raises(InputError, match="--alternatives: there is no 'none'; use ran"):
        train_text_encoder.Settings(alternatives="none")
    run = {"size": "tiny", "run_dir": str(tmp_path)}
    before = train_text_encoder.Settings(**run).values()
    (tmp_path / "config.json").write_text(json.dumps({"flags": before}))
    with pytest.raises(InputError, match="started with --alternatives=random and"):
        resumed(train_text_encoder.Settings(**run, alternatives="first", resume=True))
