"""The denoiser in plain NumPy, float64, as `plain` has the other networks."""

import math

import numpy as np
import plain


def noise_level(log_snr, w, frequencies=32):
    step = np.arctan(np.exp(-log_snr / 2)) / (math.pi / 2) * 1000
    waves = np.zeros((len(log_snr), 2 * frequencies))
    for k in range(frequencies):
        waves[:, k] = np.sin(step / 10000 ** (k / frequencies))
        waves[:, frequencies + k] = np.cos(step / 10000 ** (k / frequencies))
    return plain.dense(plain.silu(plain.dense(waves, w.of("hidden"))), w.of("output"))


def cross_attention(x, context, w, heads):
    """Each image, and each head, by itself; `context` (batch, positions, channels)."""
    positions = x.reshape(len(x), -1, x.shape[3])
    query = plain.rms_norm(positions, w.of("norm")) @ w["to_query/kernel"]
    context = plain.rms_norm(context, w.of("context_norm"))
    key, value = np.split(context @ w["to_key_value/kernel"], 2, axis=-1)
    attended = np.zeros_like(query)
    for image, part in np.ndindex(len(x), heads):
        size = query.shape[2] // heads
        of_head = slice(part * size, (part + 1) * size)
        attended[image, :, of_head] = plain.attend_fully(
            *(each[image, :, of_head] for each in (query, key, value))
        )
    return x + (attended @ w["to_out/kernel"]).reshape(x.shape)


def squares_to_channels(x, side):
    """Pixel (r, c) of a square has its channels at (r side + c) channels."""
    return np.concatenate(
        [x[:, r::side, c::side] for r, c in np.ndindex(side, side)], axis=3
    )


def channels_to_squares(x, side):
    batch, height, width, channels = x.shape
    result = np.zeros((batch, height * side, width * side, channels // side**2))
    for k, (r, c) in enumerate(np.ndindex(side, side)):
        size = result.shape[3]
        result[:, r::side, c::side] = x[..., k * size : (k + 1) * size]
    return result


def style_code(images, w, heads):
    """(statistics, features) of (batch, images, height, width, 1)."""
    features = [plain.encoder(images[:, i], w, heads) for i in range(images.shape[1])]
    codes = [
        np.concatenate(plain.style_statistics(x), axis=-1)[:, 0, 0] for x in features
    ]
    width = features[0].shape[3]
    positions = [x.reshape(len(x), -1, width) for x in features]
    return sum(codes) / len(codes), np.concatenate(positions, axis=1)


def unet(noisy, log_snr, inputs, w, heads, patch):
    """`inputs`: content, style, three masks, and `embedding` (batch, width) or None."""
    statistics, features = style_code(inputs["style"], w.of("style_encoder"), heads)
    content, no_style = inputs["content"].copy(), inputs["drop_style"]
    content[inputs["drop_content"]] = 0
    statistics = np.where(no_style[:, None], w["null_style"], statistics)
    features = np.where(no_style[:, None, None], 0, features)
    vector = noise_level(log_snr, w.of("noise_level"))
    vector = vector + plain.dense(statistics, w.of("to_style"))
    if inputs.get("embedding") is not None:
        vector = vector + plain.condition(
            inputs["embedding"], w.of("condition"), inputs["drop_condition"]
        )

    def level(x, v):
        for name in ("block_1", "block_2"):
            x = plain.residual_block(x, v.of(name), vector)
        return plain.attention(x, v.of("attention"), heads, plain.attend_linearly)

    x = squares_to_channels(np.concatenate([noisy, content], axis=3), patch)
    x, skips = plain.convolve(x, w.of("stem")), []
    count = len({p.split("/")[0] for p in w if p.startswith("down_")})
    for i in range(count):
        if i > 0:
            x = plain.convolve(x, w.of(f"downsampling_{i - 1}"), stride=2)
        x = level(x, w.of(f"down_{i}"))
        skips.append(x)
    x = plain.residual_block(x, w.of("middle_1"), vector)
    x = plain.attention(x, w.of("middle_attention"), heads, plain.attend_fully)
    if "cross_attention/norm/scale" in w:
        x = cross_attention(x, features, w.of("cross_attention"), heads)
    x = plain.residual_block(x, w.of("middle_2"), vector)
    for i in reversed(range(count)):
        if i < count - 1:
            x = plain.convolve(plain.upsample(x), w.of(f"upsampling_{i}"))
        x = level(np.concatenate([x, skips[i]], axis=3), w.of(f"up_{i}"))
    return channels_to_squares(plain.convolve(x, w.of("last_layer")), patch)
