"""Opens a wallet with bittensor 10.5 and says what it sees.

Arguments: folder, wallet, hotkey, and the message as hexadecimal digits; then, in pairs, the names of keys (coldkey or
hotkey) and signatures to check. The coldkey's password is in the variable PASSWORD.
"""

import json
import os
import sys

from bittensor_wallet import Wallet

folder, name, hotkey, message, *claims = sys.argv[1:]
message = bytes.fromhex(message)
wallet = Wallet(name=name, hotkey=hotkey, path=folder)
pairs = {"coldkey": wallet.get_coldkey(password=os.environ["PASSWORD"]), "hotkey": wallet.get_hotkey()}
seen = {
    role: {
        "account": pair.ss58_address,
        "crypto_type": pair.crypto_type,
        "signature": pair.sign(message).hex(),
    }
    for role, pair in pairs.items()
}
print(
    json.dumps(
        {
            **seen,
            "coldkeypub": wallet.get_coldkeypub().ss58_address,
            "hotkeypub": wallet.get_hotkeypub().ss58_address,
            "coldkey_encrypted": wallet.coldkey_file.is_encrypted(),
            "hotkey_encrypted": wallet.hotkey_file.is_encrypted(),
            "verified": [
                pairs[role].verify(message, bytes.fromhex(signature))
                for role, signature in zip(claims[::2], claims[1::2])
            ],
        }
    )
)
