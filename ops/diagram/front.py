"""The front door as one box: what serves it, what turns people away, who signs them in."""

from policies.values import at, items, mapping, number, text

from .index import Index, object_name
from .model import Box, Kind, Lane, Scope
from .text import counted, joined

ARMOR = "gcp:compute/securityPolicy:SecurityPolicy"
GOOGLES_CERTIFICATE = "gcp:certificatemanager/certificate:Certificate"
TLS = "gcp:compute/sSLPolicy:SSLPolicy"
_GOOGLE = "gke-"


def front(index: Index) -> Box | None:
    """The front door; None where people come by a port-forward."""
    gateways = index.of("Gateway")
    if not gateways:
        return None
    gateway = gateways[0]
    class_name = text(at(gateway.inputs, "spec.gatewayClassName")) or ""
    googles = class_name.startswith(_GOOGLE)
    return Box(
        id="front",
        kind=Kind.FRONT,
        lane=Lane.FRONT,
        scope=Scope.PROJECT if googles else Scope.CLUSTER,
        title="Google's load balancer" if googles else f"Gateway {object_name(gateway)}",
        version=joined([class_name, ", ".join(_hosts(index))]),
        facts=tuple(filter(None, [_certificate(index), *_armor(index), _sign_in(index), _backend(index)])),
    )


def ports(index: Index) -> str:
    """What the front door listens on: `HTTPS 443`."""
    listeners = {
        (str(at(each, "protocol")), str(at(each, "port")))
        for gateway in index.of("Gateway")
        for each in items(at(gateway.inputs, "spec.listeners"))
    }
    secure = sorted(one for one in listeners if one[0] == "HTTPS") or sorted(listeners)
    return ", ".join(" ".join(one) for one in secure)


def _hosts(index: Index) -> list[str]:
    """The names under which people reach it."""
    found = {
        str(host) for route in index.of("HTTPRoute") for host in items(at(route.inputs, "spec.hostnames"))
    }
    return sorted(found)


def _certificate(index: Index) -> str:
    by = ""
    if index.of(GOOGLES_CERTIFICATE):
        by = "certificate by Google"
    elif index.of("Certificate"):
        acme = any(at(one.inputs, "spec.acme") for one in index.of("Issuer", "ClusterIssuer"))
        by = "certificate by " + ("Let's Encrypt" if acme else "an authority of one's own")
    least = [text(one.inputs.get("minTlsVersion")) or "" for one in index.of(TLS)]
    least += [text(at(one.inputs, "spec.tls.minVersion")) or "" for one in index.of("ClientTrafficPolicy")]
    version = least[0].removeprefix("TLS_").replace("_", ".") if least else ""
    return joined([by, f"TLS {version} or newer" if version else ""], ", ")


def _armor(index: Index) -> list[str]:
    """Cloud Armor, by what its rules do."""
    found = []
    for one in index.of(ARMOR):
        rules = [mapping(each) for each in items(one.inputs.get("rules"))]
        limits = [
            at(rule, "rateLimitOptions.rateLimitThreshold") or at(rule, "rateLimitOptions.banThreshold")
            for rule in rules
            if "rateLimitOptions" in rule
        ]
        waf = sum("evaluatePreconfigured" in str(at(rule, "match.expr.expression")) for rule in rules)
        limit = next((at(each, "count") for each in limits if each), None)
        found.append(
            joined([
                f"Cloud Armor: {limit} requests/min each" if limit else "Cloud Armor",
                counted(waf, "OWASP rule set") if waf else "",
            ], ", ")
        )  # fmt: skip
    return found


def _sign_in(index: Index) -> str:
    on = any(at(one.inputs, "spec.default.iap.enabled") is True for one in index.of("GCPBackendPolicy"))
    return "Identity-Aware Proxy signs people in" if on else ""


def _backend(index: Index) -> str:
    """What keeps a session on one replica, and an answer streaming."""
    kinds = [at(one.inputs, "spec.default.sessionAffinity.type") for one in index.of("GCPBackendPolicy")]
    kinds += [
        at(one.inputs, "spec.loadBalancer.consistentHash.type") for one in index.of("BackendTrafficPolicy")
    ]
    seconds = [number(at(one.inputs, "spec.default.timeoutSec")) for one in index.of("GCPBackendPolicy")]
    seconds += [
        number((text(at(rule, "timeouts.request")) or "").removesuffix("s"))
        for one in index.of("HTTPRoute")
        for rule in items(at(one.inputs, "spec.rules"))
    ]
    longest = max(filter(None, seconds), default=None)
    return joined(
        [
            "one replica a person by cookie" if any("COOKIE" in str(kind).upper() for kind in kinds) else "",
            f"answers up to {longest / 60:g} min" if longest else "",
        ],
        ", ",
    )
