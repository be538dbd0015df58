"""A process that holds one model and trains it when told to.

The backend and the peak of memory belong to a process, so each configuration has its
own. `Worker` starts this file and talks to it in lines of JSON, so that two
configurations can take turns: what else the machine does then slows both alike.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

from workers import environment

# A matrix product of this many rows and columns finds the highest speed.
ROOFLINE_SIDE = {"cpu": 1024, "gpu": 8192}


class Worker:
    """A configuration in a process of its own.

    Args:
        configuration: a dict: backend (`"original"` for the plain rendering), model,
            size, image_size, batch_size, policy, jit, perceptual, lpips_once,
            steps_per_execution, accumulate.

    Raises:
        RuntimeError: from any method; the process has ended, and this is why.
    """

    def __init__(self, configuration):
        plain = configuration["backend"] == "original"
        # A pipe that nobody reads would stop the process once it is full.
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(configuration)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment("torch" if plain else configuration["backend"]),
            text=True,
        )

    def ask(self, command, count=0):
        """Sends a command, and returns the answer; see `Trainer`."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{command} {count}\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            if status < 0:
                raise RuntimeError(
                    f"the process was killed (signal {-status}), perhaps because the "
                    "memory of this machine does not suffice"
                )
            self.errors.seek(0)
            raise RuntimeError(self.errors.read().strip().splitlines()[-1])
        return json.loads(line)

    def close(self):
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


class Trainer:
    """The other side of `Worker`: a model of the package, trained by `fit`."""

    def __init__(self, configuration):
        import keras
        import step_models

        self.configuration = configuration
        self.backend = keras.backend.backend()
        pick = ("model", "size", "policy", "perceptual", "jit", "steps_per_execution")
        adam = {}
        if configuration["accumulate"] > 1:
            adam["gradient_accumulation_steps"] = configuration["accumulate"]
        self.model = step_models.compiled(
            **{name: configuration[name] for name in pick}, **adam
        )
        self.batch = step_models.batch(
            configuration["model"],
            configuration["batch_size"],
            configuration["image_size"],
        )

        class Clock(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                self.start = time.perf_counter()

            def on_epoch_end(self, epoch, logs=None):
                # The logs are numbers by now, so that all steps have ended.
                self.seconds = time.perf_counter() - self.start

        self.clock = Clock()

    def steps(self, count):
        """Seconds of one step, over `count` steps of one epoch of `fit`."""
        if self.backend == "tensorflow":
            import tensorflow as tf

            batches = tf.data.Dataset.from_tensors(self.batch).repeat()
        else:
            import keras

            held = self.batch

            class Repeated(keras.utils.PyDataset):
                def __len__(self):
                    return count

                def __getitem__(self, index):
                    return held

            batches = Repeated()
        self.model.fit(
            batches, steps_per_epoch=count, verbose=0, callbacks=[self.clock]
        )
        return self.clock.seconds / count

    def flops(self, count):
        """Operations of one step, see `counted`; torch alone."""
        # `fit` begins with a forward pass to build the model, which is no step.
        return counted(lambda: self.steps(2)) - counted(lambda: self.steps(1))

    def memory(self, count):
        """The peak of the process, or of the device, in bytes, and where."""
        if self.backend == "torch":
            return torch_memory()
        if self.backend == "tensorflow":
            import tensorflow as tf

            if tf.config.list_physical_devices("GPU"):
                return tf.config.experimental.get_memory_info("GPU:0")["peak"]
        elif self.backend == "jax":
            import jax

            if jax.default_backend() == "gpu":
                return jax.devices()[0].memory_stats()["peak_bytes_in_use"]
        return process_memory()

    def roofline(self, count):
        """The highest speed seen in a product of large matrices, operations a second.

        In the policy's compute dtype, on the same backend. `count` are their rows and
        columns; 0: as many as find it.
        """
        import keras
        from keras import ops

        dtype = self.model.dtype_policy.compute_dtype
        kind = "gpu" if device_name(self.backend) != "CPU" else "cpu"
        side = count or ROOFLINE_SIDE[kind]
        # Random, since equal numbers cost less power, and so more of them fit a second;
        # of a size that keeps products of products in range.
        a = keras.random.normal((side, side), stddev=side**-0.5, seed=0)
        a = ops.cast(a, dtype)
        times = []
        for _ in range(6):
            start = time.perf_counter()
            b = a
            for _ in range(4):
                b = ops.matmul(a, b)
            # Waits for the result, of which it takes little.
            float(ops.convert_to_numpy(ops.cast(b[0, 0], "float32")))
            times.append((time.perf_counter() - start) / 4)
        return 2 * side**3 / min(times)

    def profile(self, count):
        """Where the time of `count` steps goes, see `profile_summary.summarise`."""
        import profile_summary

        from hwgen_keras.backend import profiling

        self.steps(1)
        with tempfile.TemporaryDirectory() as folder:
            stop = profiling.start(folder)
            self.steps(count)
            stop()
            return profile_summary.summarise(folder, count)

    def device(self, count):
        return device_name(self.backend)


class Original:
    """The other side of `Worker`: the plain rendering."""

    def __init__(self, configuration):
        import step_models
        import torch
        from original_step import OriginalStep, to_torch

        from hwgen_keras.models import SIZES

        self.device_name = "cuda" if torch.cuda.is_available() else "cpu"
        ours = step_models.style_transfer(
            SIZES[configuration["size"]], "float32", configuration["perceptual"]
        )
        ours.build()
        self.step = OriginalStep(
            ours, lpips_once=configuration["lpips_once"], device=self.device_name
        )
        self.batch = to_torch(
            step_models.batch(
                "style_transfer",
                configuration["batch_size"],
                configuration["image_size"],
            ),
            self.device_name,
        )

    def steps(self, count):
        start = time.perf_counter()
        for _ in range(count):
            losses = self.step(self.batch)
        float(losses["loss"])
        return (time.perf_counter() - start) / count

    def flops(self, count):
        return counted(lambda: self.steps(1))

    def memory(self, count):
        return torch_memory()

    def device(self, count):
        return device_name("torch")


def counted(step):
    """Operations of the convolutions and matrix products in `step()`.

    A multiplication and an addition count as two.
    """
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils.flop_counter import flop_registry

    # FlopCounterMode also watches modules, which gradients of leaves forbid.
    class Counter(TorchDispatchMode):
        total = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            count = flop_registry.get(function._overloadpacket)
            if count:
                self.total += count(*args, **(kwargs or {}), out_val=result)
            return result

    with Counter() as counter:
        step()
    return counter.total


def device_name(backend):
    """The device that computes: "CPU", or the name of the GPU."""
    if backend == "torch":
        import torch

        return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    if backend == "jax":
        import jax

        return "CPU" if jax.default_backend() == "cpu" else jax.devices()[0].device_kind
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if not devices:
        return "CPU"
    return tf.config.experimental.get_device_details(devices[0])["device_name"]


def torch_memory():
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return process_memory()


def process_memory():
    """The peak of this process's memory in bytes; `forget_peak` starts it anew."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak():
    """Building a model may need more than training it, for a moment."""
    with contextlib.suppress(OSError):
        pathlib.Path("/proc/self/clear_refs").write_text("5")


def serve(configuration):
    """Answers the commands on standard input, one line of JSON each."""
    # Libraries print what they like; the answers go where nothing else does.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kind = Original if configuration["backend"] == "original" else Trainer
    trainer = kind(configuration)
    on_cpu = trainer.device(0) == "CPU"
    forget_peak()
    before = process_memory()
    for line in sys.stdin:
        command, count = line.split()
        answer = getattr(trainer, command)(int(count))
        if command == "memory" and on_cpu:
            answer -= before
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
