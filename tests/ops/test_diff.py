"""The property diff of a preview."""

import pytest

from ops import diff
from ops.diff import Change, Property, collect, leaves, lines, shown

from .events import SECRET, pre

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET_KIND = "kubernetes:core/v1:Secret"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def text(*events: object, properties: bool = True) -> str:
    return "\n".join(lines(collect(events), properties=properties))  # type: ignore[arg-type]  # for brevity


def test_an_update_shows_each_changed_property_with_old_and_new_value() -> None:
    event = pre(
        "update",
        DEPLOYMENT,
        "kotaemon",
        old={"spec": {"replicas": 1, "paused": False, "strategy": {"type": "Recreate"}}},
        new={"spec": {"replicas": 3, "paused": False, "strategy": {"type": "RollingUpdate"}}},
        detailed={"spec.replicas": "update", "spec.strategy.type": "update"},
    )
    assert text(event).splitlines()[:3] == [
        "~ Deployment/kotaemon",
        "    spec.replicas: 1 → 3",
        "    spec.strategy.type: Recreate → RollingUpdate",
    ]


def test_what_may_lose_something_comes_first_and_is_marked() -> None:
    events = [
        pre("create", CONFIG_MAP, "a", new={}),
        pre("update", CONFIG_MAP, "b", old={"data": {"k": "1"}}, new={"data": {"k": "2"}}),
        pre("replace", CONFIG_MAP, "c", old={"data": {"k": "1"}}, new={"data": {"k": "2"}}),
        pre("delete", CONFIG_MAP, "d", old={}),
    ]
    shown_lines = [line for line in text(*events, properties=False).splitlines() if line]
    assert [line.split()[0] for line in shown_lines[:4]] == ["-", "±", "~", "+"]
    assert "DELETE" in shown_lines[0]
    assert "REPLACE" in shown_lines[1]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("delete", CLAIM),
        ("replace", CLAIM),
        ("delete", "kubernetes:apps/v1:StatefulSet"),
        ("delete", "kubernetes:core/v1:Namespace"),
        ("replace", "gcp:sql/databaseInstance:DatabaseInstance"),
        ("delete", "gcp:storage/bucket:Bucket"),
    ],
)
def test_losing_what_people_stored_is_warned_of(operation: str, kind: str) -> None:
    assert "warning:" in text(pre(operation, kind, "data", old={}, new={}))


@pytest.mark.parametrize(
    ("operation", "kind"), [("update", CLAIM), ("create", CLAIM), ("delete", CONFIG_MAP)]
)
def test_nothing_else_is_warned_of(operation: str, kind: str) -> None:
    assert "warning:" not in text(pre(operation, kind, "data", old={}, new={}))


@pytest.mark.parametrize("path", ["stringData", "stringData.password"])
def test_a_changed_secret_is_named_and_not_shown(path: str) -> None:
    """Old and new are masked alike, so that only the engine's own diff tells that it changed."""
    event = pre(
        "update",
        SECRET_KIND,
        "admin",
        old={"stringData": SECRET, "type": "Opaque"},
        new={"stringData": SECRET, "type": "Opaque"},
        detailed={path: "update"},
    )
    assert f"    {path}: [secret] → [secret]" in text(event)


def test_the_data_of_a_kubernetes_secret_is_hidden_even_where_nobody_marked_it() -> None:
    event = pre(
        "update",
        SECRET_KIND,
        "admin",
        old={"data": {"password": "aHVudGVyMQ=="}, "type": "a"},
        new={"data": {"password": "aHVudGVyMg=="}, "type": "b"},
    )
    found = text(event)
    assert "aHVudGVy" not in found
    assert "data.password: [secret] → [secret]" in found
    assert "type: a → b" in found


def test_a_secret_inside_a_value_is_hidden() -> None:
    assert shown({"url": SECRET, "port": 5432.0}) == "{url: [secret], port: 5432}"


def test_what_only_the_update_will_tell_is_said_to_be_so() -> None:
    event = pre(
        "update",
        DEPLOYMENT,
        "a",
        old={"spec": {"name": "x"}},
        new={"spec": {"name": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}},
    )
    assert "spec.name: x → (known after up)" in text(event)


def test_one_more_environment_variable_is_one_change() -> None:
    """By position, every variable after the new one would seem changed."""

    def env(*names: str) -> dict[str, object]:
        return {"env": [{"name": name, "value": name} for name in names]}

    assert list(leaves("", env("a", "c"), env("a", "b", "c"))) == [
        ("env[b]", None, {"name": "b", "value": "b"})
    ]


def test_keys_with_dots_and_slashes_are_quoted() -> None:
    assert list(leaves("m", {"a.b/c": "1"}, {"a.b/c": "2"})) == [('m["a.b/c"]', "1", "2")]


def test_a_changed_file_shows_its_changed_lines_alone() -> None:
    old = "\n".join(f"line {n}" for n in range(40))
    event = pre(
        "update",
        CONFIG_MAP,
        "files",
        old={"data": {"f": old}},
        new={"data": {"f": old.replace("line 7", "LINE 7")}},
    )
    assert text(event).splitlines()[1:4] == ["    data.f:", "      -line 7", "      +LINE 7"]


def test_long_values_are_shortened() -> None:
    assert len(shown("x" * 500)) == diff.LENGTH
    event = pre(
        "update",
        CONFIG_MAP,
        "f",
        old={"data": {"f": "a\n" * 50}},
        new={"data": {"f": "".join(f"{n}\n" for n in range(50))}},
    )
    assert "more lines" in text(event)
    assert len(text(event).splitlines()) < 15


def test_why_it_is_replaced_is_marked() -> None:
    """However the provider quotes the path."""
    event = pre(
        "replace",
        CLAIM,
        "data",
        old={"spec": {"storageClassName": "a", "x": {"a.b": "1"}}, "other": 1},
        new={"spec": {"storageClassName": "b", "x": {"a.b": "2"}}, "other": 2},
        detailed={
            "spec.storageClassName": "update-replace",
            "spec.x.a.b": "update-replace",
            "other": "update",
        },
    )
    found = text(event).splitlines()
    assert "    spec.storageClassName: a → b  (forces the replacement)" in found
    assert '    spec.x["a.b"]: 1 → 2  (forces the replacement)' in found
    assert "    other: 1 → 2" in found


def test_a_change_that_somebody_made_in_the_cluster_is_shown() -> None:
    """The program says what it said before; only the state that was read back differs."""
    event = pre(
        "update",
        DEPLOYMENT,
        "kotaemon",
        old={"spec": {"replicas": 1}},
        new={"spec": {"replicas": 1}},
        outputs={"spec": {"replicas": 5}},
        detailed={"spec.replicas": "update"},
    )
    assert "    spec.replicas: 5 → 1" in text(event)


def test_components_and_providers_are_not_counted() -> None:
    """They are bookkeeping; a person counts what is in the cluster."""
    found = collect(
        [
            pre("same", "pulumi:pulumi:Stack", "s", old={}, new={}, custom=False),
            pre("same", "kotaemon:index:Platform", "p", old={}, new={}, custom=False),
            pre("same", "pulumi:providers:kubernetes", "k", old={}, new={}),
            pre("same", CONFIG_MAP, "a", old={}, new={}),
        ]
    )
    assert found.unchanged == 1
    assert lines(found, properties=True) == ["No changes, 1 unchanged"]


def test_a_replacement_is_one_change() -> None:
    """The engine announces it in three steps."""
    steps = [
        pre(operation, CONFIG_MAP, "a", old={"data": {"k": "1"}}, new={"data": {"k": "2"}})
        for operation in ("create-replacement", "replace", "delete-replaced")
    ]
    assert text(*steps).splitlines()[-1] == "1 to replace, 0 unchanged"


def test_the_name_in_the_cluster_is_told_where_it_differs() -> None:
    event = pre(
        "delete", CONFIG_MAP, "files", old={"metadata": {"namespace": "kotaemon", "name": "files-1a2b"}}
    )
    assert "ConfigMap/files (kotaemon/files-1a2b)" in text(event)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "(none)"),
        ("", '""'),
        (True, "true"),
        (1.0, "1"),
        (0.25, "0.25"),
        (["a", 1.0], "[a, 1]"),
        ("[secret]", "[secret]"),
        ("two\nlines", "two lines"),
    ],
)
def test_values_read_as_in_yaml(value: object, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b[1].c", "x"),
        ('m["k.e/y"]', "y"),
        ("m.k.e/y", "y"),
        ("a.b[7].c", None),
        ("a.nope", None),
    ],
)
def test_an_engines_path_leads_to_its_value(path: str, expected: object) -> None:
    value = {"a": {"b": [{}, {"c": "x"}]}, "m": {"k.e/y": "y"}}
    assert diff.at(value, path) == expected


def test_the_short_form_names_the_properties() -> None:
    one = Change(
        "update", "Deployment/a", "Deployment", properties=tuple(Property(f"p{n}", 1, 2) for n in range(5))
    )
    assert lines(diff.Diff((one,), 0), properties=False)[0] == "~ Deployment/a  [p0, p1, p2 and 2 more]"
