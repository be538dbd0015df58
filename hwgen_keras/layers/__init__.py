"""AdaIN, residual and attention blocks, the coders made of them, conditions."""

from hwgen_keras.layers.adain import (
    adain,
    style_of_images,
    style_shares,
    style_statistics,
)
from hwgen_keras.layers.attention import CrossAttention, FullAttention, LinearAttention
from hwgen_keras.layers.coders import Decoder, Encoder
from hwgen_keras.layers.conditions import CLIPCondition, Condition, EmbeddingCondition
from hwgen_keras.layers.discriminator_input import DiscriminatorInput
from hwgen_keras.layers.embedding import Embedding
from hwgen_keras.layers.frozen import freeze
from hwgen_keras.layers.initial import fan_in_uniform
from hwgen_keras.layers.normalization import GroupNorm
from hwgen_keras.layers.residual import ResidualBlock
from hwgen_keras.layers.seeds import layer_seed
from hwgen_keras.layers.spectral import SpectralConv2D
from hwgen_keras.layers.time import NoiseLevel
from hwgen_keras.layers.upsampling import UpsampledConv2D

__all__ = [
    "CLIPCondition",
    "Condition",
    "CrossAttention",
    "Decoder",
    "DiscriminatorInput",
    "Embedding",
    "EmbeddingCondition",
    "Encoder",
    "FullAttention",
    "GroupNorm",
    "LinearAttention",
    "NoiseLevel",
    "ResidualBlock",
    "SpectralConv2D",
    "UpsampledConv2D",
    "adain",
    "fan_in_uniform",
    "freeze",
    "layer_seed",
    "style_of_images",
    "style_shares",
    "style_statistics",
]
