"""Weights that `torch.save` wrote, whatever the backend."""

from hwgen_keras.errors import InputError, loading


def read_state_dict(path):
    """{name: float32 array} of a state dict; its pickle may name tensors alone.

    Raises:
        InputError: torch is not installed, or the file is no state dict.
    """
    try:
        import torch
    except ImportError:
        raise InputError(
            f"{path} needs torch to be read, which is not installed; install it, or "
            "give the weights as .safetensors."
        ) from None
    with loading(path, "a state dict"):
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {name: tensor.float().numpy() for name, tensor in state.items()}
