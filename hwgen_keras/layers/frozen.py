"""Building and freezing networks of this package, whose `build` needs no shape."""


def ensure_built(*networks):
    """Builds those networks that are not built; `None` stands for an absent one."""
    for network in networks:
        if network is not None and not network.built:
            network.build()


def freeze(network):
    """Builds a network and makes it untrainable, with all networks inside it."""
    # Layers that are built after the freezing would be trainable.
    ensure_built(network)
    # Under TensorFlow an assignment that changes nothing does not reach the layers
    # inside, and of a network that was saved frozen only the outermost is frozen.
    network.trainable = True
    network.trainable = False
