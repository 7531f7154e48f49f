"""Every container image that a stack can run, pinned. Kotaemon's own is chosen in the stack's file."""

POSTGRES = "pgvector/pgvector:0.8.6-pg18-trixie"
"""The official postgres image with the pgvector extension added by its authors; runs as uid 999."""

QDRANT = "qdrant/qdrant:v1.13.6-unprivileged"
"""One minor version above the client in Kotaemon's image (1.12), as Qdrant supports; runs as uid 1000."""

CHROMA = "chromadb/chroma:0.5.16"
"""Exactly the version of the client in Kotaemon's image: servers of another line refuse it."""

ELASTICSEARCH = "docker.elastic.co/elasticsearch/elasticsearch:8.13.4"
"""The line of the client in Kotaemon's image (8.13); runs as uid 1000."""

OAUTH2_PROXY = "quay.io/oauth2-proxy/oauth2-proxy:v7.15.2"
"""Signs people in before a request reaches Kotaemon; runs as uid 65532."""

CLOUD_SQL_PROXY = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.26.3"
"""Signs an application in to Cloud SQL as its pod's service account; runs as uid 65532."""

PROMETHEUS = "quay.io/prometheus/prometheus:v3.13.5"
"""Collects metrics and evaluates the rules; runs as uid 65534."""

ALERTMANAGER = "quay.io/prometheus/alertmanager:v0.31.1"
"""Tells people of alerts; runs as uid 65534."""

GRAFANA = "docker.io/grafana/grafana:13.2.3"
"""Shows the dashboards; runs as uid 472."""

BLACKBOX_EXPORTER = "quay.io/prometheus/blackbox-exporter:v0.28.0"
"""Asks the probes' questions; runs as any uid, here 65534."""

POSTGRES_EXPORTER = "quay.io/prometheuscommunity/postgres-exporter:v0.19.1"
"""Translates PostgreSQL's statistics; runs as uid 65534."""

ELASTICSEARCH_EXPORTER = "quay.io/prometheuscommunity/elasticsearch-exporter:v1.11.0"
"""Translates Elasticsearch's statistics; runs as uid 65534."""

KUBE_STATE_METRICS = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.16.0"
"""Turns the state of Kubernetes' objects into metrics; runs as uid 65534."""

OTEL_COLLECTOR = "otel/opentelemetry-collector-contrib:0.161.0"
"""Takes traces in, samples and masks them, and sends them on; runs as uid 10001."""

FLUENT_BIT = "docker.io/fluent/fluent-bit:5.1.1"
"""Reads the nodes' log files and sends them on; runs as any uid, here 65532 of the group root."""

LOKI = "docker.io/grafana/loki:3.7.8"
"""Keeps logs; runs as uid 10001."""

CURL = "docker.io/curlimages/curl:8.16.0"
"""Tells Elasticsearch how long to keep logs; runs as uid 65532."""
