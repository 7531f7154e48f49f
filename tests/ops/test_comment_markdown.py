"""The comment itself: what comes first, what is folded, that it fits, and that nobody's text is obeyed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ops.comment import report as reports
from ops.comment.command import foot, read
from ops.comment.markdown import LIMIT, MARKER, headline, render
from ops.comment.page import page
from ops.comment.report import Changed, Item, Operation, Policy, Report, Verdict
from ops.errors import OpsError


def item(
    operation: Operation, name: str, *changed: Changed, kind: str = "ConfigMap", stake: str = ""
) -> Item:
    return Item(operation=operation, kind=kind, name=name, component="Qdrant", stake=stake, changed=changed)


EACH = (
    item(Operation.CREATE, "created"),
    item(Operation.UPDATE, "updated", Changed(path="spec.replicas", old="1", new="3")),
    item(Operation.REPLACE, "replaced", Changed(path="spec.class", old="a", new="b", replaces=True)),
    item(Operation.DELETE, "deleted"),
    item(Operation.DELETE, "precious", kind="PersistentVolumeClaim", stake="the files on the volume"),
)
POLICIES = (
    Policy(id="pods-restricted", severity="mandatory", title="Pods are restricted", state=Verdict.PASS),
    Policy(
        id="data-protected",
        severity="mandatory",
        title="Data is protected",
        state=Verdict.FAIL,
        where=("StatefulSet/qdrant", "Bucket/files"),
        remedy="protect=True",
    ),
    Policy(id="sql-ssl", severity="mandatory", title="TLS", state=Verdict.NOT_APPLICABLE),
)


def one(*items: Item, **more: object) -> Report:
    return Report(stack="prod", items=items, unchanged=7, **more)  # type: ignore[arg-type]  # passed on as they are


def test_it_is_found_again_by_its_first_line() -> None:
    """So that the next push updates it instead of adding one more."""
    assert render([one(*EACH)]).startswith(f"{MARKER}\n")


def test_what_may_lose_something_comes_first_and_in_bold() -> None:
    text = render([one(*EACH)])
    places = [text.index(f"`{name}`") for name in ("precious", "replaced", "updated", "created")]
    assert places == sorted(places)
    assert text.index("`deleted`") < text.index("`updated`")
    for bold in (
        "**DELETE ConfigMap `deleted`**",
        "**REPLACE ConfigMap `replaced`**",
        "**2 deletes**",
        "**1 replace**",
    ):
        assert bold in text
    assert "**⚠️ lost with it: the files on the volume**" in text


def test_an_update_tells_its_changed_properties_and_a_replacement_its_reason() -> None:
    text = render([one(*EACH)])
    assert "  - `spec.replicas`: `1` → `3`\n" in text
    assert "  - `spec.class`: `a` → `b` **(forces the replacement)**\n" in text


def test_what_comes_and_goes_reads_differently_from_what_changes() -> None:
    changes = [Changed(path="a", new="1"), Changed(path="b", old="2"), Changed(path="f", lines=("-x", "+y"))]
    text = render([one(item(Operation.UPDATE, "updated", *changes))])
    assert "  - `a` added: `1`\n  - `b` removed: `2`\n" in text
    assert "    ```diff\n    -x\n    +y\n    ```\n" in text


def test_what_only_the_update_will_tell_is_one_line() -> None:
    changes = [Changed(path=path, old="x", new="(known after up)") for path in ("a", "b")]
    text = render([one(item(Operation.UPDATE, "updated", *changes))])
    assert "  - only the update will tell whether these stay the same: `a`, `b`\n" in text


def test_creates_are_folded() -> None:
    text = render([one(*EACH)])
    folded = text[text.index("<details>") : text.index("</details>")]
    assert "<summary>1 created</summary>" in folded
    assert "`created`" in folded


def test_what_is_only_forgotten_is_not_called_deleted() -> None:
    kept = Item(operation=Operation.DELETE, kind="Bucket", name="files", component="Backup", kept=True)
    assert "**FORGET Bucket `files`** of Backup (it stays; only Pulumi forgets it)" in render([one(kept)])


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (one(), "no changes"),
        (one(*EACH), "**2 deletes**, **1 replace**, 1 update, 1 create"),
        (one(errors=("broken",)), "✗ **the preview failed**"),
        (one(*EACH, errors=("broken",)), "✗ **the preview failed**"),
    ],
)
def test_a_stacks_headline_says_all_that_counts(report: Report, expected: str) -> None:
    assert headline(report) == expected
    assert f"### `prod`: {expected}\n" in render([report])


def test_a_failed_preview_is_shown_with_its_error_and_no_counts() -> None:
    text = render([one(*EACH, errors=("Pulumi.prod.yaml has 1 problem",))])
    assert "| `prod` | ✗ **preview failed** |" in text
    assert "```\nPulumi.prod.yaml has 1 problem\n```" in text
    assert "no changes" not in text
    assert "`updated`" not in text


def test_several_stacks_are_one_comment_with_one_table() -> None:
    text = render([Report(stack="dev", unchanged=3), one(*EACH, policies=POLICIES)])
    assert "| `dev` | 0 | 0 | 0 | 0 | 3 | not checked |" in text
    assert "| `prod` | **2** | **1** | 1 | 1 | 7 | ✗ **1 broken**, 1 hold |" in text
    assert text.index("### `dev`: no changes") < text.index("### `prod`")


def test_broken_policies_are_shown_and_the_others_folded() -> None:
    text = render([one(policies=POLICIES)])
    shown, _, folded = text.partition("<details>")
    assert "- ✗ **mandatory** `data-protected` Data is protected" in shown
    assert "  - `StatefulSet/qdrant`\n  - `Bucket/files`\n  - to mend it: `protect=True`\n" in shown
    assert "`pods-restricted`" not in shown
    assert "`pods-restricted`" in folded
    assert "and 1 about nothing that this stack has" in folded


def test_policies_come_after_what_the_change_does() -> None:
    text = render([one(*EACH, policies=POLICIES)])
    assert (
        text.index("`precious`")
        < text.index("`updated`")
        < text.index("`created`")
        < text.index("`data-protected`")
    )


def test_advice_that_is_not_followed_is_not_called_broken() -> None:
    advice = replace(POLICIES[1], severity="advisory")
    assert "| ✓ 1 advisory, 1 hold |" in render([one(policies=(POLICIES[0], advice))])


def many(operation: Operation, count: int, properties: int = 10) -> list[Item]:
    changed = [
        Changed(path=f"a.long.path.to.property[{n}]", old="x" * 50, new="y" * 50) for n in range(properties)
    ]
    return [item(operation, f"resource-{'x' * 60}-{n:05}", *changed) for n in range(count)]


@pytest.mark.parametrize(
    ("count", "left_out"),
    [
        (20, None),
        (70, "some changed properties"),
        (300, "what changes in each"),
        (3000, "most of the updates"),
    ],
)
def test_a_comment_fits_and_says_what_is_left_out(count: int, left_out: str | None) -> None:
    """GitHub refuses one that is longer, and then there would be none."""
    items = [*EACH, *many(Operation.UPDATE, count), *many(Operation.CREATE, count, 0)]
    text = render([one(*items, policies=POLICIES)])
    assert len(text) <= LIMIT < 65_536
    assert ("Shortened to fit" in text) is bool(left_out)
    assert (left_out or "") in text
    for always in ("`precious`", "`data-protected`", f"{count + 1} updates", f"{count + 1} creates"):
        assert always in text


def test_even_too_many_deletes_fit_those_of_data_first() -> None:
    items = [*many(Operation.DELETE, 5000, 0), EACH[-1]]
    text = render([one(*items)])
    assert len(text) <= LIMIT
    assert "`precious`" in text
    assert "and 4801 more deletes and replaces" in text


def test_a_comment_that_nothing_shortens_is_cut_and_says_so() -> None:
    text = render([Report(stack=f"stack-{n}", errors=("x" * 290,) * 5) for n in range(200)])
    assert len(text) <= LIMIT
    assert "Cut here" in text


NASTY = (
    "`code` ``more`` ```",
    "a | b \\| c",
    "</details></summary><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- kotaemon-preview -->",
    "@somebody and @some/team, fixes #1",
    "[text](https://evil.example) ![x](https://evil.example/x.png) https://evil.example www.evil.example",
    "**bold** _it_ ~~gone~~ # title",
    "one\n\n## two\n- three\n```\nfour",
    "&lt;b&gt; &#64;someone",
    "\\`escaped\\`",
    "ends with \\",
    "right\u202eto left\u2066, \x1b[31mred\u200b",
)


@pytest.mark.parametrize("nasty", NASTY)
def test_no_text_of_others_is_obeyed(nasty: str) -> None:
    """A branch of a stranger is described here: it must not mention people, link, fold or pretend."""
    text = f"MARK {nasty}"
    changes = [
        Changed(path=text, old=text, new=text, replaces=True),
        Changed(path=text, lines=(f"-{text}", f"+{text}")),
    ]
    named = [
        Item(
            operation=operation,
            kind=text,
            name=text,
            component=text,
            called=text,
            stake=text,
            changed=tuple(changes),
        )
        for operation in Operation
    ]
    policies = [
        Policy(id=text, severity=text, title=text, state=state, where=(text,), remedy=text)
        for state in Verdict
    ]
    good = Report(
        stack=text, against=text, items=tuple(named), unchanged=1, policies=tuple(policies), warnings=(text,)
    )
    bad = Report(stack=text, errors=(text,))
    rendered = render([good, bad], foot=foot(text, f"https://github.com/{text}"))
    assert "\u202e" not in rendered
    assert "\x1b" not in rendered
    for token in _leaves(MarkdownIt("commonmark", {"html": True}).enable("table").parse(rendered)):
        if token.type in {"code_inline", "fence"}:
            continue
        assert "MARK" not in token.content, (token.type, token.content)
        assert token.type != "link_open"
        if token.type in {"html_block", "html_inline"}:
            assert token.content.strip() in ALLOWED or token.content.startswith("<details><summary>"), (
                token.content
            )
    # Every page of a hostile branch has the same structure as one of a harmless branch.
    assert rendered.count("<details>") == rendered.count("\n</details>\n") == 3


ALLOWED = {MARKER, "<sub>", "</sub>", "</details>"}


def _leaves(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.children:
            yield from _leaves(token.children)
        elif token.type != "inline":
            yield token


def test_a_bar_in_a_stacks_name_does_not_shift_the_table() -> None:
    html = MarkdownIt("commonmark").enable("table").render(render([Report(stack="a|b", unchanged=1)]))
    assert "<td><code>a|b</code></td>" in html


def test_the_foot_links_to_the_run_and_to_nothing_else() -> None:
    assert foot("0123456789abcdef", "https://github.com/o/r/actions/runs/1") == (
        "Commit `0123456789ab`, [the run that made this](https://github.com/o/r/actions/runs/1)"
    )
    assert foot("", "javascript:alert(1)") == ""
    assert foot("", "https://x/y) ![](https://z") == ""


def test_the_page_runs_nothing_and_fetches_nothing() -> None:
    html = page(render([one(*EACH)]), "<title>")
    assert "default-src 'none'" in html
    assert "&lt;title&gt;" in html
    assert "<strong>DELETE ConfigMap <code>deleted</code></strong>" in html


def test_a_report_survives_the_way_to_another_job() -> None:
    given = (one(*EACH, policies=POLICIES, warnings=("w",)), Report(stack="dev", errors=("e",)))
    assert reports.from_json(reports.to_json(given), Path("f")) == given


@pytest.mark.parametrize(
    "text", ["", "[1]", '[{"stack": "a", "more": 1}]', '[{"stack": "a", "items": [{}]}]', "{"]
)
def test_a_file_that_is_no_report_is_refused(text: str) -> None:
    """It may come from a stranger's branch."""
    with pytest.raises(OpsError, match="holds no report"):
        reports.from_json(text, Path("f"))


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "{}",
        '{"steps": [{"op": "destroy-all", "urn": "a::b::c::d", "newState": {"type": "a"}}]}',
        '{"steps": [{"op": "update", "urn": "short", "newState": {"type": "a:b:C", "custom": true}}]}',
        '{"steps": [{"op": "update", "urn": 7, "newState": {"type": 7, "custom": true}}]}',
    ],
)
def test_a_file_that_is_no_preview_is_refused(text: str, tmp_path: Path) -> None:
    """With a line instead of a traceback."""
    file = tmp_path / "prod.json"
    file.write_text(text)
    with pytest.raises(OpsError, match=r"prod\.json"):
        read([tmp_path], [])
