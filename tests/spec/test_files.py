"""Reading files: syntax faults with their place, repeated keys, positions."""

from pathlib import Path
from typing import Any

import pytest

from components.spec.fault import SpecError
from components.spec.files import parse_document, read_document
from components.spec.positions import json_positions


def fault_of(text: Any, source: Any = "services/x.json") -> Any:
    with pytest.raises(SpecError) as error:
        parse_document(text, source)
    [fault] = error.value.faults
    return fault


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('{"a": 1,}', 1, 8), ('{\n  "a": 1\n  "b": 2\n}', 3, 3), ("", 1, 1), ("{'a': 1}", 1, 2)],
)
def test_broken_json_is_placed(text: Any, line: Any, column: Any) -> None:
    fault = fault_of(text)
    assert (fault.rule, fault.line, fault.level) == ("readable", line, "invalid")
    assert abs((fault.column or 0) - column) <= 1
    assert fault.source == "services/x.json"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1, 2", 2),
        ("a: 1\nb: : 2", 2),
        ("a: 1\n\tb: 2", 2),
        ("--- 1\n--- 2", 2),
        ("a: !!python/none x", 1),
    ],
)
def test_broken_yaml_is_placed(text: Any, line: Any) -> None:
    fault = fault_of(text, "pool.yaml")
    assert (fault.rule, fault.level) == ("readable", "invalid")
    assert fault.line is not None
    assert fault.line <= line


def test_a_file_that_is_not_there_or_not_text_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'{"a": "\xff"}')
    for name in ("x.json", "none.json"):
        with pytest.raises(SpecError) as error:
            read_document(tmp_path / name, name)
        assert error.value.faults[0].source == name


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_document(tmp_path / "x.json").data == {"a": 1}


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_nesting_without_end_is_refused(deep: Any) -> None:
    assert fault_of(deep).rule == "readable"


def test_a_number_of_five_thousand_digits_is_refused() -> None:
    assert fault_of('{"a": ' + "9" * 5000 + "}").rule == "readable"


def test_repeated_keys_are_told_with_their_second_place() -> None:
    document = parse_document('{"m": {"gpu": 1,\n "gpu": 2}}', "services/x.json")
    [fault] = document.faults
    assert (fault.rule, fault.field, fault.line, fault.column) == ("key-once", "m.gpu", 2, 2)


def test_repeated_keys_in_yaml_are_told_too() -> None:
    document = parse_document("a:\n  b: 1\n  b: 2\n", "pool.yaml")
    assert [(fault.field, fault.line) for fault in document.faults] == [("a.b", 3)]


def test_dates_in_yaml_stay_text() -> None:
    assert parse_document("a: 2024-01-01", "pool.yaml").data == {"a": "2024-01-01"}


@pytest.mark.parametrize("source", ["x.json", "x.yaml"])
def test_fields_are_located_in_lists_and_dotted_keys_alike(source: Any) -> None:
    metadata = '{"rpc.keepalive": 1,\n  "rpc": {"batching": true}}'
    text = f'{{\n"metadata": {metadata},\n"containers": [{{"image": "a"}},\n {{"image": "b"}}]}}'
    document = parse_document(text, source)
    assert document.locate("metadata.rpc.keepalive") == (2, 14)
    assert document.locate("metadata.rpc.batching") == (3, 11)
    assert document.locate("containers[1].image") == (5, 3)
    assert document.locate("containers[1].command") == (5, 2)
    assert document.locate("nothing") == (None, None)


def test_json_with_tabs_is_located() -> None:
    assert json_positions('{\n\t"a": {\n\t\t"b": 1\n\t}\n}').of == {"a": (2, 2), "a.b": (3, 3)}


def test_text_that_looks_like_syntax_does_not_mislead_the_positions() -> None:
    positions = json_positions('{"a": "}{\\"[", "b": [1, {"c": ","}, 2]}')
    assert positions.of["b[1].c"] == (1, 26)
    assert positions.of["b[2]"] == (1, 37)


def test_an_anchor_that_contains_itself_does_not_hang() -> None:
    from tests.spec.build import read

    document = parse_document("a: &x\n  - *x\n", "s.yaml")
    assert document.locate("a[0]") == (1, 4)
    service, [fault] = read(document.data)
    assert service is None
    assert fault.rule == "field-type"
