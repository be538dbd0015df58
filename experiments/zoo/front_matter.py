"""What hubs of models read of a card: the YAML before its text.

Reference: huggingface.co/docs/hub/model-cards; the results are those of its
"model-index".
"""

import json

from .data import FONTS

# {kind: (task of the Hub, which figure, what the figure is called)}.
_TASKS = {
    "classifier": ("image-classification", "yardsticks", "read in the first place"),
    "clip": (
        "zero-shot-image-classification",
        "retrieval",
        "found in the first place by its structure",
    ),
    "generator": ("image-to-image", "generation", "read by the judge"),
    "writer": ("text-to-image", "generation", "read by the judge"),
}
_TAGS = ("handwriting", "japanese", "kanji", "keras", "onnx", "tensorflow")


# Strokes of KanjiVG are in a writer's SavedModel.
_LICENCES = {"writer": ("apache-2.0", "cc-by-sa-3.0")}
# Kinds that are shipped as ONNX, too.
WITH_ONNX = ("classifier", "writer")


def front_matter(measured):
    """The YAML of a model from `measured.json`, between lines of three hyphens."""
    kind, name = measured["kind"], measured["name"]
    task, figure, title = _TASKS[kind]
    found = measured[figure]
    if figure == "yardsticks":
        found = _sources(found["sources"])
    if figure == "generation":
        hands = found["hands"]
        found = {
            script: {**hand["generated"], "data": _tests(measured, script) or [FONTS]}
            for kind in ("fonts", "writers")
            for script, hand in hands.get(kind, {}).items()
        }
    results = [_result(task, title, *each) for each in found.items()]
    tags = [tag for tag in _TAGS if tag != "onnx" or kind in WITH_ONNX]
    lines = [
        "---",
        "library_name: hwgen_keras",
        "license:",
        *(f"- {licence}" for licence in _LICENCES.get(kind, ("apache-2.0",))),
        "language:",
        "- ja",
        f"pipeline_tag: {task}",
        "tags:",
        *(f"- {tag}" for tag in tags),
        "model-index:",
        f"- name: {name}",
        "  results:",
        # JSON is YAML, too.
        *(f"  - {json.dumps(result, ensure_ascii=False)}" for result in results),
        "---",
    ]
    return "\n".join(lines)


def _sources(rows):
    """{name of a source and how it looks: what a reader read of all its images}."""
    return {
        f"{row['source']}, {row['look']}": {
            "data": [row["test"]],
            "top1": row["read"],
            "top5": row["first_five"],
        }
        for row in rows
        if row["script"] == "all"
    }


def _tests(measured, script):
    """The names of the test data of a script, see `load_tests`."""
    return [
        test["name"]
        for test in measured["data"]["test"]
        if test["by_script"].get(script) == max(test["by_script"].values())
    ]


def _result(task, title, what, read):
    """What was read of a script or a source: in the first place, in the first five."""
    data = read["data"]
    first, five = (round(read[name], 4) for name in ("top1", "top5"))
    return {
        "task": {"type": task},
        "dataset": {
            "type": "-".join(data).lower(),
            "name": f"{what}, unseen writers of {' and '.join(data)}",
        },
        "metrics": [
            {"type": "accuracy", "value": first, "name": title},
            {"type": "top-5-accuracy", "value": five, "name": "in the first five"},
        ],
    }
