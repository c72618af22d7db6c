"""`cmcodec.arrow`: the same verdicts as `verify_batch`, in columns."""

from __future__ import annotations

import csv
import io
import json
import pickle
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmcodec
from cmcodec import Reason, Rule, arrow, types
from cmcodec.verify import lines
from cmcodec.verify.verdict import Signer
from kit.columns import BINARY, Batches, Failing, Given, binary, expected, read
from kit.mutants import mutant
from kit.vectors import BATCH, VECTORS, shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from cmcodec import BatchReport

pa = pytest.importorskip("pyarrow")

CA = VECTORS / "shared" / "keys" / "ca-cert.der"
RA = VECTORS / "shared" / "keys" / "ra-p256-cert.der"
MUTANTS = 2000
MAX_OCTETS = 6000

COLUMNS = """\
verdict: dictionary<values=string, indices=int8, ordered=0>
reason: dictionary<values=string, indices=int8, ordered=0>
rule: dictionary<values=string, indices=int8, ordered=0>
kind: dictionary<values=string, indices=int8, ordered=0>
encoding: dictionary<values=string, indices=int8, ordered=0>
origin: dictionary<values=string, indices=int8, ordered=0>
offset: uint64
transaction_id: string
signers: list<item: struct<algorithm: string, certificate_sha256: binary, request_id: uint32, \
chain: string, anchor_sha256: binary, reason: string, detail: string, purposes: list<item: string>>>
requests: list<item: struct<id: uint32, form: string, pop: string, algorithm: string>>
notes: list<item: struct<body_part_id: uint32, reason: string>>
members: uint32
members_failed: uint32"""


def corpus() -> list[bytes]:
    """The messages of every maker, and what is none."""
    files = sorted(
        path
        for maker in ("bouncycastle", "jss", "openssl", "shared", "field")
        for path in (VECTORS / maker).rglob("*")
        if path.is_file() and path.stat().st_size <= MAX_OCTETS
    )
    return [path.read_bytes() for path in files]


def batch() -> list[bytes | None]:
    """Messages, text around messages, what is none, and nulls."""
    nested = [each.to_der() for _, each in cmcodec.load(BATCH.read_bytes()).unverified_messages]
    others = [None, b"", b"junk", shared("batch/batch-req-10.der"), b"-----BEGIN CMC-----\n"]
    return [*nested[:20], *others, *nested[20:30], None]


# --- the same verdicts ---------------------------------------------------------------------------


def test_columns_are_those_of_the_schema() -> None:
    """The columns, in this order; they may only get more, behind these."""
    schema = pa.schema(arrow.SCHEMA)
    assert [f"{field.name}: {field.type}" for field in schema] == COLUMNS.splitlines()
    places = pa.schema(arrow.ROWS_SCHEMA)
    assert [str(field.type) for field in list(places)[:2]] == ["uint64", "list<item: uint32>"]
    assert places.names == ["index", "path", *schema.names]
    plain = pa.schema(arrow.Schema(plain=True))
    assert {str(field.type) for field in list(plain)[:6]} == {"string"}
    assert arrow.SCHEMA.names == tuple(schema.names)
    # Numbers of words have eight bits.
    assert len(Reason) < 128
    assert len(Rule) < 128


def test_every_vector_and_mutant_as_verify_batch_has_it() -> None:
    """Every verdict, reason, offset and list, one row for each input and one for each message."""
    random = Random("arrow")
    messages = corpus()
    assert len(messages) > 300
    messages += [mutant(random, random.choice(messages)) for _ in range(MUTANTS)]
    array = Given(binary(messages))
    report = cmcodec.verify_batch(messages, authorised_ras=[RA.read_bytes()])
    verdicts = arrow.verify(array, authorised_ras=[RA.read_bytes()])
    assert read(verdicts) == expected(report, places=False)
    assert len(verdicts) == len(messages)
    assert array.released == 1
    by_rows = arrow.verify_rows(Given(binary(messages)), authorised_ras=[RA.read_bytes()])
    assert read(by_rows) == expected(report, places=True)
    assert len(by_rows) == len(report)
    assert by_rows == report.to_arrow()


def test_trust_is_told() -> None:
    """Chains, anchors, and why a chain is none, for nested messages too."""
    messages = [each for each in corpus() if each[:1] == b"\x30"]
    options: dict[str, Any] = {
        "trust": CA.read_bytes(),
        "request_keys": "nested",
        "certificates": RA.read_bytes(),
    }
    report = cmcodec.verify_batch(messages, **options)
    verdicts = arrow.verify_rows(Given(binary(messages)), **options)
    assert read(verdicts) == expected(report, places=True)
    signers = [each for row in report for each in row.signers]
    assert {"trusted", "untrusted", None} <= {each.chain for each in signers}
    assert any(each.detail for each in signers)
    assert any(each.anchor_sha256 for each in signers)


def test_several_arrays_are_one_table() -> None:
    """Numbers of messages go on from one array to the next, for nested messages too."""
    messages = [shared("batch/batch-req-10.der"), b"junk", shared("batch/batch-req-10.der")]
    report = cmcodec.verify_batch(messages)
    chunks = Batches(BINARY, [binary(messages[:2]), binary(messages[2:])])
    found = arrow.verify_rows(chunks)
    assert read(found) == expected(report, places=True)
    assert [row[0] for row in read(found)][-1] == 2


def test_metadata_of_columns_that_are_kept_comes_along() -> None:
    """As it was; nobody reads it."""
    number = pa.field("number", pa.int64(), metadata={b"unit": b"s", b"": b"x" * 300})
    schema = pa.schema([number, pa.field("message", pa.binary())])
    table = pa.table([[7], [b"junk"]], schema=schema)
    stream = arrow.verify_stream(table.to_reader(), keep=["number"])
    with pa.RecordBatchReader.from_stream(stream) as reader:
        assert reader.schema.field("number").metadata == number.metadata
        assert reader.read_all()["number"].to_pylist() == [7]


def test_members_are_counted() -> None:
    """Messages nested in one, at any depth, and those that failed; null where nobody looked."""
    nested = BATCH.read_bytes()
    broken = bytearray(nested)
    # In the signature of the second member.
    broken[cmcodec.verify_batch(nested)[2].span[1] - 9] ^= 1
    table = pa.record_batch(arrow.verify(Given(binary([nested, bytes(broken), b"junk"]))))
    assert table["members"].to_pylist() == [1000, 1000, 0]
    assert table["members_failed"].to_pylist() == [0, 1, 0]
    alone = pa.record_batch(arrow.verify(Given(binary([nested])), nested=False))
    assert alone["members"].to_pylist() == alone["members_failed"].to_pylist() == [None]
    assert alone["verdict"].to_pylist() == ["verified"]


def test_plain_words_are_texts() -> None:
    messages = batch()
    verdicts = arrow.verify(Given(binary(messages)), plain=True)
    assert read(verdicts) == read(arrow.verify(Given(binary(messages))))
    assert pa.schema(verdicts) == pa.schema(arrow.Schema(plain=True))


# --- what messages come in -----------------------------------------------------------------------


TYPES: dict[str, Callable[[list[bytes | None]], Any]] = {
    "binary": lambda them: pa.array(them, pa.binary()),
    "large_binary": lambda them: pa.array(them, pa.large_binary()),
    "binary_view": lambda them: pa.array(them, pa.binary_view()),
    "dictionary": lambda them: pa.array(them, pa.binary()).dictionary_encode(),
    "dictionary of views": lambda them: pa.DictionaryArray.from_arrays(
        pa.array([None if each is None else at for at, each in enumerate(them)], pa.int64()),
        pa.array([each or b"" for each in them], pa.large_binary()),
    ),
    "chunks": lambda them: pa.chunked_array([them[:3], [], them[3:]], pa.binary()),
    "no chunk": lambda them: pa.chunked_array([them], pa.large_binary()),
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("part", [slice(None), slice(3, 30), slice(21, 22), slice(7, 7)])
def test_every_type_sliced_and_with_nulls(kind: str, part: slice) -> None:
    messages = batch()
    given = TYPES[kind](messages)[part]
    there = [b"" if each is None else each for each in messages[part]]
    rows = expected(cmcodec.verify_batch(there), places=False)
    nothing = (None,) * len(arrow.SCHEMA.names)
    wanted = [
        nothing if each is None else row for each, row in zip(messages[part], rows, strict=True)
    ]
    assert read(arrow.verify(given)) == wanted


def test_octets_of_a_fixed_size() -> None:
    message = shared("batch/batch-req-10.der")
    size = len(message)
    given = pa.array([message, None, message[::-1]], pa.binary(size))
    verdicts = [row[0] for row in read(arrow.verify(given))]
    assert verdicts == ["verified", None, "malformed"]
    assert len(arrow.verify(pa.array([b"", None], pa.binary(0)))) == 2


def test_a_stream_goes_batch_by_batch() -> None:
    """With the columns to keep before the verdicts, sliced as they are."""
    messages = batch()
    table = pa.table(
        {
            "number": list(range(len(messages))),
            "message": pa.array(messages, pa.binary_view()),
            "name": [None if at % 5 == 0 else f"name {at}" for at in range(len(messages))],
        }
    )
    stream = arrow.verify_stream(table[2:].to_reader(max_chunksize=4), keep=["name", "number"])
    reader = pa.RecordBatchReader.from_stream(stream)
    assert reader.schema.names == ["name", "number", *arrow.SCHEMA.names]
    batches = list(reader)
    for each in batches:
        each.validate(full=True)
    assert max(each.num_rows for each in batches) == 4
    found = pa.Table.from_batches(batches)
    assert found["name"].to_pylist() == table["name"].to_pylist()[2:]
    assert found["number"].to_pylist() == list(range(2, len(messages)))
    whole = pa.record_batch(arrow.verify(table["message"][2:]))
    assert found.drop(["name", "number"]).to_pylist() == whole.to_pylist()
    with pytest.raises(ValueError, match="read before"):
        stream.__arrow_c_stream__()


def test_a_stream_that_fails_says_so() -> None:
    """What fails is the error of the stream that reads it; it is given back all the same."""
    from cmcodec.columns.fields import Field
    from cmcodec.columns.outgoing import stream_capsule

    field = Field("", "+s", (Field("message", "z"),), flags=0)
    source = Failing(field, [(1, 0, [None], [binary([b"junk"])])])

    class Reader:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return stream_capsule(source)

    reader = pa.RecordBatchReader.from_stream(arrow.verify_stream(Reader()))
    assert reader.read_next_batch().num_rows == 1
    with pytest.raises(OSError, match="the stream failed: RuntimeError: the disk is gone"):
        reader.read_next_batch()
    del reader
    assert source.closed == 1


def test_columns_are_asked_for_by_name() -> None:
    """A column that is missing, there twice, of another type: said before anything is verified."""
    table = pa.table({"message": pa.array([b"junk"]), "offset": [1], "text": ["junk"]})
    with pytest.raises(ValueError, match="column 'messages' is not there: the columns are message"):
        arrow.verify_stream(table, column="messages")
    with pytest.raises(ValueError, match="column 'name' is not there"):
        arrow.verify_stream(table, keep=["name"])
    with pytest.raises(ValueError, match="column 'offset' to keep is called like"):
        arrow.verify_stream(table, keep=["offset"])
    with pytest.raises(TypeError, match="text is utf8, and not binary"):
        arrow.verify_stream(table, column="text")
    twice = pa.table([[b""], [b""]], names=["message", "message"])
    with pytest.raises(ValueError, match="more than once"):
        arrow.verify_stream(twice)
    with pytest.raises(TypeError, match="no record batches"):
        arrow.verify_stream(pa.chunked_array([[b"junk"]]))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (pa.array(["text"]), "messages is utf8, and not binary"),
        (pa.array([1]), "messages is int64"),
        (pa.array([[b""]]), "messages is list"),
        (pa.array(["a", "a"]).dictionary_encode(), "messages is dictionary of utf8"),
        ([b"junk"], "list has neither __arrow_c_array__ nor"),
        (b"junk", "bytes has neither"),
    ],
)
def test_another_type_is_a_type_error(given: object, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        arrow.verify(given)


def test_wrong_arguments_are_told_first() -> None:
    """As `verify_batch` tells them; the array is given back."""
    array = Given(binary([b"junk"]))
    for options in ({"threads": "2"}, {"request_keys": "some"}, {"plain": 1}, {"trust": b"junk"}):
        with pytest.raises((TypeError, ValueError)):
            arrow.verify(array, **options)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        arrow.verify(array, thread=1)  # type: ignore[call-arg]
    assert array.released == 0


# --- what verdicts are ---------------------------------------------------------------------------


def test_verdicts_pickle() -> None:
    verdicts = arrow.verify_rows(Given(binary(batch())))
    again = pickle.loads(pickle.dumps(verdicts))
    assert again == verdicts
    assert read(again) == read(verdicts)
    assert again != arrow.verify(Given(binary(batch())))
    assert repr(again).startswith(f"<Verdicts {len(again)} rows: index, path, verdict, ")


def test_schemas_and_verdicts_are_equal_to_their_like_alone() -> None:
    """A schema goes into a set, and says its columns."""
    verdicts = arrow.verify_rows(Given(binary(batch())))
    assert verdicts.schema == arrow.ROWS_SCHEMA != arrow.SCHEMA
    assert len({verdicts.schema, arrow.ROWS_SCHEMA, arrow.SCHEMA}) == 2
    assert repr(arrow.SCHEMA) == f"<Schema {', '.join(arrow.SCHEMA.names)}>"
    assert arrow.SCHEMA.names != arrow.SCHEMA
    assert verdicts != read(verdicts)


def test_verdicts_are_given_as_often_as_asked() -> None:
    """Arrays that were handed out live by themselves."""
    verdicts = arrow.verify(Given(binary(batch())))
    first, second = pa.record_batch(verdicts), pa.RecordBatchReader.from_stream(verdicts).read_all()
    wanted = first.to_pylist()
    del verdicts, first
    assert second.to_pylist() == wanted


def test_nothing_is_loaded_for_it() -> None:
    """Neither pyarrow nor another library."""
    program = (
        "import sys, cmcodec; from cmcodec import arrow\n"
        "verdicts = cmcodec.verify_batch(open(sys.argv[1], 'rb').read()).to_arrow()\n"
        "verdicts.__arrow_c_array__()\n"
        "assert len(verdicts) == 1001\n"
        "assert not {'pyarrow', 'numpy', 'polars', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, BATCH], check=True)


# --- lines ---------------------------------------------------------------------------------------


def reports() -> list[BatchReport]:
    messages = corpus()
    return [
        cmcodec.verify_batch(messages),
        cmcodec.verify_batch(messages, trust=CA.read_bytes(), request_keys="nested"),
    ]


def test_json_lines_are_what_json_makes_of_rows() -> None:
    """Octet for octet, also of rows with notes, chains and broken text around them."""
    for report in reports():
        text = "".join(report.to_json_lines())
        assert text == "".join(f"{json.dumps(row.to_dict())}\n" for row in report)
        files = [f'file "{at}" ü' for at in range(report[-1].index + 1)]
        text = "".join(report.to_json_lines(files))
        wanted = (f"{json.dumps(row.to_dict(files[row.index]))}\n" for row in report)
        assert text == "".join(wanted)


def test_csv_is_what_csv_makes_of_rows() -> None:
    """Every cell comes back, under the names of the members."""
    for report in reports():
        files = [f'a "file", {at}' for at in range(report[-1].index + 1)]
        text = "".join(report.to_csv(files))
        assert text == ",".join(["file", *lines.COLUMNS]) + "\n" + "".join(
            lines.csv_line(row, lines.csv_cell(files[row.index])) for row in report
        )
        found = list(csv.DictReader(io.StringIO(text, newline="")))
        assert len(found) == len(report)
        for cells, row in zip(found, report, strict=True):
            members = row.to_dict(files[row.index])
            assert list(cells) == list(members)
            for name in ("file", "kind", "verdict", "reason", "rule", "offset", "transaction_id"):
                assert cells[name] == ("" if members[name] is None else str(members[name]))
            assert cells["path"] == "".join(f"/{each}" for each in row.path)
            assert cells["span"] == f"{row.span[0]}-{row.span[1]}"
            assert len(cells["signers"].split("; ")) == max(1, len(row.signers))


@given(detail=st.text(), algorithm=st.sampled_from(["Ed25519", "1.2.3"]))
def test_any_detail_is_written_as_python_writes_it(detail: str, algorithm: str) -> None:
    """Names of certificates stand in it as they were received."""
    report = cmcodec.verify_batch(shared("batch/batch-req-10.der"), threads=1)
    signer = Signer(
        algorithm=algorithm,
        certificate_sha256="ab" * 32,
        request_id=None,
        chain="untrusted",
        detail=detail,
    )
    row = report[0].with_changes(signers=(signer, signer), verdict="failed")
    verdicts = report._verdicts
    assert verdicts.json_lines(0, 1, {0: row}, None) == lines.json_line(row)
    assert verdicts.csv_lines(0, 1, {0: row}, None) == lines.csv_line(row)
    (cells,) = csv.reader(io.StringIO(lines.csv_line(row), newline=""))
    assert len(cells) == len(lines.COLUMNS) + 1


def test_summary_counts_what_rows_say() -> None:
    for report in reports():
        summary = report.summary(2)
        assert sum(group.messages for group in summary.groups) == len(report)
        for group in summary.groups:
            alike = [
                at
                for at, row in enumerate(report)
                if (row.verdict, row.reason, row.rule, bool(row.path)) == group[:4]
            ]
            assert group.messages == len(alike)
            assert group.first == tuple(alike[:2])
        chains = [each.chain for row in report for each in row.signers if each.chain]
        assert summary.chains == {chain: chains.count(chain) for chain in set(chains)}
        proofs = [each.pop for row in report for each in row.requests]
        assert summary.proofs == {proof: proofs.count(proof) for proof in set(proofs)}
        notes = [note.reason for row in report for note in row.notes]
        assert summary.notes == {note: notes.count(note) for note in set(notes)}
        counted: dict[str, int] = {}
        for row in report:
            counted[row.verdict] = counted.get(row.verdict, 0) + 1
        assert report.counts() == counted


def test_transaction_ids_are_hexadecimal() -> None:
    """Of every size and sign, in columns, JSON and CSV alike."""
    from kit.der import integer
    from kit.messages import Message, control, pki_data

    for number in (0, 1, -1, 255, -256, 2**63, 2**127, -(2**127), 2**4000 + 1, -(2**4001)):
        data = pki_data((control(1, 5, integer(number)),))
        message = Message(content=data).encode()
        report = cmcodec.verify_batch(message)
        assert report[0].transaction_id == number
        table = pa.record_batch(arrow.verify(Given(binary([message]))))
        assert table["transaction_id"].to_pylist() == [hex(number)]
        (line,) = report.to_json_lines()
        assert json.loads(line)["transaction_id"] == hex(number)
        (row,) = csv.DictReader(io.StringIO("".join(report.to_csv())))
        assert row["transaction_id"] == hex(number)
        assert isinstance(types.TransactionId(number).value, int)


def test_batches_of_other_arrays_are_read() -> None:
    """A stream of plain arrays, in chunks of any size."""
    messages = batch()
    given = Batches(BINARY, [binary(messages[:5]), binary([]), binary(messages[5:])])
    assert read(arrow.verify(given)) == read(arrow.verify(Given(binary(messages))))
