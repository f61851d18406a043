"""The certificate that the gateway shows on TLS connections: the user's, or one made on this machine."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import ssl
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from localstack.host.errors import SettingError
from localstack.host.gateway.front_door.tls import make_tls_context
from localstack.host.settings import LOCALHOST_HOSTNAME, Settings

if TYPE_CHECKING:  # slow to import: a platform that nobody calls over TLS does without
    from cryptography import x509

LOG = logging.getLogger(__name__)

_VALID_FOR = timedelta(days=365)
_RENEWED_BEFORE_END = timedelta(days=30)
_CLOCK_SKEW = timedelta(days=1)
_ADDRESSES = ("127.0.0.1", "::1")
_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3",
    "eu-north-1", "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "sa-east-1",
)  # fmt: skip
_SERVICES = ("amplifyapp", "cloudfront", "elb", "execute-api", "opensearch", "s3", "s3-accesspoint", "s3-website")
"""Services with host names such as ``<bucket>.s3.<host>``; a wildcard stands for one label only."""


class ServerCertificate:
    """Gives the TLS context of the gateway, made at its first use. May be used from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext | None:
        """The context; ``None``, and an error in the log, when there is no certificate to be had."""
        with self._lock:
            if self._context is None:
                try:
                    self._context = make_tls_context(self._settings.custom_ssl_cert_path or self._own_file())
                except OSError as error:
                    LOG.error("TLS connections are refused, the certificate can't be used: %s", error)
            return self._context

    def _own_file(self) -> Path:
        """``<volume>/cache/server.pem``, made anew when it is missing, damaged, near its end or for other names."""
        path = self._settings.volume_dir / "cache" / "server.pem"
        names = certified_names(self._settings.localstack_host.host)
        if not _is_usable(path, names):
            _write_private(path, _make_pem(names))
            LOG.debug("made a certificate for TLS: %s", path)
        return path


def check_custom_certificate(settings: Settings) -> None:
    """Find out at start, not at the first TLS connection, whether ``CUSTOM_SSL_CERT_PATH`` can be used.

    :raises SettingError: when it can't
    """
    path = settings.custom_ssl_cert_path
    if path is None:
        return
    try:
        make_tls_context(path)
    except ssl.SSLError as error:
        reason = f"it has no certificate with its unencrypted private key ({error.reason or error})"
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        return
    raise SettingError(
        f"CUSTOM_SSL_CERT_PATH={str(path)!r} can't be used: {reason}",
        "name a PEM file with both, or leave it out for a certificate made on this machine",
    )


def certified_names(hostname: str) -> tuple[str, ...]:
    """The DNS names that a certificate is made for.

    :param hostname: the host of ``LOCALSTACK_HOST``, certified like ``localhost.localstack.cloud`` and its subdomains
    """
    names = ["localhost"]
    for host in dict.fromkeys((LOCALHOST_HOSTNAME, hostname)):
        if host == "localhost" or not _is_dns_name(host):
            continue
        names += [host, f"*.{host}", *(f"*.{service}.{host}" for service in _SERVICES)]
        for region in _REGIONS:
            names += [f"*.{region}.{host}", f"*.s3.{region}.{host}", f"*.lambda-url.{region}.{host}"]
    return tuple(names)


def _is_dns_name(host: str) -> bool:
    return all(part.replace("-", "").isalnum() and part.isascii() for part in host.split(".")) and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_usable(path: Path, names: tuple[str, ...]) -> bool:
    """True when ``path`` has a certificate that OpenSSL takes, for all of ``names``, and not near its end."""
    try:
        make_tls_context(path)
        certificate = _read_certificate(path)
    except (OSError, ValueError):
        return False
    ends_soon = certificate.not_valid_after_utc - datetime.now(UTC) < _RENEWED_BEFORE_END
    return not ends_soon and set(names) <= set(_names_in(certificate))


def _read_certificate(path: Path) -> x509.Certificate:
    from cryptography import x509

    return x509.load_pem_x509_certificate(path.read_bytes())


def _names_in(certificate: x509.Certificate) -> list[str]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return found.value.get_values_for_type(x509.DNSName)


def _make_pem(names: tuple[str, ...]) -> bytes:
    """A new key and a self-signed certificate for it, as one PEM text."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Leanto, made on this machine"),
            x509.NameAttribute(NameOID.COMMON_NAME, LOCALHOST_HOSTNAME),
        ]
    )
    now = datetime.now(UTC)
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        # no authority: who trusts this certificate trusts it for these names, and nothing that its key might sign
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_signature_only(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(pem)


def _signature_only() -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(path: Path, data: bytes) -> None:
    """Replace ``path`` in one step by a file that only this user can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # made with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
