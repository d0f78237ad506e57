"""Asks an axon with requests that bittensor 11.3 signs, and verifies those that the caller signed with its verifier.

Arguments: the axon's URL, its hotkey, and a JSON list of requests to verify, each with method, path, body and headers.
Prints one JSON object a line.
"""

import json
import sys
import urllib.error
import urllib.request

from bittensor import http_auth
from bittensor_core import Keypair

URL, HOTKEY, SIGNED = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
ALICE = Keypair.create_from_uri("//Alice")


def ask(step, body, headers, path="/Echo"):
    request = urllib.request.Request(URL + path, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            status, said = answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        status, said = error.code, json.loads(error.read())
    print(json.dumps({"step": step, "status": status, "said": said}))


def signed(body, **other):
    facts = {"method": "POST", "path": "/Echo", "body": body, "receiver_ss58": HOTKEY, **other}
    return http_auth.sign(ALICE, **facts)


hello = json.dumps({"text": "hello", "n": 3}).encode()
once = signed(hello)
ask("bound", hello, once)
ask("again", hello, once)
ask("with a query", hello, signed(hello, path="/Echo?k=5"), path="/Echo?k=5")
ask("other body", b'{"text": "other"}', signed(hello))
ask("unbound", hello, signed(hello, receiver_ss58=None))
ask("other path", hello, signed(hello, path="/Other"))

for request in SIGNED:
    facts = {"method": request["method"], "path": request["path"], "self_hotkey_ss58": HOTKEY}
    try:
        caller = http_auth.verify(request["headers"], request["body"].encode(), **facts)
        print(json.dumps({"step": request["name"], "caller": caller.hotkey_ss58}))
    except http_auth.AuthError as error:
        print(json.dumps({"step": request["name"], "refused": type(error).__name__}))
