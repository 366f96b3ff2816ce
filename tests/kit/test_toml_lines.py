"""Lines of settings, for messages."""

from kit.toml_lines import find_line, lines_by_path

TEXT = """\
title = "x"
[a.b]
"quoted key" = 1
c . d = 2  # e = 3
text = \"\"\"
[not.a.table]
key = 4
\"\"\"

[[list]]
name = "one"
[[list]]
name = "two"
[[list.inner]]
deep = 5
"""


def test_headers_and_keys_are_found() -> None:
    assert lines_by_path(TEXT) == {
        ("title",): 1,
        ("a", "b"): 2,
        ("a", "b", "quoted key"): 3,
        ("a", "b", "c", "d"): 4,
        ("a", "b", "text"): 5,
        ("list", 0): 10,
        ("list",): 10,
        ("list", 0, "name"): 11,
        ("list", 1): 12,
        ("list", 1, "name"): 13,
        ("list", 1, "inner", 0): 14,
        ("list", 1, "inner"): 14,
        ("list", 1, "inner", 0, "deep"): 15,
    }


def test_what_has_no_line_takes_that_of_what_surrounds_it() -> None:
    lines = lines_by_path(TEXT)
    assert find_line(lines, ("list", 1, "missing")) == 12
    assert find_line(lines, ("missing",)) is None


def test_a_header_that_is_no_toml_is_taken_as_it_stands() -> None:
    assert lines_by_path("[a b]\n") == {("a b",): 1}
