"""Freezing a network for good."""


def freeze(network):
    """Builds a network of this package, if need be, and makes it untrainable.

    Args:
        network: a network whose `build` needs no shape.
    """
    # What is built after its network was frozen counts as trainable.
    if not network.built:
        network.build()
    # Under TensorFlow an assignment that changes nothing does not reach the layers
    # inside, and a network that was saved frozen comes back with only itself frozen.
    network.trainable = True
    network.trainable = False
