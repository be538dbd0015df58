"""Workers of Dask: what they return counts once, whatever happens to them."""

import logging
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
import unittest.mock

import cluster_jobs
import pytest
from scribe import write
from test_generation import files_of

from hwgen_keras import cluster
from hwgen_keras.cluster import connecting, jobs, watching
from hwgen_keras.errors import InputError, Stopped

distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.backend_free


def engine(**values):
    return cluster.connected(cluster.Engine(engine="dask", **values))


def program(*arguments, **options):
    """A process that can import the modules of the tests."""
    here = pathlib.Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent)])
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture(scope="module")
def workers():
    """Two workers, which share the memory of a small machine."""
    with pytest.MonkeyPatch.context() as machine:
        machine.setattr(distributed.system, "MEMORY_LIMIT", 2 * cluster_jobs.LIMIT)
        with engine(workers=2) as found:
            yield found


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A set of twelve parts, which one process wrote, and its shard."""
    folder = tmp_path_factory.mktemp("sets")
    write(folder / "whole", count=12)
    write(folder / "set", count=12, shard=(0, 1))
    return folder / "whole", folder / "set.shards" / "0-of-1"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(watching, "LEAST_SECONDS", 2.0)
    # On a busy machine the longest may take seconds.
    monkeypatch.setattr(watching, "OF_LONGEST", 1)
    monkeypatch.setattr(jobs, "FETCH_SECONDS", 2.0)


def test_lost_stopped_and_greedy_workers_cost_nothing_else(
    workers, whole, tmp_path, impatient, capsys
):
    before = set(workers.client.run(os.getpid).values())
    harm = {3: signal.SIGKILL, 6: "eats", 8: signal.SIGSTOP}
    path = cluster_jobs.write(workers, whole[1], tmp_path / "set", str(tmp_path), harm)
    assert files_of(path.parent) == files_of(whole[0])
    assert not (tmp_path / "set.partial").exists()
    assert len([p for p in tmp_path.iterdir() if p.name.isdigit()]) == 12
    assert "is started again." in capsys.readouterr().err
    ((_, event),) = workers.client.get_events("worker-restart-memory")
    assert event["rss"] > 0.95 * cluster_jobs.LIMIT
    # The stopped process does not stay.
    workers.client.wait_for_workers(2, timeout=60)
    now = set(workers.client.run(os.getpid).values())
    assert len(now) == 2 and now != before
    for process in before - now:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_a_job_that_fails_is_computed_again(workers, tmp_path, capsys):
    twice = [(str(tmp_path), 2)]
    assert list(workers.results(cluster_jobs.fails, twice)) == [(0, 2)]
    said = capsys.readouterr().err.splitlines()
    assert said == ["Job 0 failed (ValueError: out of ink); it is computed again."] * 2
    (tmp_path / "more").mkdir()
    with pytest.raises(InputError, match="failed 3 times .ValueError: out of ink.; m"):
        list(workers.results(cluster_jobs.fails, [(str(tmp_path / "more"), 3)]))
    with pytest.raises(InputError, match=r"^--flag: is wrong\.$"):
        list(workers.results(cluster_jobs.wrong, [()]))


def test_results_have_a_bar(workers, capsys):
    numbers = [(n,) for n in range(-3, 0)]
    found = dict(workers.each(abs, numbers, "number", "turning", [1, 2, 3]))
    assert found == {0: 3, 1: 2, 2: 1}
    assert "turning: 100%" in capsys.readouterr().err


def test_a_job_that_kills_its_workers_is_named(workers, monkeypatch):
    # Two in place of four, of which each starts for two seconds.
    monkeypatch.setattr(workers.client.cluster.scheduler, "allowed_failures", 1)
    with pytest.raises(InputError, match="Job 0 lost its worker again and again"):
        list(workers.results(cluster_jobs.dies, [()]))


def test_a_job_that_is_always_too_large_is_named(workers, monkeypatch, capsys):
    # Dask names each job that such a worker had, also those that waited for it.
    monkeypatch.setattr(workers.client.cluster.scheduler, "allowed_failures", 0)
    jobs = [(number, 2) for number in range(30)]
    names = [f"Part {number}" for number in range(10, 40)]
    submit, given = workers.client.submit, []

    def submitted(timed, function, job, **options):
        given.append(job)
        return submit(timed, function, job, **options)

    monkeypatch.setattr(workers.client, "submit", submitted)
    with pytest.raises(InputError) as error:
        list(workers.results(cluster_jobs.eats_always, jobs, names))
    assert re.fullmatch(
        r"Part 12 takes [\d.]+ MiB of the 400\.00 MiB that its worker may; start fewer "
        "workers, or give each more memory, or make smaller parts or batches.",
        str(error.value),
    )
    # Nobody else came beside it.
    assert given.count((2, 2)) == 2 and given[-1] == (2, 2)
    assert "Part 12 lost 1 workers; it is computed alone." in capsys.readouterr().err


def test_workers_share_the_memory_and_are_not_paused(workers):
    workers.client.wait_for_workers(2, timeout=60)
    found = workers.client.scheduler_info(n_workers=-1)["workers"].values()
    assert [worker["memory_limit"] for worker in found] == [cluster_jobs.LIMIT] * 2
    assert set(workers.client.run(cluster_jobs.pause).values()) == {False}


def test_a_worker_that_is_paused_is_started_again(monkeypatch, capsys):
    """One elsewhere: over 80 % of its limit Dask gives it no job, perhaps for ever."""
    infos = {
        "computes": {"status": "paused", "metrics": {"task_counts": {"executing": 1}}},
        "waits": {"status": "paused", "metrics": {"task_counts": {"ready": 2}}},
        "runs": {"status": "running", "metrics": {"task_counts": {}}},
    }
    client = unittest.mock.Mock()
    client.processing.return_value = dict.fromkeys(infos, ())
    client.scheduler_info.return_value = {"workers": infos}
    monkeypatch.setattr(watching, "PAUSED_SECONDS", 0.0)
    watch = watching.Watch(client)
    assert watch.look(3) == 3
    client.restart_workers.assert_not_called()
    watch.look(3)
    ((names, *_), _) = client.restart_workers.call_args
    assert names == ["waits"]
    assert "The worker waits uses too much memory to begin" in capsys.readouterr().err


def test_a_driver_that_is_killed_resumes(workers, whole, tmp_path):
    killed = program(
        *(cluster_jobs.__file__, whole[1], tmp_path / "set", "5"),
        stderr=subprocess.PIPE,
    )
    printed, errors = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, errors
    assert not (tmp_path / "set").exists()
    done = len(list((tmp_path / "set.partial" / "parts").glob("*.json")))
    assert 1 <= done < 12
    # Its workers end with it.
    processes = printed.splitlines()[-1].split()
    assert len(processes) == 2
    waited = 0
    while any(pathlib.Path("/proc", process).exists() for process in processes):
        time.sleep(0.1)
        waited += 1
        assert waited < 300
    asked, results = [], workers.results

    def counted(function, jobs):
        asked.extend(jobs)
        return results(function, jobs)

    workers.results = counted
    try:
        made = cluster_jobs.write(workers, whole[1], tmp_path / "set")
    finally:
        del workers.results
    assert len(asked) == 12 - done
    assert files_of(made.parent) == files_of(whole[0])
    assert not list(tmp_path.rglob(".partial-*"))


def test_a_set_whose_scheduler_is_lost_resumes(workers, whole, tmp_path):
    with program("-c", cluster_jobs.SCHEDULER, stdin=subprocess.PIPE) as elsewhere:
        address, left = elsewhere.stdout.readline().strip(), iter(range(3))

        def came():
            if next(left, None) is None:
                elsewhere.kill()

        with pytest.raises(InputError, match="The scheduler was lost; start it, and"):
            with engine(scheduler=address) as others:
                cluster_jobs.write(others, whole[1], tmp_path / "set", came=came)
    assert [path.name for path in tmp_path.iterdir()] == ["set.partial"]
    assert 1 <= len(list((tmp_path / "set.partial" / "parts").glob("*.json"))) < 12
    made = cluster_jobs.write(workers, whole[1], tmp_path / "set")
    assert files_of(made.parent) == files_of(whole[0])


def test_a_scheduler_elsewhere(workers):
    address = workers.client.scheduler.address
    with engine(scheduler=address) as others:
        assert list(others.results(abs, [(-1,)])) == [(0, 1)]


def test_an_address_where_no_scheduler_answers(monkeypatch):
    monkeypatch.setattr(connecting, "_ARRIVAL", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for address in ("tcp://127.0.0.1:1", f"tcp://127.0.0.1:{port}", "localhost"):
            with pytest.raises(InputError, match=f"{address} cannot be reached .*; s"):
                with engine(scheduler=address):
                    pass


def test_the_messages_of_dask_are_left_out(workers, caplog):
    for name in ("distributed", "distributed.client"):
        caplog.set_level(logging.INFO, logger=name)
    client = logging.getLogger("distributed.client")
    with engine(scheduler=workers.client.scheduler.address):
        # It has a level of its own, and a traceback if the scheduler is lost.
        assert not client.isEnabledFor(logging.ERROR)
    assert client.isEnabledFor(logging.ERROR)
    assert not caplog.records


def test_ctrl_c_tells_how_to_go_on(workers):
    with pytest.raises(Stopped, match="the same command resumes"):
        with engine(scheduler=workers.client.scheduler.address):
            raise KeyboardInterrupt


def test_each_worker_has_its_share_and_one_gpu(workers):
    own, *others = cluster.environments(4, ["0", "3"], 8)
    assert own["CUDA_VISIBLE_DEVICES"] == "0" and own["OMP_NUM_THREADS"] == "2"
    # Two share one.
    assert own["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert [env["CUDA_VISIBLE_DEVICES"] for env in others] == ["3", "0", "3"]
    for env in cluster.environments(2, ["a", "b"], 1):
        assert env["OMP_NUM_THREADS"] == "1"
        assert "XLA_PYTHON_CLIENT_PREALLOCATE" not in env
    assert "CUDA_VISIBLE_DEVICES" not in cluster.environments(1, [], 8)[0]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", []),
        ("-1", []),
        ("2", ["2"]),
        ("1, GPU-4f", ["1", "GPU-4f"]),
        ("0,-1,1", ["0"]),
    ],
)
def test_the_gpus_that_a_process_may_use(monkeypatch, given, found):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert cluster.visible_gpus() == found


def test_all_gpus_of_the_machine(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cluster.visible_gpus() == []
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 0\necho 1\n")
    program.chmod(0o755)
    assert cluster.visible_gpus() == ["0", "1"]
    program.write_text("#!/bin/sh\necho no driver\nexit 9\n")
    assert cluster.visible_gpus() == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"workers": 2}, "--workers is for --engine=dask; give that, too"),
        ({"scheduler": "tcp://a:1"}, "--scheduler is for --engine=dask"),
        (
            {"engine": "dask", "scheduler": "tcp://a:1", "workers": 2},
            "--scheduler has workers of its own; leave --workers out",
        ),
        ({"engine": "ray"}, "--engine: there is no 'ray'; use local, dask"),
    ],
)
def test_flags_that_do_not_fit(values, message):
    with pytest.raises(InputError, match=message):
        cluster.Engine(**values)


def test_dask_must_be_installed(monkeypatch):
    monkeypatch.setattr(connecting.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'hwgen_keras\[dask\]'"):
        with engine():
            pass
