"""generate on two workers of Dask and in shards: the files are those of one process."""

import os

import pytest
from networks import BACKEND
from test_generate_script import call, given  # noqa: F401
from test_generation import files_of

from experiments import generate
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture
def without_tensorflow(tmp_path_factory, monkeypatch):
    """Keras would import it in each worker to seed it, for longer than these write."""
    folder = tmp_path_factory.mktemp("site")
    code = "import sys\nsys.modules['tensorflow'] = None\n"
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.mark.usefixtures("without_tensorflow")
def test_one_process_two_workers_and_two_shards_agree(given, tmp_path, capsys):  # noqa: F811
    pytest.importorskip("distributed")
    judge = given["generator_weights"]
    arguments = {"reader": judge, "part_rows": 4, "min_content_score": 0.1666}
    arguments |= {"max_attempts": 2, "format": "store"}
    call(given, tmp_path / "one", **arguments)
    one = files_of(tmp_path / "one")
    assert len(one) == 4

    path = call(given, tmp_path / "two", engine="dask", workers=2, **arguments)
    assert path == tmp_path / "two" / "images.store"
    assert files_of(tmp_path / "two") == one
    # Once more, in this process: all is there.
    assert call(given, tmp_path / "two", **arguments) == path

    capsys.readouterr()
    for index in range(2):
        shard = call(given, tmp_path / "set", shard=f"{index}/2", **arguments)
        assert capsys.readouterr().out == f"Saved {shard}\n"
    merge = {"merge": [str(tmp_path / "set.shards")], "output": str(tmp_path / "set")}
    generate.main(generate.Settings(**merge))
    assert files_of(tmp_path / "set") == one
    assert capsys.readouterr().out.endswith(f"Saved {tmp_path}/set/images.store\n")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shard": "1"}, "--shard=1: give I/N with whole numbers, such as 0/8"),
        ({"shard": "a/2"}, "--shard=a/2: give I/N"),
        ({"shard": "2/2"}, "--shard=2/2: the first of 2 shards is 0, the last 1"),
        ({"merge": ["a"]}, "--merge takes all from the shards, so --batch_size has no"),
        ({"generator_weights": None}, "--generator_weights is needed: a trained gen"),
        ({"workers": 2}, "--workers is for --engine=dask; give that, too"),
    ],
)
def test_mistakes_get_one_sentence(given, tmp_path, values, message):  # noqa: F811
    with pytest.raises(InputError, match=message) as error:
        call(given, tmp_path / "set", **values)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_merge_needs_no_generator(tmp_path):
    settings = generate.Settings(merge=["absent"], output=str(tmp_path / "set"))
    with pytest.raises(InputError, match="absent is no shard and holds none"):
        generate.main(settings)
