"""What the scripts of this folder share: the client, and a way to say what was seen."""

import json
import os

from huggingface_hub import HfApi


def api(token=None):
    """A client of the hub that HF_ENDPOINT names; `False` sends no token at all."""
    return HfApi(endpoint=os.environ["HF_ENDPOINT"], token=token)


def say(**facts):
    """One line for the test that runs the script."""
    print(json.dumps(facts), flush=True)


def error_of(call, *arguments, **options):
    """The name of the error that a call ends with."""
    try:
        call(*arguments, **options)
    except Exception as error:
        return type(error).__name__
    return None
