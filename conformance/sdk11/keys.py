"""Wallets of well-known keys for the scripts beside this one."""

from bittensor.sp_core import Keypair


class Wallet:
    """The least that the SDK takes for a wallet: a coldkey, its public half and a hotkey, all from development URIs."""

    def __init__(self, coldkey, hotkey=None):
        self.coldkey = self.coldkeypub = Keypair.create_from_uri(coldkey)
        self.hotkey = self.hotkeypub = Keypair.create_from_uri(hotkey or coldkey)
