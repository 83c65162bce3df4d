"""RSA keys of 1,024 bits, the shortest that proves anything: made in a tenth of the time of those that we make for use."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailbot.folder.dkim_keys import PublicKey, public_key


def make_short_key(path: Path) -> tuple[PublicKey, bytes]:
    """Make a key in a file; returns its public half, and it as the independent signer wants it (PKCS #1, in PEM)."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return public_key(path), key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
