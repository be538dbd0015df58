"""The blocks, networks and losses in plain NumPy, float64, written for the tests.

Each function says what it computes in the most direct way, independent of the package:
no shared sums, no fused passes. Networks take their weights as `Weights`.
"""

import itertools
import math

import keras
import numpy as np

from hwgen_keras.layers.normalization import EPSILON as GROUP_NORM_EPSILON


class Weights(dict):
    """Arrays by path within a layer; `weights.of("block")` are those of a part."""

    @classmethod
    def from_layer(cls, layer):
        """The weights of a built Keras layer, in float64.

        Those of networks that it was given built are not under its name.
        """
        start = layer.name + "/"
        return cls(
            {
                v.path.split(start, 1)[1]: np.asarray(
                    keras.ops.convert_to_numpy(v), "float64"
                )
                for v in layer.weights
                if start in v.path
            }
        )

    def of(self, part):
        start = part + "/"
        return Weights(
            {k.removeprefix(start): v for k, v in self.items() if k.startswith(start)}
        )


def softmax(x, axis=-1):
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def silu(x):
    return x / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def dense(x, w):
    return x @ w["kernel"] + w["bias"]


def convolve(x, w, stride=1, padding=None):
    """A convolution; `padding` = zeros on each side, default: "same"."""
    kernel = w["kernel"]
    size = kernel.shape[0]
    if padding is None:
        # As many outputs as inputs / stride; the odd zero goes below and right.
        total = max((math.ceil(x.shape[1] / stride) - 1) * stride + size, x.shape[1])
        before = (total - x.shape[1]) // 2
        after = total - x.shape[1] - before
    else:
        before = after = padding
    x = np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))
    height, width = ((n - size) // stride + 1 for n in x.shape[1:3])
    result = np.zeros((len(x), height, width, kernel.shape[3])) + w.get("bias", 0)
    for row, column in np.ndindex(size, size):
        rows = slice(row, row + stride * height, stride)
        columns = slice(column, column + stride * width, stride)
        result += x[:, rows, columns][:, :height, :width] @ kernel[row, column]
    return result


def standardise(x, axes, epsilon):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def layer_norm(x, w, epsilon):
    return standardise(x, -1, epsilon) * w["gamma"] + w["beta"]


def group_norm(x, w, groups, scale=0.0, shift=0.0):
    """`scale` and `shift`: numbers, or (batch, 1, 1, channels)."""
    result = np.zeros_like(x)
    for part in np.split(np.arange(x.shape[3]), groups):
        result[..., part] = standardise(x[..., part], (1, 2, 3), GROUP_NORM_EPSILON)
    return (result * w["gamma"] + w["beta"]) * (scale + 1) + shift


def batch_norm(x, w, epsilon, training):
    if training:
        x = standardise(x, (0, 1, 2), epsilon)
    else:
        x = (x - w["moving_mean"]) / np.sqrt(w["moving_variance"] + epsilon)
    return x * w["gamma"] + w["beta"]


def rms_norm(x, w):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * w["scale"]


def style_statistics(x):
    mean = np.zeros((x.shape[0], 1, 1, x.shape[3]))
    deviation = np.zeros_like(mean)
    for i, c in itertools.product(range(x.shape[0]), range(x.shape[3])):
        mean[i, 0, 0, c] = x[i, :, :, c].mean()
        deviation[i, 0, 0, c] = math.sqrt(x[i, :, :, c].var() + 1e-5)
    return mean, deviation


def adain(content, style_mean, style_deviation):
    mean, deviation = style_statistics(content)
    return (content - mean) / deviation * style_deviation + style_mean


def residual_block(x, w, condition=None, groups=8):
    hidden = convolve(x, w.of("convolution_1"))
    scale = shift = 0.0
    if condition is not None:
        modulation = dense(silu(condition), w.of("modulation"))[:, None, None]
        scale, shift = np.split(modulation, 2, axis=-1)
    hidden = group_norm(hidden, w.of("norm_1"), groups, scale, shift)
    hidden = convolve(silu(hidden), w.of("convolution_2"))
    hidden = group_norm(hidden, w.of("norm_2"), groups)
    if "shortcut/kernel" in w:
        x = convolve(x, w.of("shortcut"))
    return silu(hidden) + x


def attend_fully(query, key, value):
    return softmax(query @ key.T / math.sqrt(query.shape[1])) @ value


def attend_linearly(query, key, value):
    context = softmax(key, axis=0).T @ value
    return softmax(query, axis=-1) / math.sqrt(query.shape[1]) @ context


def attention(x, w, heads, attend):
    """Residual attention over the positions of a map; each head by itself."""
    qkv = convolve(rms_norm(x, w.of("norm")), w.of("to_qkv"))
    positions = x.shape[1] * x.shape[2]
    qkv = qkv.reshape(len(x), positions, 3, heads, -1)
    attended = np.zeros((len(x), positions, heads, qkv.shape[-1]))
    for image, head in np.ndindex(len(x), heads):
        attended[image, :, head] = attend(*(qkv[image, :, i, head] for i in range(3)))
    attended = convolve(attended.reshape(*x.shape[:3], -1), w.of("to_out"))
    if "out_norm/scale" in w:
        attended = rms_norm(attended, w.of("out_norm"))
    return x + attended


def upsample(x):
    return x.repeat(2, axis=1).repeat(2, axis=2)


def stage(x, w, heads, resampling, condition=None):
    for name in ("block_1", "block_2"):
        x = residual_block(x, w.of(name), condition)
    x = attention(x, w.of("attention"), heads, attend_linearly)
    if resampling == "up":
        x = upsample(x)
    return convolve(x, w.of("convolution"), stride=2 if resampling == "down" else 1)


def _stages(x, w, heads, resampling, condition):
    count = len({path.split("/")[0] for path in w if path.startswith("stage_")})
    for i in range(count):
        change = "same" if i == count - 1 else resampling
        x = stage(x, w.of(f"stage_{i}"), heads, change, condition)
    return x


def encoder(x, w, heads, condition=None):
    x = _stages(convolve(x, w.of("stem")), w, heads, "down", condition)
    x = residual_block(x, w.of("middle_1"), condition)
    x = attention(x, w.of("middle_attention"), heads, attend_fully)
    return residual_block(x, w.of("middle_2"), condition)


def decoder(x, w, heads, condition=None):
    x = _stages(x, w, heads, "up", condition)
    return residual_block(x, w.of("last_block"), condition)


def condition(embedding, w, drop):
    """Rows that drop their condition get the null vector."""
    embedding = np.where(drop[:, None], w["null_vector"], embedding)
    return dense(gelu(dense(embedding, w.of("hidden"))), w.of("output"))


def generator_features(batch, embedding, w, heads):
    """The last layer's input; `embedding` is CLIP's, of the characters' structures."""
    c = condition(embedding, w.of("condition"), batch["drop_condition"])
    content = encoder(batch["content"], w.of("content_encoder"), heads, c)
    style = style_statistics(encoder(batch["style"], w.of("style_encoder"), heads))
    return decoder(adain(content, *style), w.of("decoder"), heads, c)


def discriminator(x, w, training=True):
    """All strides 2, but for the last two; batch statistics in training."""
    last = len({p.split("/")[0] for p in w if p.startswith("convolution_")}) - 1
    for i in range(last + 1):
        stride = 1 if i == last else 2
        x = convolve(x, w.of(f"convolution_{i}"), stride, padding=1)
        if i > 0:
            x = batch_norm(x, w.of(f"norm_{i}"), 1e-5, training)
        x = np.where(x > 0, x, 0.2 * x)
    return convolve(x, w.of("to_logits"), padding=1)


def image_maps(x, w, training=False):
    """The maps of the convolutional image encoder."""
    maps = []
    for i in range(len({p.split("/")[0] for p in w if p.startswith("stage_")})):
        v = w.of(f"stage_{i}")
        x = convolve(x, v.of("convolution_1"), stride=2)
        x = relu(batch_norm(x, v.of("norm_1"), 1e-3, training))
        hidden = convolve(x, v.of("convolution_2"))
        x = relu(x + batch_norm(hidden, v.of("norm_2"), 1e-3, training))
        maps.append(x)
    return maps


def image_encoder(x, w, training=False):
    return image_maps(x, w, training)[-1].mean((1, 2))


def text_encoder(tokens, w):
    """The state of the first token; what is padded is never looked at."""
    x = w["token_embedding/embeddings"][tokens] + w["position_embedding/embeddings"]
    x = layer_norm(x, w.of("norm"), 1e-12)
    for i in range(len({p.split("/")[0] for p in w if p.startswith("layer_")})):
        v = w.of(f"layer_{i}")
        attended = np.zeros_like(x)
        for row, ids in enumerate(tokens):
            attended[row] = self_attention(x[row], v.of("attention"), ids != 0)
        x = layer_norm(x + attended, v.of("norm_1"), 1e-12)
        hidden = dense(gelu(dense(x, v.of("hidden"))), v.of("output"))
        x = layer_norm(x + hidden, v.of("norm_2"), 1e-12)
    return x[:, 0]


def self_attention(x, w, seen):
    result = np.zeros_like(x) + w["attention_output/bias"]
    for head in range(w["query/kernel"].shape[1]):
        query, key, value = (
            x @ w[f"{name}/kernel"][:, head] + w[f"{name}/bias"][head]
            for name in ("query", "key", "value")
        )
        attended = attend_fully(query, key[seen], value[seen])
        result += attended @ w["attention_output/kernel"][head]
    return result


def projection_head(x, w):
    projected = dense(x, w.of("projection"))
    hidden = dense(gelu(projected), w.of("output"))
    return layer_norm(hidden + projected, w.of("norm"), 1e-5)


def soft_target_clip_loss(text, image, temperature=1.0):
    logits = text @ image.T / temperature
    targets = softmax((image @ image.T + text @ text.T) / 2 * temperature)
    result = np.zeros(len(text))
    for k in range(len(text)):
        along_row = -sum(targets[k] * np.log(softmax(logits[k])))
        along_column = -sum(targets[:, k] * np.log(softmax(logits[:, k])))
        result[k] = (along_row + along_column) / 2
    return result


def style_statistics_loss(style, generated):
    return sum(((a - b) ** 2).mean() for a, b in zip(style, generated, strict=True))


def perceptual_distance(features_a, features_b):
    result = np.zeros(len(features_a[0]))
    for a, b in zip(features_a, features_b, strict=True):
        for k, row, column in np.ndindex(a.shape[:3]):
            u, v = a[k, row, column], b[k, row, column]
            # A map without a feature at a position has no direction there.
            u, v = (z / math.sqrt((z**2).sum() + 1e-10) for z in (u, v))
            result[k] += ((u - v) ** 2).sum() / (a.shape[1] * a.shape[2])
    return result


def hinge_discriminator_loss(real_logits, generated_logits):
    return (relu(1 - real_logits).mean() + relu(1 + generated_logits).mean()) / 2
