"""What is watched, and the shapes of what is made of it: the types that rules and ways of watching share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from components.config.monitoring import (
    BuiltinMonitoring,
    GoogleMonitoring,
    Objectives,
    OperatorMonitoring,
)
from components.signals.model import (
    Alert,
    ElasticsearchExport,
    PostgresExport,
    Probe,
    RuleGroup,
    Scope,
    ScrapeTarget,
    Watch,
)

from .names import ELASTICSEARCH_EXPORTER, POSTGRES_EXPORTER

Watching = BuiltinMonitoring | OperatorMonitoring | GoogleMonitoring


@dataclass(frozen=True, kw_only=True)
class BackupSignal:
    """A CronJob that backs something up."""

    component: str
    """Whose data it is, by the Watch's component."""
    cron_job: str
    """The CronJob's name."""
    max_age: timedelta
    """How old the last good backup may become before somebody must look."""
    size: str | None = None
    """PromQL of the last backup's bytes, where there is such a metric."""


@dataclass(frozen=True, kw_only=True)
class Group(RuleGroup):
    """Rules of one purpose."""

    component: str | None = None
    """What its alerts are about; None where each series says so by its own label `component`."""


@dataclass(frozen=True, kw_only=True)
class Matcher:
    """A condition on an alert's label."""

    label: str
    value: str
    regex: bool = False

    def __str__(self) -> str:
        """As Alertmanager writes it in `matchers`."""
        return f'{self.label}{"=~" if self.regex else "="}"{self.value}"'


@dataclass(frozen=True, kw_only=True)
class Inhibition:
    """While an alert of `source` fires nobody is told of those of `target`: they follow from it."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ("stack",)
    """Labels that both must have the same value of."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is watched in a stack, and by whom."""

    stack: str
    """The stack's name, the label `stack` of every alert."""
    scope: Scope
    watching: Watching
    """The settings: who watches, and who is told."""
    production: bool
    watches: tuple[Watch, ...]
    """In the order in which they need each other: what later ones can't do without first."""
    backups: tuple[BackupSignal, ...] = ()

    @property
    def objectives(self) -> Objectives:
        """What people may expect."""
        return self.watching.objectives

    @property
    def minimal(self) -> bool:
        """Whether only what tells that people can use it is kept."""
        return self.watching.minimal

    @property
    def managed(self) -> bool:
        """Whether what is known of pods is what Google's own packages of metrics hold, and no more."""
        return isinstance(self.watching, GoogleMonitoring)

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The questions that are asked, in the order of the watches."""
        return tuple(probe for watch in self.watches for probe in watch.probes)

    @property
    def essential(self) -> tuple[Probe, ...]:
        """The questions without whose answer people can't use it."""
        return tuple(probe for probe in self.probes if probe.essential)

    @property
    def targets(self) -> tuple[ScrapeTarget, ...]:
        """Pods that serve metrics themselves; none where it is minimal."""
        return () if self.minimal else tuple(target for watch in self.watches for target in watch.targets)

    @property
    def exports(self) -> tuple[PostgresExport | ElasticsearchExport, ...]:
        """Servers whose metrics an exporter must translate; none where it is minimal."""
        return () if self.minimal else tuple(watch.export for watch in self.watches if watch.export)

    def watch(self, component: str) -> Watch:
        """The watch of a component; KeyError where nobody watches it."""
        for watch in self.watches:
            if watch.component == component:
                return watch
        raise KeyError(component)


@dataclass(frozen=True, kw_only=True)
class Definition(Subject):
    """Everything that watching a stack consists of, free of who does it."""

    groups: tuple[Group, ...]
    inhibitions: tuple[Inhibition, ...]

    @property
    def alerts(self) -> Iterator[tuple[Group, Alert]]:
        """Every alert, with the group that it stands in."""
        return ((group, rule) for group in self.groups for rule in group.rules if isinstance(rule, Alert))


def export_job(export: PostgresExport | ElasticsearchExport) -> str:
    """The job under which an exporter's series are kept."""
    return POSTGRES_EXPORTER if isinstance(export, PostgresExport) else ELASTICSEARCH_EXPORTER
