"""The comment: reports of stacks as one page of GitHub's Markdown, what may lose something first. All pure."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from ops.comment.detail import LEVELS, Detail
from ops.comment.escape import block, cell, code, word
from ops.comment.report import LOSING, Changed, Item, Operation, Report, Verdict
from ops.diff import LATER

MARKER = "<!-- kotaemon-preview -->"
"""By this the comment is found again, to be updated in place."""

LIMIT = 65_000
"""Characters; GitHub refuses a comment of more than 65,536."""

ERROR_LINES = 40

TITLES = {
    Operation.DELETE: ("delete", "deletes"),
    Operation.REPLACE: ("replace", "replaces"),
    Operation.UPDATE: ("update", "updates"),
    Operation.CREATE: ("create", "creates"),
    Operation.IMPORT: ("take-over", "take-overs"),
}


def render(
    reports: Sequence[Report],
    *,
    heading: str = "What this change would do",
    foot: str = "",
    limit: int = LIMIT,
) -> str:
    """The comment, at most `limit` characters."""
    text = ""
    for detail in LEVELS:
        text = _page(reports, heading, foot, detail)
        if len(text) <= limit:
            return text
    end = "\n\n**Cut here: it doesn't fit into a comment.**\n"
    return text[: limit - len(end)].rpartition("\n")[0] + end


def _page(reports: Sequence[Report], heading: str, foot: str, detail: Detail) -> str:
    lines = [MARKER, f"## {heading}", "", *_summary(reports)]
    if detail.omitted:
        lines += ["", f"**Shortened to fit into a comment; left out: {detail.omitted}.**"]
    for report in reports:
        lines += ["", *_stack(report, detail)]
    lines += [
        "",
        "---",
        *([foot, ""] if foot else []),
        "<sub>`[secret]` and `(hidden)` stand for secrets; nobody's are shown.</sub>",
    ]
    return "\n".join(lines) + "\n"


def _summary(reports: Sequence[Report]) -> list[str]:
    lines = [
        "| stack | delete | replace | update | create | unchanged | policies |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for report in reports:
        if report.failed:
            lines.append(
                f"| {cell(report.stack)} | ✗ **preview failed** | | | | | {_policies_in_short(report)} |"
            )
            continue
        counts = [
            _bold(report.count(Operation.DELETE)),
            _bold(report.count(Operation.REPLACE)),
            str(report.count(Operation.UPDATE) or "0"),
        ]
        created = report.count(Operation.CREATE) + report.count(Operation.IMPORT)
        unchanged = "?" if report.unchanged is None else str(report.unchanged)
        cells = [cell(report.stack), *counts, str(created or "0"), unchanged, _policies_in_short(report)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _bold(count: int) -> str:
    return f"**{count}**" if count else "0"


def _policies_in_short(report: Report) -> str:
    if report.policies is None:
        return "not checked"
    held = sum(one.state is Verdict.PASS for one in report.policies)
    advisory = sum(one.severity == "advisory" for one in report.broken())
    broken = len(report.broken()) - advisory
    parts = [f"**{broken} broken**"] if broken else []
    parts += [f"{advisory} advisory"] if advisory else []
    return f"{'✗' if broken else '✓'} {', '.join([*parts, f'{held} hold'])}"


def headline(report: Report) -> str:
    """`**1 delete**, 2 updates`, or what else is to be said of a stack in one line."""
    if report.failed:
        return "✗ **the preview failed**"
    parts = []
    for operation, (one, many) in TITLES.items():
        count = report.count(operation)
        words = f"{count} {one if count == 1 else many}"
        if count:
            parts.append(f"**{words}**" if operation in LOSING else words)
    return ", ".join(parts) or "no changes"


def _stack(report: Report, detail: Detail) -> list[str]:
    lines = [f"### {code(report.stack)}: {headline(report)}"]
    if report.against:
        lines += ["", f"<sub>Compared with {word(report.against)}.</sub>"]
    if report.failed:
        said = "\n".join(report.errors).splitlines()
        more = [f"… and {len(said) - ERROR_LINES} more lines"] if len(said) > ERROR_LINES else []
        lines += ["", *block([*said[:ERROR_LINES], *more])]
    if not report.failed:
        losing = [item for item in report.items if item.losing]
        lines += _losing(losing, detail)
        lines += _updates([item for item in report.items if item.operation is Operation.UPDATE], detail)
        lines += _creates(
            [item for item in report.items if item.operation in {Operation.CREATE, Operation.IMPORT}], detail
        )
    lines += _broken(report, detail)
    lines += _held(report, detail)
    if report.warnings:
        title = "1 warning" if len(report.warnings) == 1 else f"{len(report.warnings)} warnings"
        lines += ["", *_folded(title, [f"- {code(one)}" for one in report.warnings[:20]])]
    return lines


def _losing(items: Sequence[Item], detail: Detail) -> list[str]:
    if not items:
        return []
    lines = ["", "#### Deleted or replaced"]
    # What holds data comes first: that is what a reviewer must not miss.
    for item in sorted(items, key=_urgency)[: detail.losing]:
        does = "FORGET" if item.kept else item.operation.upper()
        stake = f"; **⚠️ lost with it: {word(item.stake)}**" if item.stake else ""
        kept = " (it stays; only Pulumi forgets it)" if item.kept else ""
        what = f"**{does} {word(item.kind)} {code(item.name)}**"
        lines.append(f"- {what}{_called(item)} of {word(item.component)}{stake}{kept}")
        lines += _properties(item, detail)
    return [*lines, *_more(len(items) - detail.losing, "deletes and replaces")]


def _urgency(item: Item) -> tuple[bool, bool]:
    return not item.stake, item.kind.startswith("Random")


def _updates(items: Sequence[Item], detail: Detail) -> list[str]:
    if not items:
        return []
    lines = ["", "#### Updated"]
    for name, group in _by_component(items[: detail.updates]):
        lines += ["", f"{name}", ""]
        for item in group:
            lines.append(f"- {word(item.kind)} {code(item.name)}{_called(item)}")
            lines += _properties(item, detail)
    return [*lines, *_more(len(items) - detail.updates, "updates")]


def _creates(items: Sequence[Item], detail: Detail) -> list[str]:
    if not items or not detail.creates:
        return []
    lines = []
    for name, group in _by_component(items):
        kinds = [
            f"{kind} {', '.join(code(one.name) for one in same)}" for kind, same in _grouped(group, _kind)
        ]
        lines.append(f"- {name}: {'; '.join(kinds)}")
    return ["", *_folded(f"{len(items)} created", lines)]


def _properties(item: Item, detail: Detail) -> list[str]:
    # Where only the update will tell, that a property may change is all there is to say.
    later = [one for one in item.changed if one.new == LATER and not one.replaces]
    told = [one for one in item.changed if one not in later]
    lines = [line for one in told[: detail.properties] for line in _property(one)]
    more = len(told) - detail.properties
    if more > 0:
        lines.append(f"  - and {more} more properties")
    if later and detail.properties:
        names = ", ".join(code(one.path) for one in later[: detail.properties])
        lines.append(f"  - only the update will tell whether these stay the same: {names}")
    return lines


def _property(one: Changed) -> list[str]:
    why = " **(forces the replacement)**" if one.replaces else ""
    if one.lines:
        return [f"  - {code(one.path)}{why}", "", *block(list(one.lines), "diff", "    "), ""]
    if one.old is None:
        return [f"  - {code(one.path)} added: {code(one.new or '')}{why}"]
    if one.new is None:
        return [f"  - {code(one.path)} removed: {code(one.old)}{why}"]
    return [f"  - {code(one.path)}: {code(one.old)} → {code(one.new)}{why}"]


def _called(item: Item) -> str:
    return f" ({code(item.called)})" if item.called else ""


def _more(count: int, what: str) -> list[str]:
    return [f"- and {count} more {what}"] if count > 0 else []


def _broken(report: Report, detail: Detail) -> list[str]:
    if not report.broken():
        return []
    lines = ["", "#### Policies that don't hold"]
    for one in report.broken()[: detail.broken]:
        lines.append(f"- ✗ **{word(one.severity)}** {code(one.id)} {word(one.title)}")
        lines += [f"  - {code(place)}" for place in one.where[: detail.where]]
        lines += [f"  {line}" for line in _more(len(one.where) - detail.where, "places")]
        if one.remedy:
            lines.append(f"  - to mend it: {code(one.remedy)}")
    return [*lines, *_more(len(report.broken()) - detail.broken, "policies")]


def _held(report: Report, detail: Detail) -> list[str]:
    if report.policies is None or not detail.passes:
        return []
    held = [one for one in report.policies if one.state is Verdict.PASS]
    lines = [f"- {code(one.id)} {word(one.title)}" for one in held]
    rest = sum(one.state is Verdict.NOT_APPLICABLE for one in report.policies)
    if rest:
        lines.append(f"- and {rest} about nothing that this stack has")
    return ["", *_folded(f"✓ {len(held)} policies hold", lines)] if lines else []


def _folded(title: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]


def _by_component(items: Sequence[Item]) -> list[tuple[str, list[Item]]]:
    return [(f"**{word(name)}**", group) for name, group in _grouped(items, lambda one: one.component)]


def _kind(item: Item) -> str:
    taken = " (taken over, it is there already)" if item.operation is Operation.IMPORT else ""
    return f"{word(item.kind)}{taken}"


def _grouped(items: Iterable[Item], key: Callable[[Item], str]) -> list[tuple[str, list[Item]]]:
    return [(name, list(group)) for name, group in groupby(sorted(items, key=key), key=key)]
