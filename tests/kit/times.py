"""Every way to be a time in DER, and to be none (rule P3, X.690 11.7 and 11.8)."""

from __future__ import annotations

GENERALIZED_TIMES: list[tuple[str | None, str]] = [
    (None, "20270101000000Z"),
    (None, "00010101000000Z"),
    (None, "99991231235959.999999Z"),
    (None, "20240229120000.5Z"),
    ("bad_value", "00000101000000Z"),
    ("bad_value", "20230229000000Z"),
    ("bad_value", "19000229000000Z"),
    ("bad_value", "20271301000000Z"),
    ("bad_value", "20270100000000Z"),
    ("bad_value", "20270101240000Z"),
    ("bad_value", "20270101006000Z"),
    ("bad_value", "20270101000060Z"),
    ("not_canonical", ""),
    ("not_canonical", "Z"),
    ("not_canonical", "20270101000000"),
    ("not_canonical", "202701010000Z"),
    ("not_canonical", "20270101000000.Z"),
    ("not_canonical", "20270101000000.0Z"),
    ("not_canonical", "20270101000000.10Z"),
    ("not_canonical", "20270101000000.1234567Z"),
    ("not_canonical", "20270101000000,5Z"),
    ("not_canonical", "20270101000000+0000"),
    ("not_canonical", "20270101000000Z\n"),
    ("not_canonical", "2027010100000\u0660Z"),
    ("not_canonical", "+2270101000000Z"),
]
"""The reason with which each text is refused, None for a time."""

UTC_TIMES: list[tuple[str | None, int, str]] = [
    (None, 1950, "500101000000Z"),
    (None, 1999, "991231235959Z"),
    (None, 2049, "491231235959Z"),
    ("bad_value", 0, "490230000000Z"),
    ("not_canonical", 0, "4912312359Z"),
    ("not_canonical", 0, "491231235959+0100"),
    ("not_canonical", 0, "491231235959.5Z"),
    ("not_canonical", 0, "20270101000000Z"),
]
"""The same, with the year that it means between them."""
