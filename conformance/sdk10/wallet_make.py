"""Makes a wallet with bittensor 10.5: an encrypted coldkey and a plain hotkey, both of one crypto type.

Arguments: folder, wallet, hotkey, crypto type (0 or 1), and the message to sign as hexadecimal digits. The coldkey's
password is in the variable PASSWORD. Says the accounts and signatures, and how the library would keep the password in
the environment.
"""

import json
import os
import sys

from bittensor_wallet import Wallet

folder, name, hotkey, crypto_type, message = sys.argv[1:]
message = bytes.fromhex(message)
password = os.environ["PASSWORD"]
wallet = Wallet(name=name, hotkey=hotkey, path=folder)
wallet.create_new_coldkey(suppress=True, coldkey_password=password, crypto_type=int(crypto_type))
wallet.create_new_hotkey(suppress=True, use_password=False, crypto_type=int(crypto_type))
pairs = {"coldkey": wallet.get_coldkey(password=password), "hotkey": wallet.get_hotkey()}
encoded = wallet.coldkey_file.save_password_to_env(password)
print(
    json.dumps(
        {
            **{
                role: {"account": pair.ss58_address, "signature": pair.sign(message).hex()}
                for role, pair in pairs.items()
            },
            "password_variable": wallet.coldkey_file.env_var_name(),
            "password_value": encoded,
        }
    )
)
