"""Signals and numbers that are none."""

import concurrent.futures
import math
import os
import signal

import keras
import numpy as np
import pytest
from keras import ops
from networks import fit_one_weight as fit
from networks import one_weight

from hwgen_keras.training import guards


@pytest.fixture
def line():
    return one_weight()


class TestCaughtSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_notes_the_signal(self, number):
        before = signal.getsignal(number)
        with guards.CaughtSignals() as caught:
            assert caught.name is None
            os.kill(os.getpid(), number)
            assert caught.name == number.name
        assert signal.getsignal(number) is before

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_second_signal_acts_at_once(self, number):
        before = signal.getsignal(signal.SIGINT)
        # Where the tests run in the background, the shell has SIGINT ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with guards.CaughtSignals() as caught:
                os.kill(os.getpid(), number)
                assert caught.name == number.name
                with pytest.raises(KeyboardInterrupt):
                    os.kill(os.getpid(), signal.SIGINT)
        finally:
            signal.signal(signal.SIGINT, before)

    def test_another_thread_records_none(self):
        """As in a worker of Dask, where Python lets only the main thread do that."""

        def train():
            with guards.CaughtSignals() as caught:
                return caught.name, signal.getsignal(signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            assert thread.submit(train).result() == (None, before)

    def test_an_error_restores_the_handlers_too(self):
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(ZeroDivisionError), guards.CaughtSignals():
            _ = 1 / 0
        assert signal.getsignal(signal.SIGINT) is before


class TestAllFinite:
    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_weights(self, line, value):
        assert guards.all_finite(line)
        line.set_weights([np.full((1, 1), value, "float32")])
        assert not guards.all_finite(line)

    def test_the_optimizer(self, line):
        line.compile(optimizer=keras.optimizers.Adam(), loss="mse")
        line.optimizer.build(line.trainable_variables)
        assert guards.all_finite(line)
        moment = line.optimizer.variables[-1]
        moment.assign(ops.full(moment.shape, math.nan))
        assert not guards.all_finite(line)


class Steps(keras.callbacks.Callback):
    count = 0

    def on_epoch_end(self, epoch, logs=None):
        self.count += 1


class TestNonFiniteGuard:
    def test_a_bad_weight_stops_at_once(self, line, capsys):
        guard, epochs = guards.NonFiniteGuard(patience=3), Steps()
        line.set_weights([np.full((1, 1), np.inf, "float32")])
        fit(line, guard, epochs, epochs=3)
        assert (guard.offender, epochs.count) == ("loss", 1)
        assert capsys.readouterr().err == ""

    def test_a_bad_weight_that_no_metric_shows(self, line):
        guard = guards.NonFiniteGuard(patience=3)
        guard.set_model(line)
        line.set_weights([np.full((1, 1), np.nan, "float32")])
        guard.on_epoch_end(0, {"loss": 1.0})
        assert guard.offender == "a weight"

    def test_lets_finite_numbers_pass(self, line):
        guard = guards.NonFiniteGuard()
        fit(line, guard)
        assert guard.offender is None

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_some_in_a_row_are_borne(self, line, value, capsys):
        guard = guards.NonFiniteGuard(patience=2)
        guard.set_model(line)
        good, bad = {"loss": 1.0}, {"loss": 1.0, "implicit": value, "explicit": 2.0}
        for logs in (good, bad, good, bad):
            guard.on_epoch_end(0, logs)
            assert guard.offender is None
        output = capsys.readouterr().err
        assert output.count("Warning: implicit is not a finite number") == 2
        # A resumed run continues to count.
        resumed = guards.NonFiniteGuard(patience=2)
        resumed.set_model(line)
        resumed.set_state(guard.get_state())
        resumed.on_epoch_end(0, bad)
        assert resumed.offender == "implicit"
        assert line.stop_training
