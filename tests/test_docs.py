"""The pages name what is there: files and headings, make's commands, rules, configuration keys."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from components.config.fields import amount
from policies.check import Verdict, check
from policies.rules import RULES
from tests.stacks import graph_of

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
_CODE = re.compile(r"```.*?```", re.DOTALL)
_TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _anchors(page: Path) -> set[str]:
    """Headings as GitHub makes addresses of them."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    """A page that was renamed, or a heading that was reworded, takes its links along."""
    for target in re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target}: no such file"
        assert not anchor or anchor in _anchors(file), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_exist(page: Path) -> None:
    """What is copied from a page runs."""
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:^\s*(?:\$ )?|`)make ([a-z][a-z-]+)", text, re.MULTILINE)
    assert set(named) <= set(_TARGETS)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_rules_exist(page: Path) -> None:
    """Ids of rules are never given twice, so that pages can name them."""
    subjects = "|".join(sorted({rule.id.partition("-")[0] for rule in RULES}))
    named = re.findall(rf"\b(?:{subjects})-[0-9]{{2}}\b", page.read_text(encoding="utf-8"))
    assert set(named) <= {rule.id for rule in RULES}


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody knows of isn't used."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    unnamed = [target for target in _TARGETS if not re.search(rf"`(?:make )?{target}\b", readme)]
    assert unnamed == ["help"]


@pytest.mark.parametrize("name", ["hardening.md", "google-cloud.md"])
def test_configuration_keys_exist(name: str) -> None:
    """Each choice says by which key it is changed."""
    reference = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = re.findall(r"^\| `([^`]+)` \|", reference, re.MULTILINE)
    known = {re.sub(r" \([\w-]+\)", "", key) for key in keys}  # edge.auth (iap).members
    known |= {key.rsplit(".", depth)[0] for key in known for depth in range(1, key.count(".") + 1)}
    known |= set(re.findall(r"^###? ([\w.]+)", reference, re.MULTILINE))
    sections = "|".join(sorted({key.partition(".")[0] for key in known}))
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    named = re.findall(rf"`(?:kotaemon:)?((?:{sections})\.[A-Za-z.]+)[`:]", text)
    assert named
    assert set(named) <= known


def test_the_numbers_that_a_reader_compares_are_right() -> None:
    """Who sees other numbers than the page's looks for a mistake of his own."""
    page = (ROOT / "docs" / "google-cloud.md").read_text(encoding="utf-8")
    graph = graph_of("prod")
    made = [one for one in graph.resources if one.custom and one.package != "pulumi"]
    number = len(made) + 1  # the page's stack lets one group in
    assert f"{number} to create" in page
    assert f"{number} created" in page
    verdicts = [outcome.verdict for outcome in check(graph, RULES)]
    assert (
        f"{verdicts.count(Verdict.PASS)} rules hold, {verdicts.count(Verdict.NOT_APPLICABLE)} don't apply"
        in page
    )


@pytest.mark.parametrize(
    ("row", "variant", "without"),
    [
        ("`builtin`", "local", "unwatched"),
        ("`builtin`, minimal", "watched-minimally", "unwatched"),
        ("`operator`, `google`", "watched-by-an-operator", "unwatched"),
    ],
)
def test_what_watching_costs_is_what_its_pods_request(row: str, variant: str, without: str) -> None:
    """Who plans a cluster adds these numbers up."""
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    (cpu, memory, pods), (less_cpu, less_memory, fewer) = requested(variant), requested(without)
    cost = f"{1000 * (cpu - less_cpu):.0f}m | {(memory - less_memory) / 2**20:.0f}Mi | {pods - fewer}"
    assert f"| {row} | {cost} |" in page


def requested(variant: str) -> tuple[Decimal, Decimal, int]:
    """Cores, bytes and pods that a stack's servers request together."""
    cores, size, count = Decimal(0), Decimal(0), 0
    for pods in graph_of(variant).pods:
        if pods.owner.kind != "Job":
            for container in pods.containers():
                cores += amount(str(container.at("resources.requests.cpu")))
                size += amount(str(container.at("resources.requests.memory")))
            count += 1
    return cores, size, count
