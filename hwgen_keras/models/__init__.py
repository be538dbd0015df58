"""The networks, and the algorithms that train them."""

from hwgen_keras.models.adaptation import PARTS, Reconstruction, train_only
from hwgen_keras.models.averages import (
    AveragingAdam,
    adam_pair,
    averaged,
    take_averages,
)
from hwgen_keras.models.classifier import Classifier
from hwgen_keras.models.clip import CLIP, ImageTower, TextTower
from hwgen_keras.models.diffusion import Diffusion, DiffusionGenerator
from hwgen_keras.models.discriminator import PatchDiscriminator
from hwgen_keras.models.encoders import ImageEncoder, TextEncoder
from hwgen_keras.models.generator import AdaINGenerator
from hwgen_keras.models.image_losses import ImageLoss
from hwgen_keras.models.loading import load_trained, with_policy
from hwgen_keras.models.perceptual import EncoderFeatures, VGG16Features
from hwgen_keras.models.sizes import SIZES
from hwgen_keras.models.storage import save_model
from hwgen_keras.models.style_transfer import StyleTransfer
from hwgen_keras.models.unet import UNet

# All of them take the same inputs; a DiffusionGenerator also takes noise.
GENERATORS = (AdaINGenerator, DiffusionGenerator)

__all__ = [
    "CLIP",
    "GENERATORS",
    "PARTS",
    "SIZES",
    "AdaINGenerator",
    "AveragingAdam",
    "Classifier",
    "Diffusion",
    "DiffusionGenerator",
    "EncoderFeatures",
    "ImageEncoder",
    "ImageLoss",
    "ImageTower",
    "PatchDiscriminator",
    "Reconstruction",
    "StyleTransfer",
    "TextEncoder",
    "TextTower",
    "UNet",
    "VGG16Features",
    "adam_pair",
    "averaged",
    "load_trained",
    "save_model",
    "take_averages",
    "train_only",
    "with_policy",
]
