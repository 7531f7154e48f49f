"""Set single values in a YAML file's text: comments, order and everything else stay as they are, to the byte.

The parser tells where each value stands; only that stretch of the text is written anew. Libraries that write
the whole document again keep comments, but not the spaces in `{ a: 1 }`, nor long lines.
"""

from collections.abc import Mapping, Sequence

import yaml

from ops.errors import OpsError

Value = str | list[str]


def with_value(text: str, path: Sequence[str], value: Value) -> str:
    """`text` with `value` at `path`, whose missing keys are added. Raises OpsError where it can't be done safely."""
    document = yaml.safe_load(text)
    if _at(document, path) == value:
        return text
    edited = _edited(text, path, value)
    try:
        if yaml.safe_load(edited) == _with(document, path, value):
            return edited
    except yaml.YAMLError:
        pass
    raise _unsafe(path)


def without_keys(text: str, section: str | None, keys: Sequence[str]) -> str:
    """`text` without these keys of `section` (None: the document itself), by whole lines. Raises OpsError."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    owner = root if section is None else _child(root, section)
    if not isinstance(owner, yaml.MappingNode) or owner.flow_style:
        raise _unsafe([section or "", *keys])
    lines = text.splitlines(keepends=True)
    gone = {
        number
        for key, value in owner.value
        if key.value in keys
        for number in range(key.start_mark.line, _last(value).end_mark.line + 1)
    }
    return "".join(line for number, line in enumerate(lines) if number not in gone)


def _edited(text: str, path: Sequence[str], value: Value) -> str:
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            raise _unsafe(path)
        found = _child(node, key)
        if found is None:
            return _inserted(text, node, key, _nested(path[depth + 1 :], value))
        node = found
    if node is None or isinstance(node, yaml.MappingNode):
        raise _unsafe(path)
    return _replaced(text, node, value)


def _replaced(text: str, node: yaml.Node, value: Value) -> str:
    start, end = node.start_mark.index, _end(node)
    written = _flow(value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(value, list) and value:
        written = f"\n{' ' * node.start_mark.column}".join(f"- {_flow(one)}" for one in value)
    elif start == end:  # `key:` with nothing behind it
        written = f" {written}"
    return text[:start] + written + text[end:]


def _inserted(text: str, owner: yaml.MappingNode, key: str, value: object) -> str:
    entry = f"{_flow(key)}: {_flow(value)}"
    if owner.flow_style:
        at = _end(owner.value[-1][1]) if owner.value else owner.start_mark.index + 1
        return text[:at] + (", " if owner.value else "") + entry + text[at:]
    at = text.find("\n", _end(_last(owner)))
    at = len(text) if at < 0 else at
    return f"{text[:at]}\n{' ' * owner.start_mark.column}{entry}{text[at:]}"


def _last(node: yaml.Node) -> yaml.Node:
    """The last value that is written out in `node`: a block's own end lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _last(last[1] if isinstance(last, tuple) else last)
    return node


def _end(node: yaml.Node) -> int:
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return int(_last(node).end_mark.index)
    return int(node.end_mark.index)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _nested(path: Sequence[str], value: Value) -> object:
    nested: object = value
    for key in reversed(path):
        nested = {key: nested}
    return nested


def _flow(value: object) -> str:
    dumped = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True
    )
    return dumped.removesuffix("...\n").strip()


def _at(document: object, path: Sequence[str]) -> object:
    found = document
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _with(document: object, path: Sequence[str], value: Value) -> object:
    if not path:
        return value
    known = document if isinstance(document, Mapping) else {}
    return {**known, path[0]: _with(known.get(path[0]), path[1:], value)}


def _unsafe(path: Sequence[str]) -> OpsError:
    return OpsError(
        f"The file is written in a way that {'.'.join(path[1:])} can't be set in safely.",
        "Write it there yourself; docs/configuration.md has every key",
    )
