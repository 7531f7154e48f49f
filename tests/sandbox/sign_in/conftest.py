"""A provider, an application, and oauth2-proxy between them."""

from collections.abc import Iterator

import pytest

from components.contracts import SecretRef, SignIn
from sandbox import build
from tests.sandbox.sign_in.front_door import ANN, CALLBACK, DOMAIN, Browser, Gate, Upstream, running, upstream
from tests.sandbox.sign_in.oidc import CLIENT, Provider, provider


@pytest.fixture(scope="package", autouse=True)
def built() -> None:
    build.ensure(["oauth2-proxy"])  # here, where it may take its minute


@pytest.fixture(scope="package")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with provider(tmp_path_factory.mktemp("provider") / "certs", CALLBACK) as running:
        yield running


@pytest.fixture(scope="package")
def application() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture(scope="package")
def given(identities: Provider) -> SignIn:
    """Whoever has an address of example.org may enter."""
    return SignIn(
        domain=DOMAIN,
        issuer=identities.issuer,
        client_id=CLIENT,
        client_secret=SecretRef(name="not-read-here", key="client"),
        cookie_secret=SecretRef(name="not-read-here", key="cookie"),
        email_domains=("example.org",),
        emails=(),
        groups=(),
        session_hours=8,
    )


@pytest.fixture(scope="package")
def shared(
    given: SignIn, application: Upstream, identities: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gate]:
    with running(given, application, identities, tmp_path_factory.mktemp("shared")) as gate:
        yield gate


@pytest.fixture
def gate(shared: Gate, application: Upstream, identities: Provider) -> Gate:
    """A process for several tests; nothing has reached the application yet, and Ann is at the provider."""
    application.seen.clear()
    identities.claims = dict(ANN)
    return shared


@pytest.fixture
def ann(gate: Gate, identities: Provider) -> Browser:
    """Somebody who may enter, and did."""
    browser = Browser(gate.port, identities)
    assert browser.sign_in().status == 302
    return browser
