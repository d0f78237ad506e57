"""Makes a wallet with bittensor 11.3: an encrypted coldkey and a plain hotkey, both of one crypto type.

Arguments: folder, wallet, hotkey, crypto type (0 or 1), and the message to sign as hexadecimal digits. The coldkey's
password is in the variable PASSWORD. Says the accounts and signatures, and how the library would keep the password in
the environment.
"""

import ctypes
import json
import os
import sys

from bittensor.wallet import Wallet

folder, name, hotkey, crypto_type, message = sys.argv[1:]
message = bytes.fromhex(message)
password = os.environ["PASSWORD"]
wallet = Wallet(name=name, hotkey=hotkey, path=folder)
wallet.create_new_coldkey(suppress=True, coldkey_password=password, crypto_type=int(crypto_type))
wallet.create_new_hotkey(suppress=True, use_password=False, crypto_type=int(crypto_type))
pairs = {"coldkey": wallet.get_coldkey(password), "hotkey": wallet.get_hotkey()}
# The library sets the variable below Python, where os.environ does not see it.
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
variable = wallet.coldkey_file.save_password_to_env(password)
encoded = getenv(variable.encode()).decode()
print(
    json.dumps(
        {
            **{
                role: {"account": pair.ss58_address, "signature": bytes(pair.sign(message)).hex()}
                for role, pair in pairs.items()
            },
            "password_variable": variable,
            "password_value": encoded,
        }
    )
)
