"""The original's training step, in plain PyTorch, for comparison.

The arithmetic is that of `hwgen_keras.models.StyleTransfer`; the way is the original's:
λ from two more partial backward passes, a second forward pass of the discriminator on
the generated images, the perceptual distance once more for the log.
"""

import torch
from original_encoders import CLIP, features, frozen
from original_networks import Discriminator, Generator, statistics
from original_weights import copy_weights
from torch.nn import functional


def adam(parameters, learning_rate=1e-3):
    return torch.optim.Adam(parameters, learning_rate, betas=(0.5, 0.9), eps=1e-7)


class OriginalStep:
    """The networks of a `StyleTransfer`, rendered, and their training step.

    Args:
        ours: a built `StyleTransfer` without the switches that the original lacks; its
            weights are copied.
        optimizer: function (parameters) → a torch optimizer, for either network.
        lpips_once: leave out the second perceptual distance.
        device: where to.
    """

    def __init__(self, ours, optimizer=adam, lpips_once=False, device="cpu"):
        self.weights = {
            name: getattr(ours, f"{name}_weight")
            for name in ("implicit", "pixel", "explicit", "adversarial")
        }
        self.lpips_once = lpips_once
        self.generator = Generator(ours.generator)
        copy_weights(ours.generator, self.generator)
        self.discriminator = Discriminator(ours.discriminator)
        copy_weights(ours.discriminator, self.discriminator)
        self.features = self.clip = None
        if ours.features is not None:
            self.features = frozen(features(ours.features))
            source = getattr(ours.features, "encoder", ours.features)
            copy_weights(source, self.features)
        if ours.clip is not None:
            self.clip = frozen(CLIP(ours.clip))
            self.temperature = ours.clip.temperature
            copy_weights(ours.clip, self.clip)
        for module in (self.generator, self.discriminator, self.features, self.clip):
            if module is not None:
                module.to(device)
        self.generator_optimizer = optimizer(
            [p for p in self.generator.parameters() if p.requires_grad]
        )
        self.discriminator_optimizer = optimizer(self.discriminator.parameters())

    def __call__(self, batch):
        """One step.

        Args:
            batch: a dict of tensors as `StyleTransfer` takes them, but with images
                (batch, 1, height, width) and ids of int64.

        Returns:
            A dict of the losses, scalars.
        """
        weights, target = self.weights, batch["target"]
        g, style = self.generator(batch)
        reconstruction = weights["pixel"] * (target - g).abs().mean()
        if self.features is not None:
            reconstruction = reconstruction + self.perceptual(target, g)
        adversarial = -self.discriminator(g).mean()
        weight = weights["adversarial"] * self.adaptive_weight(
            reconstruction, adversarial
        )
        implicit = sum(
            functional.mse_loss(a, b)
            for a, b in zip(
                statistics(style),
                statistics(self.generator.style_encoder(g)),
                strict=True,
            )
        )
        total = reconstruction + weight * adversarial
        total = total + weights["implicit"] * implicit
        losses = {
            "reconstruction": reconstruction,
            "adversarial": adversarial,
            "implicit": weights["implicit"] * implicit,
            "adaptive_weight": weight,
        }
        if self.clip is not None:
            losses["explicit"] = weights["explicit"] * self.clip_loss(
                *self.clip(g, batch["tokens"])
            )
            total = total + losses["explicit"]
        self.generator_optimizer.zero_grad()
        total.backward()
        self.generator_optimizer.step()

        self.discriminator_optimizer.zero_grad()
        real = self.discriminator(target)
        generated = self.discriminator(g.detach())
        hinge = functional.relu(1 - real).mean() + functional.relu(1 + generated).mean()
        (hinge / 2).backward()
        self.discriminator_optimizer.step()

        if self.features is not None and not self.lpips_once:
            losses["perceptual"] = self.perceptual(target, g)
        losses.update(loss=total, discriminator=hinge / 2)
        return {name: value.detach() for name, value in losses.items()}

    def adaptive_weight(self, reconstruction, adversarial):
        last = self.generator.last_layer.weight
        norms = [
            torch.autograd.grad(loss, last, retain_graph=True)[0].norm()
            for loss in (reconstruction, adversarial)
        ]
        return (norms[0] / (norms[1] + 1e-4)).clamp(0.0, 1e4).detach()

    def perceptual(self, target, g):
        def unit(x):
            return x / (x.pow(2).sum(1, keepdim=True) + 1e-10).sqrt()

        return sum(
            (unit(a) - unit(b)).pow(2).sum(1).mean()
            for a, b in zip(
                self.features.maps(target), self.features.maps(g), strict=True
            )
        )

    def clip_loss(self, text, image):
        logits = text @ image.T / self.temperature
        similarity = (image @ image.T + text @ text.T) / 2
        targets = functional.softmax(similarity * self.temperature, dim=-1)
        rows = -(targets * functional.log_softmax(logits, dim=-1)).sum(1)
        columns = -(targets.T * functional.log_softmax(logits.T, dim=-1)).sum(1)
        return ((rows + columns) / 2).mean()


def to_torch(batch, device="cpu"):
    """A batch of NumPy arrays as `OriginalStep` takes it."""
    result = {}
    for name, array in batch.items():
        tensor = torch.tensor(array, device=device)
        if tensor.ndim == 4:
            tensor = tensor.permute(0, 3, 1, 2).contiguous()
        elif tensor.dtype == torch.int32:
            tensor = tensor.long()
        result[name] = tensor
    return result
