"""What the chain of services can reach: published figures only, and never more than their product."""

from pathlib import Path

import pytest
import yaml

from components.config.settings import Settings
from components.monitoring.chain import reachable, sentence

ROOT = Path(__file__).resolve().parents[2]


def _settings(stack: str, **replaced: object) -> Settings:
    """Of a real stack's file."""
    content = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    values = {
        key.removeprefix("kotaemon:"): value for key, value in content.items() if key.startswith("kotaemon:")
    }
    return Settings.model_validate({**values, **replaced})


def test_production_reaches_what_its_services_promise_together() -> None:
    """A serial chain promises less than its weakest part: 99.95 % for the database alone would be a lie."""
    reach = reachable(_settings("prod"))
    figures = {link.name: link.per_cent for link in reach.links if link.on_the_way}
    assert figures == {
        "Google's load balancer": 99.99,
        "Cloud Armor": 99.99,
        "Identity-Aware Proxy": None,
        "nodes in several zones": 99.99,
        "Cloud SQL": 99.95,
        "Filestore": 99.99,
    }
    assert reach.per_cent == 99.91
    assert min(figure for figure in figures.values() if figure) > reach.per_cent


def test_every_figure_has_its_source() -> None:
    """A number without a page is somebody's memory."""
    for stack in ("local", "dev", "prod"):
        for link in reachable(_settings(stack)).links:
            assert link.per_cent is None or (link.source and link.source.startswith("https://"))


@pytest.mark.parametrize(
    ("postgres", "promised"),
    [
        ({"availability": "zonal"}, None),
        ({"availability": "regional", "tier": "db-g1-small"}, None),
        ({"availability": "regional"}, 99.95),
        ({"availability": "regional", "edition": "enterprise-plus", "tier": "db-perf-optimized-N-2"}, 99.99),
    ],
)
def test_cloud_sql_is_promised_only_with_a_standby(postgres: dict[str, str], promised: float | None) -> None:
    """Its agreement leaves single zones and shared cores out."""
    settings = _settings("prod", postgres={"kind": "cloud-sql", **postgres})
    figures = {link.name: link.per_cent for link in reachable(settings).links}
    assert figures["Cloud SQL"] == promised


def test_one_pod_of_a_database_ties_it_to_one_node() -> None:
    """Replicas in three zones help nobody while the only database is on the node that is gone."""
    names = {link.name for link in reachable(_settings("prod", postgres={"kind": "in-cluster"})).links}
    assert "a single node" in names
    assert "PostgreSQL in the cluster (one pod)" in names


def test_a_region_for_which_less_is_promised() -> None:
    """Stockholm and Mexico have agreements of their own."""
    settings = _settings("prod", google={"project": "example-project", "region": "europe-north2"})
    figures = {link.name: link.per_cent for link in reachable(settings).links}
    assert figures["Google's load balancer"] == figures["nodes in several zones"] == 99.95


def test_without_a_promise_nothing_is_said() -> None:
    """On a laptop nobody promises anything, and a number would be invented."""
    reach = reachable(_settings("local"))
    assert reach.per_cent is None
    assert "%" not in sentence(reach, 99.9)


def test_spot_nodes_are_said_to_promise_nothing() -> None:
    """The product of the rest alone would look like 99.99 %."""
    said = sentence(reachable(_settings("dev")))
    assert "no promise is known: Identity-Aware Proxy; spot nodes" in said


def test_an_objective_that_is_out_of_reach_is_said_to_be() -> None:
    """Nobody is at fault when it is missed."""
    reach = reachable(_settings("prod"))
    assert "The objective of 99.95 % is more" in sentence(reach, 99.95)
    assert "objective" not in sentence(reach, 99.9)
