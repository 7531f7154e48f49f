"""The sandbox cluster's certificate authority, certificates and service account key."""

import datetime
import ipaddress
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.paths import write_private

VALID = datetime.timedelta(days=3650)
"""Long, because nobody renews a sandbox, and its keys open nothing but a port on 127.0.0.1."""


@dataclass(frozen=True)
class Identity:
    """A certificate's subject: for the API server, the user and their group."""

    user: str
    group: str | None = None


IDENTITIES = {
    "server": Identity("kotaemon-sandbox"),
    "admin": Identity("kotaemon-sandbox-admin", "system:masters"),
    "kube-apiserver": Identity("kube-apiserver"),
    "kube-controller-manager": Identity("system:kube-controller-manager"),
    "kube-scheduler": Identity("system:kube-scheduler"),
    "kwok": Identity("system:kwok", "system:masters"),
}
"""Each component is its own user, so that the cluster's own RBAC rules apply to it."""

FILES = ("ca.crt", "service-account.key", *(f"{name}.{end}" for name in IDENTITIES for end in ("crt", "key")))


def ensure(folder: Path) -> bool:
    """Make all keys and certificates, unless they are there; True if they had to be made.

    All or nothing: a folder that misses a file is made again, and every process that used the old
    one must be restarted.
    """
    if all((folder / name).exists() for name in FILES):
        return False
    partial = folder.with_name(f".{folder.name}.partial")
    for stale in (partial, folder):
        shutil.rmtree(stale, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate(Identity("kotaemon-sandbox-ca"), authority_key, None, authority_key)
    _write(partial / "ca.crt", authority)
    for name, identity in IDENTITIES.items():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(partial / f"{name}.key", key)
        _write(partial / f"{name}.crt", _certificate(identity, key, authority, authority_key))
    _write(partial / "service-account.key", ec.generate_private_key(ec.SECP256R1()))
    partial.rename(folder)
    return True


def _certificate(
    identity: Identity,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]
    if identity.group:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group))
    subject = x509.Name(names)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # clocks of machines just woken up
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(_usage(authority=issuer is None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if issuer:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        ).add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    x509.DNSName("localhost"),
                    x509.DNSName("kubernetes.default.svc"),
                ]
            ),
            critical=False,
        )
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, item: x509.Certificate | ec.EllipticCurvePrivateKey) -> None:
    if isinstance(item, x509.Certificate):
        data = item.public_bytes(serialization.Encoding.PEM)
    else:
        data = item.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,  # all that Kubernetes reads for EC keys
            serialization.NoEncryption(),
        )
    write_private(path, data.decode())
