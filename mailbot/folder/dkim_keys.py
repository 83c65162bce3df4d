"""DKIM key files: made, read for signing, and their public half as the DNS publishes it (RFC 6376, 8463)."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from mailbot.core.refusal import Refusal
from mailbot.core.senders.dkim import Signer
from mailbot.core.senders.dns_record import DnsRecord
from mailbot.folder.plain_file import read_file

KeyType = Literal["rsa", "ed25519"]

_RSA_LEAST, _RSA_MOST = 1_024, 4_096  # bits of others' keys, RFC 8301 section 3.2
_RSA_BITS = 2048  # what fits one DNS answer and is asked for by the large providers; RFC 8301 demands 1,024

# `cryptography` is imported where it is used: a service that does not sign needs none of its 10 MB of memory.


@dataclass(frozen=True)
class PublicKey:
    """What the DNS says of a key."""

    type: KeyType
    value: str  # base64, the tag p=

    @property
    def record(self) -> str:
        """The TXT record's text."""
        return f"v=DKIM1; k={self.type}; p={self.value}"


def make_key(path: Path, key_type: KeyType) -> PublicKey:
    """Make a key in a file that only its owner can read, never over an old one; returns its public half."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415

    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if key_type == "rsa":
        key = rsa.generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError:
        raise Refusal(
            f"{path} exists already; choose another selector, so that the old key stays valid"
        ) from None
    except OSError as error:
        raise Refusal(f"{path} cannot be written: {error.strerror}") from None
    return public_key(path)


def load_signer(path: Path, domain: str, selector: str) -> Signer:
    """Return what signs with the key in this file. Raises Refusal when it is no key that DKIM knows."""
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils  # noqa: PLC0415

    key = _private_key(path)
    if isinstance(key, rsa.RSAPrivateKey):
        sign = partial(key.sign, padding=padding.PKCS1v15(), algorithm=utils.Prehashed(hashes.SHA256()))
        return Signer(domain, selector, "rsa-sha256", sign)
    return Signer(domain, selector, "ed25519-sha256", key.sign)


def verify(key_type: str, value: bytes, digest: bytes, signature: bytes) -> bool:
    """Tell whether a published key made this signature over a SHA-256 digest; see core/senders/dkim_signature.py.

    Raises ValueError, with a sentence, when the key is none, or proves too little or costs too much (RFC 8301 section 3).
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa, utils  # noqa: PLC0415

    try:
        if key_type == "ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(value).verify(signature, digest)
            return True
        key = serialization.load_der_public_key(value)
        size = key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
        if not isinstance(key, rsa.RSAPublicKey) or not _RSA_LEAST <= size <= _RSA_MOST:
            raise ValueError(f"the published key is no RSA key, or has {size} bits")
        key.verify(signature, digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm:
        raise ValueError("the published key is of no kind that is known") from None
    return True


def public_key(path: Path) -> PublicKey:
    """Return the public half of a key file. Raises Refusal as `load_signer` does."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

    public = _private_key(path).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        content = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return PublicKey("rsa", base64.b64encode(content).decode())
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return PublicKey("ed25519", base64.b64encode(raw).decode())


def zone_line(domain: str, selector: str, key: PublicKey) -> str:
    """Return the record as a zone file has it, cut into strings that a TXT record can hold."""
    name = f"{selector}._domainkey.{domain}"
    return DnsRecord(name, "TXT", key.record, "unknown", "DKIM").zone_line


def _private_key(path: Path) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa  # noqa: PLC0415

    try:
        key = serialization.load_pem_private_key(read_file(path), password=None)
    except OSError as error:
        raise Refusal(
            f"dkim: {path} cannot be read: {error.strerror}; `mailbot dkim make` makes one"
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refusal(
            f"dkim: {path} is not a private key in PEM without a password; `mailbot dkim make` makes one"
        ) from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 1_024:
        return key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key
    raise Refusal(f"dkim: {path} is neither an RSA key of at least 1024 bits nor an Ed25519 key")
