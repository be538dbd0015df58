"""ResNets of one channel: those of keras.applications, and those of torchvision.

They differ in where a level halves the image: in its first 1 × 1 convolution (Keras, as
published) or in the 3 × 3 convolution after it (torchvision and timm, which the
original uses; known as v1.5). So their weights do not fit each other. The layers have
the same names in both.
"""

import keras
from keras import layers

# Blocks of each level, and channels of the first.
DEPTHS, WIDTH = {"resnet50": (3, 4, 6, 3), "resnet152": (3, 8, 36, 3)}, 64
KERAS = {
    "resnet50": keras.applications.ResNet50,
    "resnet152": keras.applications.ResNet152,
}
# What the names of the second kind end in.
V1_5 = "_v1_5"
ARCHITECTURES = (*DEPTHS, *(name + V1_5 for name in DEPTHS))


def resnet(architecture):
    """The network of a name in `ARCHITECTURES`, without a last layer.

    Returns:
        A `keras.Model` of images (batch, height, width, 1), whose outputs are the maps
        at each resolution, a list of (batch, height, width, channels).
    """
    name = architecture.removesuffix(V1_5)
    if name != architecture:
        return _resnet_v1_5(DEPTHS[name])
    return feature_model(keras_resnet(name, 1), _outputs(DEPTHS[name]))


def keras_resnet(name, channels):
    """The network of keras.applications without weights and last layer."""
    shape = (None, None, channels)
    return KERAS[name](include_top=False, weights=None, input_shape=shape)


def _resnet_v1_5(depths):
    inputs = keras.Input((None, None, 1))
    x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = _normalised(x, WIDTH, 7, 2, "conv1")
    x = layers.ReLU(name="conv1_relu")(x)
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1_pool")(x)
    for level, depth in enumerate(depths):
        for number in range(depth):
            name = f"conv{level + 2}_block{number + 1}"
            stride = 2 if level and not number else 1
            x = _bottleneck(x, WIDTH << level, stride, not number, name)
    return feature_model(keras.Model(inputs, x), _outputs(depths))


def _bottleneck(x, width, stride, projected, name):
    shortcut = x
    if projected:
        shortcut = _normalised(x, 4 * width, 1, stride, f"{name}_0")
    x = _normalised(x, width, 1, 1, f"{name}_1")
    x = layers.ReLU(name=f"{name}_1_relu")(x)
    # Padding "same" would pad an even side on the right alone.
    x = layers.ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = _normalised(x, width, 3, stride, f"{name}_2")
    x = layers.ReLU(name=f"{name}_2_relu")(x)
    x = _normalised(x, 4 * width, 1, 1, f"{name}_3")
    x = layers.Add(name=f"{name}_add")([shortcut, x])
    return layers.ReLU(name=f"{name}_out")(x)


def _normalised(x, width, size, stride, name):
    x = layers.Conv2D(width, size, stride, use_bias=False, name=f"{name}_conv")(x)
    # PyTorch calls this momentum 0.1.
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)


def _outputs(depths):
    names = [f"conv{level}_block{depth}_out" for level, depth in enumerate(depths, 2)]
    return ["conv1_relu", *names]


def feature_model(network, names):
    """The model that returns the outputs of the named layers of a network."""
    outputs = [network.get_layer(name).output for name in names]
    return keras.Model(network.input, outputs)
