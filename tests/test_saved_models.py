"""What saved_models/README.md says: each model runs with TensorFlow alone."""

import json
import pathlib
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.backend_free

MODELS = pathlib.Path(__file__).parents[1] / "saved_models"
LINES = re.findall(
    r"(?s)```python\n(.*?)```", (MODELS / "README.md").read_text("utf-8")
)
SHIPPED = sorted(path.parent.name for path in MODELS.glob("*/saved_model.pb"))

# None in sys.modules makes an import of that name fail.
CODE = """
import json, sys
for name in ("keras", "tf_keras", "hwgen_keras", "jax", "torch"):
    sys.modules[name] = None
found = {}
for lines in json.loads(sys.argv[1]):
    names = {}
    exec(lines, names)
    if "jis1-reader" in lines:
        read = names["answer"]["characters"][0].numpy().tolist()
        found["reader"] = [name.decode() for name in read]
    elif "jis1-writer" in lines:
        images = names["images"].numpy()
        ink = (images < 128).mean((1, 2)).tolist()
        found["writer"] = [str(images.dtype), images.shape, ink]
    elif '"saved_models/jis1-generator")' in lines:
        image = names["image"]["image"].numpy()
        apart = abs(image - names["sheet"][:, 66:130].numpy()).mean()
        found["generator"] = [image.shape, float(apart)]
    elif "jis1-clip" in lines:
        found["clip"] = names["cosines"].numpy().round(4).tolist()
print(json.dumps(found))
"""


@pytest.mark.skipif(len(SHIPPED) < 4, reason="a checkout without the models")
def test_six_lines_run_each_model_with_tensorflow_alone(tmp_path):
    assert len(LINES) == 4
    for lines in LINES:
        assert sum(map(bool, lines.splitlines())) <= 6
    (tmp_path / "saved_models").symlink_to(MODELS)
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, json.dumps(LINES)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert "ん" in found["reader"]
    dtype, shape, ink = found["writer"]
    assert (dtype, shape) == ("uint8", [2, 64, 64])
    assert all(0.01 < share < 0.4 for share in ink)
    # 休 and 体 share a part; 海 has none of theirs.
    same, near, far = found["clip"][0]
    assert same == 1 and near > far
    # The hand wrote the same character.
    shape, apart = found["generator"]
    assert shape == [1, 64, 64, 1] and apart < 0.3
