"""Makes wallets without passwords for development accounts, coldkey //NAME and hotkey //NAME//hotkey.

Arguments: a folder, then names. Each wallet is called by its name in small letters, its hotkey `default`. Prints the
addresses, one JSON object a wallet.
"""

import json
import sys

from bittensor_wallet import Keypair, Wallet

folder, *names = sys.argv[1:]
for name in names:
    wallet = Wallet(name=name.lower(), hotkey="default", path=folder)
    coldkey = Keypair.create_from_uri(f"//{name}")
    wallet.set_coldkey(coldkey, encrypt=False, overwrite=True)
    wallet.set_coldkeypub(coldkey, encrypt=False, overwrite=True)
    hotkey = Keypair.create_from_uri(f"//{name}//hotkey")
    wallet.set_hotkey(hotkey, encrypt=False, overwrite=True)
    print(json.dumps({"coldkey": coldkey.ss58_address, "hotkey": hotkey.ss58_address}))
