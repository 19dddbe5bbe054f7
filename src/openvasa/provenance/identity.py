"""Who signs: a certificate and its key, the user's own or a local one made on first use.

The local identity is a test identity: its root is known to this computer alone. It proves that a
file is unchanged since it was signed, and, on this computer, that it was signed here.
"""

from __future__ import annotations

import datetime
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openvasa.types import InputError

ENVIRONMENT = "OPENVASA_IDENTITY"
_ORGANIZATION = "openvasa local test identity"
_YEARS = 10
_MARGIN = datetime.timedelta(days=1)  # clocks differ
_CURVES = {256: "es256", 384: "es384", 521: "es512"}
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Identity:
    """A signer.

    Attributes:
        certificates: PEM, the signer's own first, then those that vouch for it.
        key: PEM, PKCS #8, the signer's private key.
        algorithm: C2PA's name of the signature algorithm.
    """

    certificates: bytes
    key: bytes
    algorithm: str

    @property
    def root(self) -> bytes:
        """PEM of the last certificate of the chain."""
        return x509.load_pem_x509_certificates(self.certificates)[-1].public_bytes(_PEM)


def load_identity(certificate: Path | None = None, key: Path | None = None) -> Identity:
    """The identity to sign with.

    Args:
        certificate: A PEM file with the signer's certificate and those that vouch for it.
        key: A PEM file with its private key, without a passphrase.

    Returns:
        The one of the two files; without them that of the file named by OPENVASA_IDENTITY, which
        holds both; without that the local one, made now if there is none yet.

    Raises:
        InputError: A file is missing, damaged or out of date, or the two do not belong together.
    """
    if (certificate is None) != (key is None):
        raise InputError("a certificate needs its key: give both --certificate and --key.")
    if certificate is not None and key is not None:
        return _parse(_read(certificate), _read(key), str(certificate))
    if named := os.environ.get(ENVIRONMENT):
        pem = _read(Path(named))
        return _parse(pem, pem, named)
    return _local(local_file())


def local_root() -> bytes | None:
    """PEM of the local identity's root, by which this computer knows its own files; or None."""
    file = local_file()
    try:
        pem = file.read_bytes()
        return _parse(pem, pem, str(file)).root
    except (OSError, InputError):
        return None


def local_file() -> Path:
    """Where the local identity lies: in the user's folder for settings."""
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    else:
        base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "openvasa" / "identity.pem"


def _local(file: Path) -> Identity:
    try:
        if file.exists():
            pem = file.read_bytes()
            if not _expired(pem, str(file)):
                return _parse(pem, pem, str(file))
            file.unlink()
        _write_private(file, _create())
        pem = file.read_bytes()  # another process may have been first
    except OSError as error:
        raise InputError(
            f"the identity that signs cannot be kept in '{file.parent}' ({error.strerror}): set "
            "XDG_CONFIG_HOME to a folder that can be written, or give --certificate and --key."
        ) from error
    return _parse(pem, pem, str(file))


def _write_private(file: Path, pem: bytes) -> None:
    """Writes a file that only its owner can read, whole, and never over another."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out:
            out.write(pem)
        try:
            os.link(part, file)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def _create() -> bytes:
    """A new root on P-256 and a signer below it: PEM of the signer's key and both certificates."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = (
        _certificate("root", root_key.public_key(), root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    signer = (
        _certificate("signer", key.public_key(), root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        # The C2PA specification wants one of a few purposes; this one binds to no host.
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return secret + signer.public_bytes(_PEM) + root.public_bytes(_PEM)


def _certificate(
    subject: str, key: ec.EllipticCurvePublicKey, issuer: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("root"))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _MARGIN)
        .not_valid_after(now + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"openvasa {common}"),
        ]
    )


def _usage(**allowed: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names})


def _parse(certificates: bytes, key: bytes, source: str) -> Identity:
    """Checks that key and certificate belong together and are in date."""
    chain = _chain(certificates, source)
    try:
        secret = serialization.load_pem_private_key(key, password=None)
    except TypeError as error:
        raise InputError(
            f"the key of '{source}' has a passphrase: give one without, that only you can read."
        ) from error
    except ValueError as error:
        raise InputError(f"'{source}' has no private key in PEM: give its file.") from error
    if secret.public_key() != chain[0].public_key():
        raise InputError(f"the key does not belong to the first certificate of '{source}'.")
    now = datetime.datetime.now(datetime.UTC)
    if not chain[0].not_valid_before_utc <= now <= chain[0].not_valid_after_utc:
        raise InputError(
            f"the certificate of '{source}' is valid from {chain[0].not_valid_before_utc:%Y-%m-%d} "
            f"to {chain[0].not_valid_after_utc:%Y-%m-%d}: get a new one."
        )
    return Identity(
        b"".join(one.public_bytes(_PEM) for one in chain),
        secret.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        _algorithm(secret, source),
    )


def _algorithm(key: PrivateKeyTypes, source: str) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size in _CURVES:
        return _CURVES[key.curve.key_size]
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise InputError(
        f"the key of '{source}' is of a kind that credentials do not know: use P-256, P-384, "
        "P-521, Ed25519 or RSA of at least 2048 bits."
    )


def _expired(pem: bytes, source: str) -> bool:
    return _chain(pem, source)[0].not_valid_after_utc < datetime.datetime.now(datetime.UTC)


def _chain(pem: bytes, source: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InputError(
            f"'{source}' holds no certificate in PEM: give another file, or delete this one if "
            "openvasa made it."
        ) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read '{file}' ({error.strerror}): give a PEM file.") from error
