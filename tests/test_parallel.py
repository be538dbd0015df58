"""Jobs in several processes."""

import os

from hwgen_keras import parallel


def test_a_worker_computes_on_one_thread(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
    jobs = [(name,) for name in names]
    found = dict(parallel.each(os.getenv, jobs, "name", "reading", workers=2))
    assert found == {0: "1", 1: "1"}
    # Those of this process stay.
    assert [os.environ.get(name) for name in names] == ["7", None]
