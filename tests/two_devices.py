"""python tests/two_devices.py MODULE ARGUMENTS [+ MODULE ARGUMENTS]: two CPU devices.

Runs modules on them. The devices must exist before the backend computes
anything, so that a test needs a process.
"""

import importlib
import itertools
import os
import runpy
import sys

if os.environ["KERAS_BACKEND"] == "jax":
    import jax

    jax.config.update("jax_num_cpu_devices", 2)
else:
    import tensorflow as tf

    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * 2,
    )

# Its settings for programs that run once.
importlib.import_module("networks")
groups = itertools.groupby(sys.argv[1:], lambda argument: argument != "+")
for command in [list(group) for is_command, group in groups if is_command]:
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
