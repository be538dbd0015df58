"""python tests/two_devices.py MODULE ARGUMENTS: runs a module on two CPU devices.

They must exist before the backend computes anything, so that a test needs a process.
"""

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

del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
