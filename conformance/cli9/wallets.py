"""Makes wallets without passwords for development accounts, coldkey //NAME and hotkey //NAME//hotkey.

Arguments: a folder, then names. Each wallet is called by its name in small letters, its hotkey `default`.
"""

import sys

from bittensor_wallet import Keypair, Wallet

folder, *names = sys.argv[1:]
for name in names:
    wallet = Wallet(name=name.lower(), hotkey="default", path=folder)
    coldkey = Keypair.create_from_uri(f"//{name}")
    wallet.set_coldkey(coldkey, encrypt=False, overwrite=True)
    wallet.set_coldkeypub(coldkey, encrypt=False, overwrite=True)
    wallet.set_hotkey(Keypair.create_from_uri(f"//{name}//hotkey"), encrypt=False, overwrite=True)
