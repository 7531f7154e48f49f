"""Values between engine and provider keep their meaning: secrets stay secret, unknowns unknown."""

from sandbox.providers import wire
from sandbox.providers.wire import UNKNOWN, Properties, Secret


def test_values_survive_the_way_to_the_engine_and_back() -> None:
    values: Properties = {
        "text": "a",
        "number": 3,
        "fraction": 0.5,
        "flag": False,
        "none": None,
        "list": [1, {"b": Secret({"c": ["d"]})}],
        "later": UNKNOWN,
        "hidden": Secret(UNKNOWN),
    }
    assert wire.decode(wire.encode(values)) == values


def test_whole_numbers_come_back_as_integers() -> None:
    """The protocol has only floats; the API server refuses `replicas: 1.0`."""
    (found,) = wire.decode(wire.encode({"replicas": 3.0})).values()
    assert isinstance(found, int)


def test_the_repr_of_a_secret_does_not_show_it() -> None:
    """It would end up in a traceback."""
    assert "hunter" not in repr(Secret("hunter2"))
    assert "hunter" not in repr({"a": [Secret({"b": "hunter2"})]})


def test_an_output_that_is_not_known_yet_is_unknown() -> None:
    signed: wire.Properties = {wire.SIGNATURE: wire.OUTPUT_SIGNATURE, "secret": True}
    assert wire.decode(wire.encode({"a": signed})) == {"a": Secret(UNKNOWN)}


def test_reveal_unwraps_secrets_at_any_depth_and_keeps_unknowns() -> None:
    assert wire.reveal({"a": Secret([Secret("b"), UNKNOWN])}) == {"a": ["b", UNKNOWN]}
    assert wire.has_unknowns({"a": Secret([UNKNOWN])})
    assert wire.has_secrets({"a": [{"b": Secret(1)}]})
    assert not wire.has_secrets({"a": [{"b": 1}]})
