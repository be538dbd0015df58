"""The configuration of a layer or model, from the signature of its constructor."""

import inspect

import keras

# Arguments whose attribute has another name, since a layer has that of the argument.
_ATTRIBUTES = {"dropout": "dropout_rate"}


class ConfigFromSignature:
    """Gives a Keras layer or model its `get_config` and `from_config`.

    Inherit from it before the Keras class, and store each argument of `__init__` in the
    attribute of its name. Networks and lists of Keras objects are saved with their own
    configurations.
    """

    def get_config(self):
        parameters = inspect.signature(type(self).__init__).parameters.values()
        arguments = {
            p.name: getattr(self, _ATTRIBUTES.get(p.name, p.name))
            for p in parameters
            if p.name != "self" and p.kind is not p.VAR_KEYWORD
        }
        return {
            **super().get_config(),  # type: ignore[misc]  # of the Keras class
            **keras.saving.serialize_keras_object(arguments),
        }

    @classmethod
    def from_config(cls, config):
        # Keras would take certain strings for names of functions.
        return cls(
            **{
                name: keras.saving.deserialize_keras_object(value)
                if isinstance(value, dict | list | tuple)
                else value
                for name, value in config.items()
            }
        )
