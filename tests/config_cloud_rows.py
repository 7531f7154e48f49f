"""What a stack's file may say of Google Cloud and the front door, and the mistakes that somebody will make there."""

from typing import Any

from tests.config_rows import EXTERNAL, OPENAI, SECRET, SHARED, Values, wrong

GOOGLE: Values = {"google": {"project": "my-project", "region": "europe-west4"}}
GKE: Values = {**GOOGLE, "cluster": {"kind": "gke"}}
BACKED_UP: Values = {"kind": "google"}
OIDC: Values = {
    "kind": "oauth2-proxy",
    "issuer": "https://accounts.google.com",
    "clientId": "kotaemon",
    "emailDomains": ["example.com"],
}
CLIENT = {"oidcClientSecret": "client-" + SECRET}
DOMAIN = "kotaemon.example.com"
DOOR: Values = {"kind": "google", "domain": DOMAIN}
PROD: Values = {**GKE, "production": True, "backup": BACKED_UP}


def gke(**keys: Any) -> Values:
    """A cluster of the stack's own."""
    return {**GKE, "cluster": {"kind": "gke", **keys}}


def prod(**keys: Any) -> Values:
    """The same in production, with all that production needs."""
    return {**PROD, "cluster": {"kind": "gke", **keys}}


def ranges(**keys: Any) -> Values:
    """Its network."""
    return gke(network=keys)


def freeze(*exclusions: tuple[str, str], **keys: Any) -> Values:
    """Days without upgrades."""
    listed = [
        {"name": f"freeze-{number}", "start": start, "end": end, **keys}
        for number, (start, end) in enumerate(exclusions)
    ]
    return gke(maintenance={"exclusions": listed})


def sql(**keys: Any) -> Values:
    """Cloud SQL."""
    return {**GKE, "postgres": {"kind": "cloud-sql", **keys}}


def prod_sql(**keys: Any) -> Values:
    """The same in production."""
    return {**PROD, "postgres": {"kind": "cloud-sql", "availability": "regional", **keys}}


def share(**keys: Any) -> Values:
    """User files on Filestore."""
    return {
        **GKE,
        "app": {"storage": {"filestore": "zonal", "accessMode": "ReadWriteMany", "size": "1Ti", **keys}},
        "namespace": {"quota": {"storage": "2Ti"}},
    }


def door(**keys: Any) -> Values:
    """Google's front door."""
    return {**GKE, "edge": {**DOOR, **keys}}


def gateway(**keys: Any) -> Values:
    """Any cluster's front door."""
    return {"edge": {"kind": "gateway", "domain": DOMAIN, "auth": OIDC, **keys}}


def proxy(**keys: Any) -> Values:
    """How oauth2-proxy signs people in."""
    return gateway(auth={key: value for key, value in {**OIDC, **keys}.items() if value is not None})


def managed(secret: Any) -> Values:
    """A secret out of Secret Manager."""
    return {**GKE, "secretManager": {"openaiApiKey": secret}}


CLOUD_WRONG = [
    # The project and the region.
    wrong("no project", {"cluster": {"kind": "gke"}}, "google.project", "a GKE cluster (kotaemon:cluster.kind) is in"),
    wrong("no project beside an existing cluster",
          {"cluster": {"kind": "gke-existing", "name": "a", "location": "us-east1"}},
          "google.project", "is missing: a GKE cluster"),
    wrong("a project for nothing", GOOGLE, "google", "nothing of this stack is Google's"),
    wrong("no region", {**GKE, "google": {"project": "my-project"}}, "google.region", "can't be changed later",
          schema=True),
    wrong("a project's name", {**GKE, "google": {**GOOGLE["google"], "project": "My Project"}}, "google.project",
          "must be a project's id (not its name", schema=True),
    wrong("a project's number", {**GKE, "google": {**GOOGLE["google"], "project": 987654321098}}, "google.project",
          "must be text", schema=True),
    wrong("a wrong region", {**GKE, "google": {**GOOGLE["google"], "region": "europe-west44"}}, "google.region",
          "is not a region of Google Cloud; near it: europe-west4,"),
    wrong("a region far from any", {**GKE, "google": {**GOOGLE["google"], "region": "mars-north1"}},
          "google.region", "is not a region of Google Cloud"),
    wrong("a zone for a region", {**GKE, "google": {**GOOGLE["google"], "region": "us-central1-a"}},
          "google.region", "must be a region, such as", schema=True),
    wrong("a region of another cloud", {**GKE, "google": {**GOOGLE["google"], "region": "eu-central-1"}},
          "google.region", "must be a region, such as", schema=True),
    # The cluster.
    wrong("a cluster of no kind", {**GOOGLE, "cluster": {"zones": ["europe-west4-a"]}}, "cluster.kind",
          "must be existing, gke or gke-existing (it is missing)", schema=True),
    wrong("a cluster of another cloud", {**GOOGLE, "cluster": {"kind": "eks"}}, "cluster.kind", "existing, gke or",
          schema=True),
    wrong("a key of another kind of cluster", gke(location="europe-west4"), "cluster.location", "is not a key",
          schema=True),
    wrong("a cluster's long name", gke(name="k" * 31), "cluster.name", "at most 30", schema=True),
    wrong("Cloud SQL for a foreign cluster", {**GOOGLE, "postgres": {"kind": "cloud-sql"}}, "postgres.kind",
          "Cloud SQL reaches no other's pods"),
    wrong("Google's front door for a foreign cluster", {**GOOGLE, "edge": DOOR}, "edge.kind",
          "needs a GKE cluster: kotaemon:cluster.kind gke"),
    wrong("Google's backup of a foreign cluster", {**GOOGLE, "backup": BACKED_UP}, "backup.kind", "needs a GKE"),
    wrong("Filestore for a foreign cluster",
          {key: value for key, value in {**share(), **GOOGLE}.items() if key != "cluster"},
          "app.storage.filestore", "Filestore reaches no other's pods"),
    wrong("Secret Manager for a foreign cluster",
          {**GOOGLE, "secretManager": {"openaiApiKey": {"secret": "key", "version": 1}}}, "secretManager",
          "Secret Manager reaches no other's pods"),
    wrong("an existing cluster elsewhere",
          {**GOOGLE, "cluster": {"kind": "gke-existing", "name": "shared", "location": "us-central1-a"}},
          "google.region", "must be the cluster's region (us-central1)"),
    wrong("an existing cluster nowhere",
          {**GOOGLE, "cluster": {"kind": "gke-existing", "name": "shared", "location": "europe-west4-z"}},
          "cluster.location", "such are: europe-west4-a, europe-west4-b"),
    wrong("an existing cluster without a name", {**GOOGLE, "cluster": {"kind": "gke-existing",
          "location": "europe-west4"}}, "cluster.name", "is missing: Its name", schema=True),
    # Zones.
    wrong("a zone of another region", gke(zones=["europe-west4-a", "us-central1-a"]), "cluster.zones[1]",
          "must be a zone of europe-west4: europe-west4-a,"),
    wrong("a zone that there isn't", gke(zones=["europe-west4-a", "europe-west4-z"]), "cluster.zones[1]",
          "is not a zone of Google Cloud; such are: europe-west4-a"),
    wrong("regions for zones", gke(zones=["europe-west4", "us-central1"]), "cluster.zones[1], cluster.zones[0]",
          "must be a zone, such as", schema=True),
    wrong("zones twice", gke(zones=["europe-west4-a"] * 3), "cluster.zones[2], cluster.zones[1]", "twice"),
    wrong("production in one zone", prod(zones=["europe-west4-a"]), "cluster.zones",
          "must be three zones or more in production"),
    wrong("production in one zone, twice", prod(zones=["europe-west4-a", "europe-west4-b", "europe-west4-b"]),
          "cluster.zones", "the loss of one takes down"),
    wrong("production in one zone of another region", prod(zones=["us-central1-a"]), "cluster.zones", "three zones"),
    wrong("production in one zone of no region", {"production": True, "backup": BACKED_UP, "cluster": {
          "kind": "gke", "zones": ["us-central1-a"]}}, "cluster.zones, google.project", "three zones or more"),
    # Addresses.
    wrong("an overlapping range", ranges(nodes="10.10.0.0/16", services="10.10.240.0/20"),
          "cluster.network.services", "overlaps cluster.network.nodes (10.10.0.0/16): every"),
    wrong("a range over a default one", ranges(nodes="10.20.0.0/16"), "cluster.network.nodes",
          "overlaps cluster.network.pods (10.20.0.0/16, its default)"),
    wrong("a range over two", ranges(pods="10.0.0.0/8"),
          "cluster.network.pods", "overlaps cluster.network.nodes (10.10.0.0/20, its default), cluster.network.serv"),
    wrong("two ranges alike", ranges(pods="10.64.0.0/16", googleServices="10.64.0.0/16"),
          "cluster.network.googleServices", "overlaps cluster.network.pods (10.64.0.0/16)"),
    wrong("a small range over another", ranges(services="10.10.0.0/26"), "cluster.network.services",
          "overlaps cluster.network.nodes"),
    wrong("an address with a mask", ranges(pods="10.64.1.0/16"), "cluster.network.pods", "has host bits set"),
    wrong("an address without a mask", ranges(pods="10.64.0.0"), "cluster.network.pods", "with their mask",
          schema=True),
    wrong("a mask that is none", ranges(pods="10.64.0.0/40"), "cluster.network.pods", "must be IPv4 addresses"),
    wrong("public addresses", ranges(pods="8.8.0.0/16"), "cluster.network.pods", "must be private addresses"),
    wrong("addresses of version 6", ranges(pods="fd00::/64"), "cluster.network.pods", "private IPv4", schema=True),
    wrong("few pods", ranges(pods="10.64.0.0/24"), "cluster.network.pods", "must be a /21 or larger"),
    wrong("few pods, off the grid", ranges(pods="10.64.1.0/24"), "cluster.network.pods", "can't grow later"),
    wrong("few addresses for Google beside an existing cluster",
          {**GOOGLE, "cluster": {"kind": "gke-existing", "name": "a", "location": "europe-west4",
                                 "googleServices": "10.64.0.0/24"}},
          "cluster.googleServices", "must be a /22 or larger"),
    # The control plane.
    wrong("a public control plane in production",
          prod(controlPlane={"authorizedNetworks": [{"name": "all", "cidr": "0.0.0.0/0"}]}),
          "cluster.controlPlane.authorizedNetworks[0].cidr", "makes the control plane's address public"),
    wrong("a control plane that is public in halves",
          prod(controlPlane={"authorizedNetworks": [{"name": "a", "cidr": "0.0.0.0/1"},
                                                    {"name": "office", "cidr": "203.0.113.0/24"},
                                                    {"name": "b", "cidr": "128.0.0.0/1"}]}),
          "cluster.controlPlane.authorizedNetworks[2].cidr, cluster.controlPlane.authorizedNetworks[0].cidr",
          "which production may not"),
    wrong("a network that is an address", gke(controlPlane={"authorizedNetworks": [{"name": "a", "cidr": "1.2.3.4"}]}),
          "cluster.controlPlane.authorizedNetworks[0].cidr", "IPv4 addresses with their mask", schema=True),
    # Maintenance.
    wrong("too short a window", gke(maintenance={"days": ["sunday"], "hours": 4}), "cluster.maintenance.hours",
          "must be at least 12 with 1 day(s) a week"),
    wrong("a day twice", gke(maintenance={"days": ["sunday", "sunday"]}), "cluster.maintenance.days",
          "must name each once; twice: sunday", schema=True),
    wrong("no day", gke(maintenance={"days": []}), "cluster.maintenance.days", "at least one entry", schema=True),
    wrong("a time of YAML's own", gke(maintenance={"start": 120}), "cluster.maintenance.start", "put it in quotes",
          schema=True),
    wrong("a time without its zero", gke(maintenance={"start": "2:00"}), "cluster.maintenance.start",
          "in quotes, such as", schema=True),
    wrong("a freeze that ends before it starts", freeze(("2026-12-20", "2026-12-10")),
          "cluster.maintenance.exclusions[0].end", "must be after start (2026-12-20)"),
    wrong("a freeze on a day that there isn't", freeze(("2026-02-20", "2026-02-30")),
          "cluster.maintenance.exclusions[0].end", "must be a day of the calendar"),
    wrong("a freeze of half a year", freeze(("2026-01-01", "2026-07-01")), "cluster.maintenance.exclusions[0].end",
          "must be at most 30 days after start"),
    wrong("five freezes", freeze(*[(f"2026-0{month}-01", f"2026-0{month}-05") for month in range(1, 6)]),
          "cluster.maintenance.exclusions[4], cluster.maintenance.exclusions[3]", "GKE keeps 3"),
    # Nodes.
    wrong("nodes for Autopilot", gke(autopilot=True, nodePools={"main": {"maxNodes": 3}}), "cluster.nodePools",
          "isn't used with Autopilot"),
    wrong("least above most nodes", gke(nodePools={"main": {"minNodes": 7}}), "cluster.nodePools.main.minNodes",
          "must be at most maxNodes (6)"),
    wrong("fewer nodes than zones in production", prod(nodePools={"main": {"maxNodes": 2}}),
          "cluster.nodePools.main.maxNodes", "one node for each zone"),
    wrong("spot nodes for data in production", prod(nodePools={"main": {"spot": True}}),
          "cluster.nodePools.main.spot", "takes back at 30 seconds' notice"),
    wrong("a spot pool that isn't", gke(nodePools={"spot": {"spot": False}}), "cluster.nodePools.spot.spot",
          "must be true", schema=True),
    wrong("a machine type", gke(nodePools={"main": {"machineType": "large"}}), "cluster.nodePools.main.machineType",
          "must be a machine type", schema=True),
    wrong("an accelerator", gke(nodePools={"gpu": {"accelerator": "a100"}}), "cluster.nodePools.gpu.accelerator",
          "must be an accelerator", schema=True),
    # Cloud SQL.
    wrong("a zonal database in production", prod_sql(availability="zonal"), "postgres.availability",
          "must be regional in production"),
    wrong("a small database in production", prod_sql(tier="db-f1-micro"), "postgres.tier", "has no service level"),
    wrong("a tier of another edition", sql(tier="db-perf-optimized-N-2"), "postgres.tier",
          "isn't one of the edition enterprise"),
    wrong("an edition of another tier", sql(edition="enterprise-plus"), "postgres.tier", "such as db-perf-opt"),
    wrong("an odd number of cores", sql(tier="db-custom-3-8192"), "postgres.tier", "cores are 1 or even"),
    wrong("more cores than there are", sql(tier="db-custom-128-262144"), "postgres.tier", "at most 96"),
    wrong("too much memory for its cores", sql(tier="db-custom-2-65536"), "postgres.tier", "from 3840 to 13312"),
    wrong("memory off the grid", sql(tier="db-custom-2-8000"), "postgres.tier", "a multiple of 256 MiB"),
    wrong("a tier that is a machine", sql(tier="e2-standard-4"), "postgres.tier", "must be a tier of Cloud SQL",
          schema=True),
    wrong("a version before pgvector's", sql(version=14), "postgres.version", "must be 15, 16 or 17", schema=True),
    wrong("two weeks to any moment", sql(pointInTimeDays=14), "postgres.pointInTimeDays", "enterprise-plus keeps 35"),
    wrong("a password for Cloud SQL", sql(), "postgresPassword", "nothing uses it",
          secrets={"postgresPassword": "pg-" + SECRET}),
    # Filestore.
    wrong("Filestore for one", share(accessMode="ReadWriteOnce"), "app.storage.accessMode", "must be ReadWriteMany"),
    wrong("Filestore and a class", share(className="rwx"), "app.storage.className", "keep one of the two"),
    wrong("a small Filestore", share(size="100Gi"), "app.storage.size", "must be at least 1Ti on Filestore"),
    wrong("a Filestore without snapshots in production",
          {**share(filestore="standard"), "production": True, "backup": BACKED_UP}, "app.storage.filestore",
          "production needs zonal or regional"),
    # Backups.
    wrong("production without backups", {**GKE, "production": True}, "backup.kind", "must be google in production"),
    wrong("production without backups, said so", {**PROD, "backup": {"kind": "none"}}, "backup.kind",
          "would be lost for good"),
    wrong("production without backups, with a mistake elsewhere in the cluster", {
        **PROD, "backup": {"kind": "none"}, "cluster": {"kind": "gke", "zone": "a"},
    }, "cluster.zone, backup.kind", "did you mean zones", schema=True),
    wrong("a backup of no kind", {**GKE, "backup": {"lock": True}}, "backup.kind", "none or google (it is missing)",
          schema=True),
    wrong("a schedule in words", {**GKE, "backup": {"kind": "google", "schedule": "daily"}}, "backup.schedule",
          "five cron fields", schema=True),
    wrong("a schedule at no hour", {**GKE, "backup": {"kind": "google", "schedule": "0 25 * * *"}},
          "backup.schedule", "hours are from 0 to 23"),
    # Secret Manager.
    wrong("no version of a secret", managed({"secret": "key"}), "secretManager.openaiApiKey.version", "is missing",
          schema=True),
    wrong("the latest version of a secret", managed({"secret": "key", "version": "latest"}),
          "secretManager.openaiApiKey.version", "must be a whole number", schema=True),
    wrong("a secret's path", managed({"secret": "projects/p/secrets/s", "version": 1}),
          "secretManager.openaiApiKey.secret", "must be a secret's id", schema=True),
    wrong("a literal key for Secret Manager", managed(SECRET), "secretManager.openaiApiKey",
          "the id of a secret in Google's Secret Manager", schema=True),
    wrong("a secret in two places", managed({"secret": "key", "version": 1}), "secretManager.openaiApiKey",
          "is also set as kotaemon:openaiApiKey", secrets=OPENAI),
    wrong("a secret in a Secret and in Secret Manager",
          {**managed({"secret": "key", "version": 1}), "secrets": {"openaiApiKey": {"name": "keys", "key": "a"}}},
          "secretManager.openaiApiKey", "is also set as kotaemon:secrets.openaiApiKey"),
    wrong("a managed secret for nothing", {**GKE, "secretManager": {"oidcClientSecret": {"secret": "a", "version": 1}}},
          "secretManager.oidcClientSecret", "it is for kotaemon:edge.auth"),
    # The front door: nobody gets in without signing in.
    wrong("a public Kotaemon without authentication", door(auth={"kind": "none"}), "edge.auth.kind",
          "must be iap or oauth2-proxy: Who signs people in, always: without, whoever finds the page takes Kotaemon "
          "over", schema=True),
    wrong("authentication that is off", door(auth=False), "edge.auth", "takes Kotaemon over", schema=True),
    wrong("authentication that is nothing", door(auth=None), "edge.auth", "takes Kotaemon over", schema=True),
    wrong("authentication of two kinds", door(auth={"members": [], "issuer": "https://idp.example.com"}),
          "edge.auth.kind", "takes Kotaemon over", schema=True),
    wrong("a gateway without authentication", gateway(auth={**OIDC, "kind": "none"}), "edge.auth.kind",
          "must be oauth2-proxy: Who signs people in, always: without, whoever finds the page takes Kotaemon over",
          schema=True),
    wrong("a gateway with no word of authentication", {"edge": {"kind": "gateway", "domain": DOMAIN}}, "edge.auth",
          "takes Kotaemon over", schema=True),
    wrong("a gateway whose authentication is off", gateway(auth=False), "edge.auth", "takes Kotaemon over",
          schema=True),
    wrong("a gateway with IAP", gateway(auth={"kind": "iap", "clientId": "a-client"}),
          "edge.auth.issuer, edge.auth.kind", "is missing: The identity provider", schema=True),
    wrong("a door of no kind", {**GKE, "edge": {"domain": DOMAIN}}, "edge.kind", "google or gateway (it is missing)",
          schema=True),
    wrong("an ingress", {"edge": {"kind": "ingress", "domain": DOMAIN}}, "edge.kind", "none, google or gateway",
          schema=True),
    wrong("no domain", {**GKE, "edge": {"kind": "google"}}, "edge.domain", "is missing: Under which name",
          schema=True),
    *(
        wrong(f"a domain that is {what}", door(domain=domain), "edge.domain", says, schema=schema)
        for what, domain, says, schema in (
            ("a URL", "https://kotaemon.example.com/", "without scheme, port or path", True),
            ("in capitals", "Kotaemon.Example.com", "lower-case", True),
            ("one word", "kotaemon", "must be a lower-case domain name", True),
            ("an address", "203.0.113.7", "without scheme, port or path", True),
            ("a wildcard", "*.example.com", "must be a lower-case domain name", True),
            ("the cluster's own", "kotaemon.internal", "nobody issues a certificate for it", False),
            ("this machine", "kotaemon.localhost", ".localhost is none", False),
            ("too long", "a." * 130 + "com", "at most 253", False),
            ("in two words", "my kotaemon.com", "must be a lower-case domain name", True),
        )
    ),
    wrong("everybody", door(auth={"kind": "iap", "members": ["allUsers", "allAuthenticatedUsers"]}),
          "edge.auth.members[1], edge.auth.members[0]", "allUsers would let everybody in", schema=True),
    wrong("a member without a kind", door(auth={"kind": "iap", "members": ["ann@example.com"]}),
          "edge.auth.members[0]", "must say who, as IAM does", schema=True),
    wrong("IAP's client without its secret", door(auth={"kind": "iap", "clientId": "a-client"}), "edge.auth",
          "needs the secret oidcClientSecret"),
    wrong("IAP's secret without its client", door(), "oidcClientSecret", "nothing uses it", secrets=CLIENT),
    wrong("oauth2-proxy without its secret", gateway(), "edge.auth", "needs the secret oidcClientSecret"),
    wrong("an issuer without TLS", proxy(issuer="http://idp.example.com"), "edge.auth.issuer", "must be https://",
          secrets=CLIENT),
    wrong("an issuer without a scheme", proxy(issuer="idp.example.com"), "edge.auth.issuer", "https:// URL",
          secrets=CLIENT, schema=True),
    wrong("whoever has an account", proxy(emailDomains=[]), "edge.auth.emailDomains", "must say who may enter",
          secrets=CLIENT),
    wrong("whoever has an account, in silence", proxy(emailDomains=None), "edge.auth.emailDomains",
          "could otherwise take Kotaemon over", secrets=CLIENT),
    wrong("domains where anybody gets an address", proxy(emailDomains=["gmail.com", "outlook.com"]),
          "edge.auth.emailDomains[1], edge.auth.emailDomains[0]", "where anybody gets an address", secrets=CLIENT),
    wrong("people beside a domain", proxy(emails=["ann@example.org"]), "edge.auth.emails", "keep one of the two",
          secrets=CLIENT),
    wrong("people without an @", proxy(emails=["ann"], emailDomains=None), "edge.auth.emails[0]",
          "must be an e-mail address", secrets=CLIENT, schema=True),
    wrong("a session of a month", proxy(sessionHours=720), "edge.auth.sessionHours", "from 1 to 168",
          secrets=CLIENT, schema=True),
    # Cloud Armor and DNS.
    wrong("production without Cloud Armor", {**PROD, "edge": DOOR}, "edge.armor", "turns floods and known attacks"),
    wrong("a limit that keeps people out", door(armor={"requestsPerMinute": 5}), "edge.armor.requestsPerMinute",
          "from 60 to 100000", schema=True),
    wrong("a country's name", door(armor={"countries": ["Germany"]}), "edge.armor.countries[0]", "two upper-case",
          schema=True),
    wrong("an address of a network", door(armor={"networks": ["203.0.113.7/24"]}), "edge.armor.networks[0]",
          "has host bits set"),
    wrong("a DNS zone's domain for its name", door(dns={"zone": "example.com"}), "edge.dns.zone", "not its domain",
          schema=True),
    # cert-manager and the Gateway's controller.
    wrong("an authority without its Secret", gateway(certManager={"issuer": "own-ca"}), "edge.certManager.caSecret",
          "is missing: the Secret of the namespace", secrets=CLIENT),
    wrong("an authority beside Let's Encrypt", gateway(certManager={"caSecret": "company-ca"}),
          "edge.certManager.caSecret", "is for the issuer own-ca", secrets=CLIENT),
    wrong("trial certificates in production",
          {"production": True, **gateway(certManager={"issuer": "letsencrypt-staging"})}, "edge.certManager.issuer",
          "no browser trusts", secrets=CLIENT),
    wrong("a controller of one's own, of which nothing is said", gateway(controller={"install": False}),
          "edge.controller.namespace, edge.controller.className, edge.controller.envoy", "is missing: ",
          secrets=CLIENT),
    wrong("another controller than the one that is installed", gateway(controller={"envoy": False}),
          "edge.controller.envoy", "must be true where the stack installs the controller", secrets=CLIENT),
    wrong("replicas behind a controller that keeps nobody on one",
          {**gateway(controller={"install": False, "className": "nginx", "namespace": "nginx", "envoy": False}),
           "docstore": {"kind": "postgres"}, "app": {"replicas": 2, "storage": SHARED}},
          "edge.controller.envoy", "must be true with more than one replica", secrets=CLIENT),
    wrong("IAP's secret under another key",
          {**door(auth={"kind": "iap", "clientId": "a-client"}),
           "secrets": {"oidcClientSecret": {"name": "oidc", "key": "client-secret"}}},
          "secrets.oidcClientSecret.key", "must be key: Identity-Aware Proxy"),
]  # fmt: skip
"""Each row is one mistake that somebody will make on Google Cloud, or at the front door."""


CLOUD_VALID: dict[str, tuple[Values, dict[str, str]]] = {
    "a cluster that is there": ({"cluster": {"kind": "existing"}}, {}),
    "a cluster without a kind": ({"cluster": {}}, {}),
    "GKE": (GKE, {}),
    "GKE in full": (
        gke(
            name="search",
            zones=["europe-west4-a", "europe-west4-c"],
            network={"nodes": "172.16.0.0/20", "pods": "100.64.0.0/14", "natAddresses": 2},
            controlPlane={
                "external": False,
                "authorizedNetworks": [{"name": "vpn", "cidr": "203.0.113.0/24"}],
            },
            releaseChannel="stable",
            maintenance={
                "days": ["tuesday"],
                "start": "22:30",
                "hours": 12,
                "exclusions": [
                    {"name": "year-end", "start": "2026-12-15", "end": "2027-01-10"},
                    {
                        "name": "audit",
                        "start": "2027-02-01",
                        "end": "2027-05-01",
                        "scope": "no-minor-upgrades",
                    },
                ],
            },
            binaryAuthorization=False,
            nodePools={
                "main": {"machineType": "n2-standard-8", "minNodes": 2, "maxNodes": 4, "spot": True},
                "spot": {"machineType": "e2-highmem-2"},
                "gpu": {"accelerators": 2, "maxNodes": 2},
            },
        ),
        {},
    ),
    "an open control plane, not in production": (
        gke(controlPlane={"authorizedNetworks": [{"name": "all", "cidr": "0.0.0.0/0"}]}),
        {},
    ),
    "GKE Autopilot": (gke(autopilot=True), {}),
    "GKE Autopilot in production": (prod(autopilot=True), {}),
    "GKE in production": (prod(), {}),
    "a GKE cluster that is there": (
        {**GOOGLE, "cluster": {"kind": "gke-existing", "name": "shared", "location": "europe-west4-a"}},
        {},
    ),
    "Cloud SQL": (sql(), {}),
    "Cloud SQL with IAM": (sql(login="iam", version=16, maintenance={"day": "monday", "hour": 0}), {}),
    "Cloud SQL, small": (sql(tier="db-f1-micro"), {}),
    "Cloud SQL, one core": (sql(tier="db-custom-1-3840"), {}),
    "Cloud SQL in production": (prod_sql(), {}),
    "Cloud SQL Enterprise Plus": (
        prod_sql(edition="enterprise-plus", tier="db-perf-optimized-N-4", pointInTimeDays=35),
        {},
    ),
    "an external PostgreSQL beside GKE": (
        {**GKE, "postgres": EXTERNAL},
        {"postgresPassword": "pg-" + SECRET},
    ),
    "Filestore": (share(), {}),
    "several replicas on Filestore": (
        {
            **share(),
            "docstore": {"kind": "postgres"},
            "app": {**share()["app"], "replicas": 3},
            "vectorDb": {"kind": "pgvector"},
        },
        {},
    ),
    "several replicas on a class": (
        {**GKE, "docstore": {"kind": "postgres"}, "app": {"replicas": 2, "storage": SHARED}},
        {},
    ),
    "backups": ({**GKE, "backup": {"kind": "google", "schedule": "30 1,13 * * 1-5", "lock": True}}, {}),
    "no backups": ({"backup": {"kind": "none"}}, {}),
    "Secret Manager": (managed({"secret": "openai-api-key", "version": 3}), {}),
    "no front door": ({"edge": {"kind": "none"}}, {}),
    "Google's front door": (door(), {}),
    "authentication without a kind": (door(auth={"members": ["group:team@example.com"]}), {}),
    "Google's front door with IAP": (
        door(
            auth={
                "kind": "iap",
                "members": ["group:team@example.com", "user:ann@example.com", "domain:example.com"],
            },
            dns={"zone": "example", "create": "example.com"},
            armor={"countries": ["DE", "AT"], "networks": ["203.0.113.0/24"], "logOnly": True},
        ),
        {},
    ),
    "Google's front door with a client of one's own": (
        door(auth={"kind": "iap", "clientId": "a-client"}),
        CLIENT,
    ),
    "Google's front door with oauth2-proxy": (door(auth=OIDC), CLIENT),
    "Google's front door in production": ({**PROD, "edge": {**DOOR, "armor": {}}}, {}),
    "the client's secret in Secret Manager": (
        {**door(auth=OIDC), "secretManager": {"oidcClientSecret": {"secret": "oidc", "version": 1}}},
        {},
    ),
    "a gateway": (gateway(), CLIENT),
    "a gateway on GKE": ({**GKE, **gateway()}, CLIENT),
    "a gateway with trial certificates": (gateway(certManager={"issuer": "letsencrypt-staging"}), CLIENT),
    "a gateway with an authority": (
        gateway(certManager={"issuer": "own-ca", "caSecret": "company-ca", "install": False}),
        CLIENT,
    ),
    "a gateway with a controller that is there": (
        gateway(
            controller={"install": False, "className": "eg", "namespace": "gateways", "envoy": True},
            certManager={"email": "ops@example.com"},
        ),
        CLIENT,
    ),
    "a gateway with another controller": (
        gateway(controller={"install": False, "className": "nginx", "namespace": "nginx", "envoy": False}),
        CLIENT,
    ),
    "IAP's secret in a Secret": (
        {
            **door(auth={"kind": "iap", "clientId": "a-client"}),
            "secrets": {"oidcClientSecret": {"name": "oidc", "key": "key"}},
        },
        {},
    ),
    "people by their addresses": (proxy(emails=["ann@gmail.com"], emailDomains=None), CLIENT),
    "people by their groups": (proxy(groups=["kotaemon"], emailDomains=None), CLIENT),
    "a gateway in production": ({"production": True, **gateway()}, CLIENT),
}
"""What is accepted there: every kind, alone and in production."""
