"""The option `--backend`, and the tiny data that tests share."""

import concurrent.futures
import ctypes
import fnmatch
import functools
import gc
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import pytest

# Fixtures of the tests that visit the page for the browser.
from web_page import address, browser, page_folder, tab, visit, writing  # noqa: F401

BACKENDS = ("tensorflow", "jax", "torch")
# Into how many shares the tests of each backend are split, in their order: small parts
# at the end keep all cores busy, and take less memory. Each costs its imports.
SHARES = {"no backend": 2, "torch": 2, "jax": 2, "tensorflow": 3}
REPOSITORY = pathlib.Path(__file__).parent.parent
# Marks of whole files, by which these need not be imported.
FREE = re.compile(r"^pytestmark = (\[\s*)?pytest\.mark\.backend_free\b", re.M)
SKIPPED = re.compile(
    r"^pytestmark = pytest\.mark\.skipif\(\s*BACKEND (?P<sign>[!=]=) "
    r'"(?P<backend>\w+)"',
    re.M,
)
COUNTS_FILE = "HWGEN_TEST_COUNTS"  # where one backend's run leaves its numbers


def pytest_addoption(parser):
    parser.addoption(
        "--backend",
        choices=(*BACKENDS, "all"),
        default=os.environ.get("KERAS_BACKEND", "tensorflow"),
        help="the Keras backend to test; `all` runs the suite once on each",
    )
    parser.addoption(
        "--backend-free",
        choices=("with", "without", "only"),
        default="with",
        help="whether to run the tests that touch no backend, or nothing else",
    )
    every = "2/3 runs every third file, from the second on"
    parser.addoption("--share", default="1/1", help=every)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Choose the backend before anything imports Keras; `all` becomes three runs."""
    backend = config.getoption("backend")
    if backend == "all":
        return _run_all(list(config.invocation_params.args))
    if importlib.util.find_spec(backend) is None:
        raise pytest.UsageError(
            f"The backend {backend} is not installed; `make test` installs it."
        )
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Its kernels take longer to be made than these small layers take without them.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    # GPUs multiply float32 in 19 bits otherwise; what is compared here needs all.
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
    os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "highest")
    return None


def _run_all(arguments):
    """Run pytest on each share, as many at a time as there are cores; sum the counts.

    What a run prints is shown when those before it have ended.
    """
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    with (
        tempfile.TemporaryDirectory() as folder,
        concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        runs = {}
        files = len(list(pathlib.Path(__file__).parent.glob("test_*.py")))
        for name, count in SHARES.items():
            count = min(count, files)
            part = (name, "without") if name in BACKENDS else (BACKENDS[-1], "only")
            for number in range(1, count + 1):
                share = f"{number}/{count}"
                output = pathlib.Path(folder, f"{len(runs)}.txt")
                output.touch()
                run = pool.submit(_run_one, arguments, *part, share, output)
                runs[f"{name} {share}"] = run, output
        for name, (run, output) in runs.items():
            print(f"\n{f' {name} ':#^80}", flush=True)
            _follow(run, output)
            for outcome, count in run.result().items():
                totals[outcome] += count
    print("\n" + ", ".join(f"{count} {outcome}" for outcome, count in totals.items()))
    if totals["failed"]:
        return pytest.ExitCode.TESTS_FAILED
    # Nothing but skips is no proof of anything.
    return (
        pytest.ExitCode.OK if totals["passed"] else pytest.ExitCode.NO_TESTS_COLLECTED
    )


def _follow(run, output):
    """Print what a run writes into a file, until it ends."""
    with open(output, encoding="utf-8", errors="replace") as file:
        while True:
            ended = run.done()
            print(file.read(), end="", flush=True)
            if ended:
                return
            time.sleep(0.2)


def _run_one(arguments, backend, free, share, output):
    command = [sys.executable, "-m", "pytest", *arguments, "--backend", backend]
    command += ["--backend-free", free, "--share", share]
    counts_file = output.with_suffix(".json")
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        COUNTS_FILE: str(counts_file),
        # For what several runs need and one of them makes.
        "HWGEN_TEST_FOLDER": str(output.parent),
    }
    environment.setdefault("JAX_COMPILATION_CACHE_DIR", str(REPOSITORY / ".jax_cache"))
    # Most of what is compiled takes less than the second from which on JAX stores it.
    environment.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    # Each run, and each process of its tests, would compile all files for itself.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # Threads of several runs on the same cores would wait for each other.
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        environment.setdefault(name, "1")
    with open(output, "wb") as file:
        code = subprocess.run(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT
        ).returncode
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        if counts_file.exists():
            counts = json.loads(counts_file.read_text())
        # A run that crashed, or whose backend is missing, counted no failure.
        fine = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if code not in fine and not counts["failed"]:
            file.write(
                f"The tests on {backend} ended with exit code {code}.\n".encode()
            )
            counts["failed"] = 1
    return counts


def pytest_ignore_collect(collection_path, config):
    """Leave out the files of which no test is wanted: to import all takes seconds."""
    if not fnmatch.fnmatch(collection_path.name, "test_*.py"):
        return None
    return not _is_in_share(collection_path, config) or None


def pytest_collection_modifyitems(config, items):
    wanted = config.getoption("backend_free")
    chosen = [
        item
        for item in items
        if wanted == "with"
        or bool(item.get_closest_marker("backend_free")) == (wanted == "only")
        # Files that are named in the command are not left out before.
        if _is_in_share(item.path, config)
    ]
    config.hook.pytest_deselected(items=[i for i in items if i not in set(chosen)])
    if int(config.getoption("share").split("/")[0]) % 2 == 0:
        # Neighbours need the same page of web/: the second would wait for the first.
        chosen.sort(key=lambda item: item.path.name, reverse=True)
    items[:] = chosen


def _is_in_share(file, config):
    wanted, share = map(config.getoption, ("backend_free", "share"))
    return file.name in _names_in_share(file.parent, wanted, share)


@functools.cache
def _names_in_share(folder, wanted, share):
    number, count = map(int, share.split("/"))
    # Neighbours in the alphabet test much the same, and take as long as each other.
    files = sorted(folder.glob("test_*.py"))
    names = [file.name for file in files if _has_wanted_tests(file, wanted)]
    return set(names[number - 1 :: count])


@functools.cache
def _has_wanted_tests(file, wanted):
    text = file.read_text("utf-8")
    if wanted == "only":
        return "backend_free" in text
    if wanted == "with":
        return True
    skipped = SKIPPED.search(text)
    backend = os.environ["KERAS_BACKEND"]
    differs = skipped and backend != skipped["backend"]
    return not (FREE.search(text) or skipped and differs == (skipped["sign"] == "!="))


def pytest_collection_finish():
    """Look for garbage seldom, and never among what the imports left.

    Models make so many objects that Python would look several times a second.
    """
    gc.freeze()
    gc.set_threshold(100_000)


def pytest_terminal_summary(terminalreporter):
    counts_file = os.environ.get(COUNTS_FILE)
    if counts_file:
        stats = {key: len(reports) for key, reports in terminalreporter.stats.items()}
        counts = {
            "passed": stats.get("passed", 0),
            "failed": stats.get("failed", 0) + stats.get("error", 0),
            "skipped": stats.get("skipped", 0) + stats.get("xfailed", 0),
        }
        pathlib.Path(counts_file).write_text(json.dumps(counts))


@pytest.fixture(autouse=True)
def _float32_after_each_test():
    """A dtype policy that one test sets must not reach the next."""
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].config.set_dtype_policy("float32")


@pytest.fixture(scope="module", autouse=True)
def _no_garbage_before_each_module():
    """A model is garbage in a circle, which holds gigabytes until Python looks.

    What is left then are modules; each further look at them would take half a second.
    At the end of a module its last test still holds fixtures: frozen in their circles,
    they would never be freed.
    """
    if os.environ.get("KERAS_BACKEND") == "jax" and "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
    gc.collect()
    gc.freeze()
    # glibc keeps what is freed between what is not.
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "malloc_trim"):
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture
def rng():
    """A NumPy generator with the same numbers in every test."""
    # Here, since the many processes of test_conftest.py need none.
    import numpy as np

    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def characters(tmp_path_factory):
    """A character set of six kana, read from a text file."""
    from hwgen_keras.characters import character_set

    file = tmp_path_factory.mktemp("characters") / "six.txt"
    file.write_text("\n".join("あいうかきく") + "\n", encoding="utf-8")
    return character_set(str(file))


@pytest.fixture(scope="session")
def tiny_font():
    """Path of IPAexGothic, which the package matplotlib-fontja carries."""
    package = importlib.util.find_spec("matplotlib_fontja")
    assert package is not None, "the tests need the package matplotlib-fontja"
    return pathlib.Path(package.origin).parent / "fonts" / "ipaexg.ttf"


@pytest.fixture
def manifest(tmp_path, write_manifest):
    """Path of a manifest: six kana, two writers, one 48-pixel drawing by each."""
    return write_manifest(tmp_path)


@pytest.fixture(scope="session")
def write_manifest(characters):
    """A function, folder → path of `manifest` in it, for fixtures of modules."""

    def write(folder):
        import numpy as np

        rng, entries = np.random.default_rng(0), {}
        for index, character in enumerate(characters):
            entries[character] = []
            for writer in ("first", "second"):
                name = f"images/{writer}-{index}.png"
                file = folder / name
                file.parent.mkdir(exist_ok=True)
                _drawing(index, rng).save(file)
                entries[character].append({"path": name, "writer": writer})
        file = folder / "manifest.json"
        file.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
        return file

    return write


def _drawing(index, rng):
    """Black strokes on white: `index` + 1 bars from left to right, a little crooked."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (48, 48), 255)
    pen = ImageDraw.Draw(image)
    for bar in range(index + 1):
        x = 7 + 7 * bar
        lean = rng.integers(-3, 4, size=2)
        pen.line((x + lean[0], 8, x + lean[1], 40), fill=0, width=3)
    return image


@pytest.fixture(scope="session")
def hand(tmp_path_factory):
    """A folder of six images by one hand."""
    from hand_folder import hand_folder

    return hand_folder(tmp_path_factory.mktemp("hands") / "花子")
