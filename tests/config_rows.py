"""Rows of the tables of wrong configurations, and the samples that they are made of."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Values = dict[str, Any]
SECRET = "sk-5ecret-value-that-nobody-may-read"
EXTERNAL: Values = {"kind": "external", "host": "db.example.com"}
AZURE: Values = {
    "endpoint": "https://my-models.openai.azure.com",
    "chatDeployment": "chat",
    "embeddingsDeployment": "embed",
}
SHARED: Values = {"accessMode": "ReadWriteMany"}
OPENAI = {"openaiApiKey": SECRET}
PASSWORD = {"postgresPassword": "pg-" + SECRET}


def certificate() -> tuple[str, str]:
    """A certificate and its private key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


CERTIFICATE, PRIVATE_KEY = certificate()


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A wrong configuration: the keys that are reported, and what the first message says."""

    id: str
    config: Values
    keys: tuple[str, ...]
    says: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Encrypted keys of the file, with their values."""
    in_schema: bool = False
    """Whether an editor can see it too: a schema knows no combinations and no secret's value."""


def wrong(
    name: str,
    config: Values,
    keys: str,
    says: str,
    *,
    secrets: Mapping[str, str] | None = None,
    schema: bool = False,
) -> Wrong:
    """A row; `keys` are separated by `, `."""
    return Wrong(
        id=name,
        config=config,
        keys=tuple(keys.split(", ")),
        says=says,
        secrets=secrets or {},
        in_schema=schema,
    )


def _told(receiver: str, secret: str, value: str, says: str, **keys: Any) -> Wrong:
    """A receiver of alerts whose secret hasn't its form."""
    monitoring = {"kind": "builtin", "alerts": {receiver: keys}}
    name = f"{secret}: {value[:12]}… of {len(value)}"
    return wrong(name, {"monitoring": monitoring}, secret, says, secrets={secret: value})


_SLACK = [
    "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "http://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://hooks.slack.com/services/T00000000/B00000000",
    "https://hooks.slack.com/workflows/T00000000/A00000000/1/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://hooks.slack.com.example.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "https://example.slack.com/archives/C00000000",
    "xoxb-000000000000-XXXXXXXXXXXXXXXXXXXXXXXX",
]
_URLS = ["alerts.example.com/in/XXXX", "http://alerts.example.com/in/XXXX", "https://?key=XXXX", "https:///in/XXXX",
         "https://alerts.example.com:port/XXXX", "https://alerts.example.com:0/XXXX",
         "https://alerts.example.com/with space"]  # fmt: skip
WRONG_RECEIVERS = [
    *(_told("slack", "slackWebhook", one, "https://hooks.slack.com/services/", channel="#kotaemon")
      for one in _SLACK),
    *(_told("pagerduty", "pagerdutyKey", one, "32 letters and digits")
      for one in ("0123456789abcdef", "0123456789abcdef0123456789abcdef0", "https://events.pagerduty.com/v2/enqueue",
                  "u+XXXXXXXXXXXXXXXXXX")),
    *(_told("webhook", "alertWebhook", one, "https://HOST/") for one in _URLS),
    *(_told("deadMansSwitch", "deadMansSwitch", one, "https://HOST/") for one in _URLS),
]  # fmt: skip
"""Alertmanager would start with each of them, and find out when there is an alert to send."""

RECEIVERS = {
    "slackWebhook": "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "pagerdutyKey": "0123456789abcdef0123456789abcdef",
    "alertWebhook": "https://alerts.example.com:8443/in?key=XXXX",
    "deadMansSwitch": "https://ping.example.com/XXXX",
}
"""Secrets of receivers, in their forms."""
