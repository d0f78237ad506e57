"""Runs btcli 11.3 many times in one process and prints what it printed, one JSON object a line.

Arguments: the folder for wallets, then one JSON array of command lines. The wallets `alice`, `bob` and `charlie`, with
the development keys of these names and hotkeys such as `//Alice//hot`, are made first. A start of the program takes
seconds, nearly all of them imports; its entry point is called as the shell would.
"""

import contextlib
import io
import json
import sys

from bittensor.cli.main import main
from bittensor.sp_core import Keypair
from bittensor.wallet import Wallet
from keys import Wallet as Known

folder, commands = sys.argv[1], json.loads(sys.argv[2])


def make_wallet(name):
    known = Known(f"//{name.capitalize()}", f"//{name.capitalize()}//hot")
    wallet = Wallet(name=name, path=folder)
    for file, pair in (
        (wallet.coldkey_file, known.coldkey),
        (wallet.coldkeypub_file, Keypair(ss58_address=known.coldkey.ss58_address)),
        (wallet.hotkey_file, known.hotkey),
        (wallet.hotkeypub_file, Keypair(ss58_address=known.hotkey.ss58_address)),
    ):
        file.set_keypair(pair, encrypt=False, overwrite=True)


for name in ("alice", "bob", "charlie"):
    make_wallet(name)

for command in commands:
    sys.argv = ["btcli", "--wallet-path", folder, *command]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as exit:
            code = exit.code
    try:
        printed = json.loads(out.getvalue())
    except ValueError:
        printed = out.getvalue()
    told = {"command": " ".join(command), "code": code, "printed": printed, "stderr": err.getvalue()}
    print(json.dumps(told), flush=True)
