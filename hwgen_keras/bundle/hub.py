"""Models on the Hugging Face Hub, by addresses such as hf://org/name@revision."""

import pathlib
import re

from hwgen_keras.bundle.description import DESCRIPTION
from hwgen_keras.bundle.reading import read_bundle
from hwgen_keras.errors import InputError, reason_of

PREFIX = "hf://"


def fetch_model(address):
    """The folder of a model of the Hub, downloaded unless it is in the Hub's cache.

    Only `model.json` and the files that it lists are downloaded. Nothing is opened but
    `model.json`; the caller compares the others with their checksums.

    Args:
        address: hf://ORGANISATION/NAME@REVISION; a revision is a branch, a tag or a
            commit, and only a commit is the same tomorrow.

    Raises:
        InputError: it is no such address, huggingface_hub is not installed, there is no
            such repository or revision, it holds no model of this package, or the Hub
            cannot be reached.
    """
    match = re.fullmatch(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", address)
    if match is None:
        raise InputError(
            f"{address!r} is no address of a model; write hf://ORGANISATION/NAME@"
            "REVISION."
        )
    repository, revision = match.groups()
    if revision is None:
        raise InputError(
            f"{address} names no revision; add one, best a commit: {address}@main is "
            "what is there today."
        )
    try:
        import huggingface_hub
        from huggingface_hub import errors
    except ImportError:
        raise InputError(
            f"{address}: the package huggingface_hub is not installed; "
            "`pip install 'hwgen_keras[hub]'`."
        ) from None

    def get(file, revision):
        return huggingface_hub.hf_hub_download(repository, file, revision=revision)

    try:
        folder = pathlib.Path(get(DESCRIPTION, revision)).parent
        for file in read_bundle(folder, verify=False).files:
            # The folder is called after the commit: a branch may move meanwhile.
            get(file, folder.name)
    except InputError:
        raise
    except errors.RevisionNotFoundError:
        raise InputError(
            f"{address}: the repository has no revision {revision!r}; check it."
        ) from None
    except errors.GatedRepoError:
        raise InputError(
            f"{address} is not open to you; ask for access on its page, then log in by "
            "`hf auth login`."
        ) from None
    except errors.RepositoryNotFoundError:
        raise InputError(
            f"{address}: there is no such repository, or it is private; check the "
            "name, or log in by `hf auth login`."
        ) from None
    except errors.RemoteEntryNotFoundError as error:
        raise InputError(
            f"{address} is no complete model of hwgen_keras: it lacks "
            f"{_file_of(error)}; give another."
        ) from None
    except Exception as error:
        # The library lets the errors of its HTTP client through.
        raise InputError(
            f"{address} cannot be downloaded ({reason_of(error)}); check the network, "
            "and try again."
        ) from None
    return folder


def _file_of(error):
    """The file that a repository lacks."""
    url = str(error.response.url)
    return re.sub(r".*/resolve/[^/]+/", "", url).partition("?")[0]
