"""Who may enter, and what a session is."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from components.contracts import SignIn
from tests.sandbox.sign_in.front_door import (
    ANN,
    CALLBACK,
    COOKIE,
    COOKIE_SECRET,
    DOMAIN,
    Browser,
    Gate,
    Upstream,
    ask,
    refused,
    running,
)
from tests.sandbox.sign_in.oidc import Provider

pytestmark = pytest.mark.sandbox


def test_signing_in_leads_to_the_page_that_was_asked_for(
    gate: Gate, application: Upstream, identities: Provider
) -> None:
    """The browser here keeps cookies by the rules of __Host-, and the provider checks PKCE."""
    browser = Browser(gate.port, identities)
    back = browser.sign_in("/?deep=link")

    assert (back.status, back.location) == (302, "/?deep=link")
    assert identities.refused == []
    asked = identities.asked[-1]
    assert asked["redirect_uri"] == CALLBACK
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert list(browser.cookies) == [COOKIE], "what a sign-in under way needs is gone"
    assert browser.scripts_see == set()
    assert browser.ask(back.location).status == 200
    assert [(seen.method, seen.path) for seen in application.seen] == [("GET", "/?deep=link")]


def test_the_application_is_told_who_it_is_and_that_tls_ended_before(
    ann: Browser, application: Upstream
) -> None:
    """Gradio makes its links of Host and X-Forwarded-Proto. Whom a client claims to be is overwritten."""
    names = ("X-Forwarded-Email", "X-Forwarded-User", "X-Forwarded-Groups", "X_Forwarded_Email")
    assert ann.ask("/config", dict.fromkeys(names, "admin@example.org")).status == 200

    headers = application.seen[-1].headers
    assert headers["x-forwarded-email"] == "ann@example.org"
    assert headers["x-forwarded-user"] == "1"
    assert "admin@example.org" not in headers.values()
    assert headers["host"] == DOMAIN
    assert headers["x-forwarded-proto"] == "https"


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Who may enter, as the stack's settings say it."""

    email_domains: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def among(self, given: SignIn) -> SignIn:
        return replace(given, email_domains=self.email_domains, emails=self.emails, groups=self.groups)


DOMAIN_MODE = Chosen(email_domains=("example.org",))
GROUP_MODE = Chosen(groups=("rag-users",))
OTHERS: dict[str, tuple[Chosen, dict[str, object], int]] = {
    "another domain": (DOMAIN_MODE, {"email": "ann@example.com"}, 403),
    "a domain that ends like it": (DOMAIN_MODE, {"email": "ann@evilexample.org"}, 403),
    "a domain below it": (DOMAIN_MODE, {"email": "ann@sub.example.org"}, 403),
    "two domains": (DOMAIN_MODE, {"email": "ann@example.org@example.com"}, 403),
    "two domains, the right one last": (DOMAIN_MODE, {"email": "ann@example.com@example.org"}, 403),
    "an address that nobody verified": (DOMAIN_MODE, {"email_verified": False}, 500),
    "no address": (DOMAIN_MODE, {"email": ""}, 500),
    "not in the list": (Chosen(emails=("bob@example.org",)), {}, 403),
    "in a group of a similar name": (GROUP_MODE, {"groups": ["rag-users2", "rag", "all"]}, 403),
    "without groups": (GROUP_MODE, {}, 403),
    "in the group but of another domain": (
        Chosen(email_domains=("example.org",), groups=("rag-users",)),
        {"email": "ann@example.com", "groups": ["rag-users"]},
        403,
    ),
}
"""Who is chosen, what the provider says of Ann, and the answer: 500 where that can't be used at all."""


@pytest.mark.parametrize("case", OTHERS)
def test_who_may_not_enter_is_refused_at_the_door(
    given: SignIn, application: Upstream, identities: Provider, tmp_path: Path, case: str
) -> None:
    """The provider knows them: it may be the whole world's, as Google's is."""
    chosen, claims, status = OTHERS[case]
    application.seen.clear()
    identities.claims = ANN | claims
    with running(chosen.among(given), application, identities, tmp_path) as gate:
        browser = Browser(gate.port, identities)

        assert browser.sign_in().status == status
        assert COOKIE not in browser.cookies
        assert refused(browser.ask("/config"), identities.issuer)
        assert application.seen == []


@pytest.mark.parametrize(
    ("chosen", "claims"),
    [
        (Chosen(emails=("bob@example.org", "ann@example.org")), {"email": "Ann@example.org"}),
        (Chosen(groups=("admins", "rag-users")), {"groups": ["all", "rag-users"]}),
        (Chosen(email_domains=("example.net",), emails=("ann@example.org",)), {}),
        (DOMAIN_MODE, {"email": "Ann@Example.org"}),
    ],
    ids=["listed", "in a group", "listed, besides a domain", "domain in capitals"],
)
def test_who_may_enter_does(
    given: SignIn,
    application: Upstream,
    identities: Provider,
    tmp_path: Path,
    chosen: Chosen,
    claims: dict[str, object],
) -> None:
    identities.claims = ANN | claims
    with running(chosen.among(given), application, identities, tmp_path) as gate:
        browser = Browser(gate.port, identities)
        assert browser.sign_in().status == 302
        assert browser.ask("/config").status == 200


def test_a_session_holds_at_another_replica(
    ann: Browser, given: SignIn, application: Upstream, identities: Provider, tmp_path: Path
) -> None:
    """Replicas have no store in common: the cookie is all there is."""
    with running(given, application, identities, tmp_path) as other:
        assert ask(other.port, "/config", {"Cookie": ann.header}).status == 200


def signed(name: str, value: str, when: int, secret: str = COOKIE_SECRET) -> str:
    """A cookie as oauth2-proxy signs it. Source: its pkg/encryption/utils.go."""
    mac = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in (name, value, str(when)):
        mac.update(part.encode())
    return f"{value}|{when}|{base64.urlsafe_b64encode(mac.digest()).decode()}"


def test_only_an_unspoilt_cookie_within_its_hours_is_a_session(
    ann: Browser, gate: Gate, application: Upstream, given: SignIn, identities: Provider
) -> None:
    def enters(cookie: str) -> bool:
        application.seen.clear()
        answer = ask(gate.port, "/config", {"Cookie": f"{COOKIE}={cookie}"})
        assert (answer.status == 200) == bool(application.seen)
        assert answer.status == 200 or refused(answer, identities.issuer)
        return answer.status == 200

    value, made, _ = ann.cookies[COOKIE].split("|")
    hours = given.session_hours * 3600
    assert enters(ann.cookies[COOKIE])
    assert enters(signed(COOKIE, value, int(made) - hours + 60)), "the signature here isn't oauth2-proxy's"
    assert not enters(signed(COOKIE, value, int(made) - hours - 1)), "expired, whatever the browser thinks"
    assert not enters(signed(COOKIE, value, int(made) + 3600)), "of the future"
    assert not enters(signed(COOKIE, value, int(made), secret=COOKIE_SECRET[::-1]))
    assert not enters(signed(f"{COOKIE}_csrf", value, int(made))), "signed for another name"
    assert not enters(signed(COOKIE, value[::-1], int(made)))
    assert not enters(f"{value}|{made}|")


def test_a_session_s_cookie_is_small_and_holds_no_token(ann: Browser) -> None:
    """Browsers drop what is above 4 kB. The provider's tokens here are 4 kB alone."""
    assert list(ann.cookies) == [COOKIE]
    assert len(COOKIE) + len(ann.cookies[COOKIE]) < 1024


def test_somebody_in_very_many_groups_enters_too(
    gate: Gate, identities: Provider, application: Upstream
) -> None:
    """The groups are in the session: above about 80 of Entra's (UUIDs), it is split over several cookies."""
    digests = (hashlib.md5(b"%d" % i, usedforsecurity=False).hexdigest() for i in range(200))
    identities.claims = ANN | {"groups": list(digests)}
    browser = Browser(gate.port, identities)
    browser.sign_in()

    assert 1 < len(browser.cookies) < 5
    assert all(len(name) + len(value) < 4096 for name, value in browser.cookies.items())
    assert browser.ask("/config").status == 200


def test_signing_out_ends_the_session_in_the_browser(ann: Browser, identities: Provider) -> None:
    ann.ask("/oauth2/sign_out")
    assert ann.cookies == {}
    assert refused(ann.ask("/config"), identities.issuer)


def test_nobody_is_sent_elsewhere_after_signing_in(gate: Gate, identities: Provider) -> None:
    for target in ("https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com"):
        browser = Browser(gate.port, identities)
        start = browser.ask(f"/oauth2/start?rd={target}", {"X-Forwarded-Host": "evil.example.com"})
        assert browser.finish(start).location == "/"


def test_tabs_of_an_expired_session_can_all_sign_in(gate: Gate, identities: Provider) -> None:
    """A browser that starts again opens them at the same time."""
    browser = Browser(gate.port, identities)
    opened = [browser.ask(f"/?tab={number}") for number in range(3)]

    assert [browser.finish(tab).location for tab in opened] == [f"/?tab={number}" for number in range(3)]
    for number in range(50):
        browser.cookies.pop(COOKIE, None)
        browser.ask(f"/?tab={number}")
    assert len(browser.header) < 4096, "sign-ins that nobody finished must not fill the request's header"
