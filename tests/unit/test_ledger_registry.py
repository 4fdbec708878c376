"""The ledger keeps what was published, and sees what went around it."""

import datetime as dt
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rounds.ledger import Head, Ledger
from rounds.nouns import (
    PICO,
    AccessError,
    Community,
    DataError,
    DefinitionError,
    Exposure,
    Member,
    Source,
    SourceError,
)

AT = dt.datetime(2025, 1, 6, 9, 30, tzinfo=dt.UTC)
PEOPLE = (
    Member(name="Ana Ruiz", role="patient_partner"),
    Member(name="Bo Lind", role="sponsor"),
)


def source(number: int, **changes) -> Source:
    pico = PICO(population="adults", intervention="a", comparator="b", outcome="c")
    given = {
        "name": f"trial-{number}",
        "title": f"Trial {number} – naïve",
        "pmid": f"{1000 + number}",
        "pico": pico,
    }
    return Source(**(given | changes))


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger.open(tmp_path / "private" / "registry.sqlite")
    for number in range(1, 6):
        ledger.publish(source(number), at=AT + dt.timedelta(days=number), by="rounds")
    return ledger


def around(ledger: Ledger, *statements: str) -> None:
    """Change the registry as someone would who wants it not to be seen."""
    with sqlite3.connect(ledger.path) as connection:
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER entries_refuse_{verb}")
        for statement in statements:
            connection.execute(statement)
        for verb in ("update", "delete"):
            connection.execute(
                f"CREATE TRIGGER entries_refuse_{verb} BEFORE {verb} ON entries "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
    connection.close()


def codes(findings) -> set[str]:
    return {finding.code for finding in findings}


def test_a_published_noun_is_read_back_whole_and_of_its_own_class(tmp_path):
    with Ledger.open(tmp_path / "r.sqlite") as ledger:
        noun = Community(name="hypertension", title="Blood pressure", members=PEOPLE)
        receipt = ledger.publish(noun, at=AT, by="Bo Lind")
        assert receipt.ref == noun.ref()
        assert (receipt.sequence, receipt.at) == (1, AT)
        assert ledger.read(receipt.ref) == noun
        assert isinstance(ledger.read(str(receipt.ref)), Community)
        assert ledger.receipt(receipt.ref) == receipt


def test_publishing_the_same_content_again_gives_the_first_receipt(ledger):
    again = ledger.publish(source(2), at=AT + dt.timedelta(days=99), by="another")
    assert again.sequence == 2
    assert again.at == AT + dt.timedelta(days=2)
    assert len(ledger.entries()) == 5


def test_other_content_needs_a_new_version(ledger):
    with pytest.raises(DefinitionError, match="already published") as caught:
        ledger.publish(source(2, title="Another"), at=AT, by="x")
    assert caught.value.code == "version-exists"
    receipt = ledger.publish(source(2, title="Another", version="2"), at=AT, by="x")
    assert ledger.latest("source", "trial-2") == receipt.ref


def test_an_exposure_is_never_published(ledger):
    exposure = Exposure(
        hook_instance="h",
        service="s",
        knowledge_object="k",
        person_source_value="secret-person",
        encounter=None,
        unit="u",
        arm="active",
        due=True,
        shown=True,
        occurred=AT,
        received=AT,
    )
    with pytest.raises(AccessError) as caught:
        ledger.publish(exposure, at=AT, by="x")
    assert caught.value.code == "not-for-publishing"
    assert "secret-person" not in str(caught.value)
    with pytest.raises(AccessError):
        ledger.publish(PEOPLE[0], at=AT, by="x")


def test_a_name_that_no_ref_can_hold_is_refused(ledger):
    with pytest.raises(DefinitionError) as caught:
        ledger.publish(source(9, name="../../etc"), at=AT, by="x")
    assert caught.value.code == "name-not-fit"


def test_short_references_resolve_and_ambiguous_ones_list_the_candidates(ledger):
    ref = source(3).ref()
    for short in (ref.short, ref.hash[:10], "#" + ref.hash[:6], "source/trial-3"):
        assert ledger.resolve(short) == ref, short
    assert ledger.resolve("source/trial-3|1") == ref
    assert ledger.resolve("source") == source(5).ref()
    with pytest.raises(DefinitionError) as caught:
        ledger.resolve("problem")
    assert caught.value.code == "no-such-ref"
    hashes = {}
    for number in range(100, 1000):  # 900 hashes share some first 4 digits of 65,536
        noun = source(number)
        twin = hashes.setdefault(noun.content_hash()[:4], noun)
        if twin != noun:
            break
    for each in (noun, twin):
        ledger.publish(each, at=AT, by="x")
    with pytest.raises(DefinitionError) as caught:
        ledger.resolve(noun.content_hash()[:4])
    assert caught.value.code == "ambiguous-ref"


def test_nothing_is_found_wrong_in_an_untouched_ledger(ledger, tmp_path):
    ledger.export(tmp_path / "ledger")
    assert ledger.verify(head=ledger.head(), exported=tmp_path / "ledger") == ()


def test_sqlite_itself_refuses_to_change_or_remove_an_entry(ledger):
    connection = sqlite3.connect(ledger.path)
    for statement in ("UPDATE entries SET by = 'x'", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "column",
    ["kind", "name", "version", "content_hash", "payload", "at", "by", "code_version"],
)
def test_an_edit_of_any_column_is_found(ledger, column):
    around(ledger, f"UPDATE entries SET {column} = {column} || 'x' WHERE sequence = 3")
    findings = ledger.verify()
    assert {finding.sequence for finding in findings} == {3}
    assert "entry-edited" in codes(findings)


def test_an_entry_whose_edit_was_hashed_again_breaks_the_chain(ledger):
    entry = ledger.entries()[2]
    forged = type(entry)(**{**vars(entry), "by": "someone else"})
    around(
        ledger,
        f"UPDATE entries SET by = 'someone else', entry_hash = '{forged.computed_hash()}'"
        " WHERE sequence = 3",
    )
    assert codes(ledger.verify()) == {"chain-broken"}


def test_a_removed_entry_is_found(ledger):
    around(ledger, "DELETE FROM entries WHERE sequence = 3")
    assert codes(ledger.verify()) == {"entry-missing", "chain-broken"}


def test_a_removed_entry_is_found_though_the_rest_was_renumbered(ledger):
    around(
        ledger,
        "DELETE FROM entries WHERE sequence = 3",
        "UPDATE entries SET sequence = sequence - 1 WHERE sequence > 3",
    )
    assert {"chain-broken", "entry-edited"} <= codes(ledger.verify())


def test_two_entries_exchanged_are_found(ledger):
    around(
        ledger,
        "UPDATE entries SET sequence = 99 WHERE sequence = 2",
        "UPDATE entries SET sequence = 2 WHERE sequence = 3",
        "UPDATE entries SET sequence = 3 WHERE sequence = 99",
    )
    assert {"chain-broken", "entry-edited"} <= codes(ledger.verify())


def test_the_last_entry_removed_is_found_given_an_exported_head(ledger, tmp_path):
    folder = tmp_path / "ledger"
    ledger.export(folder)
    head = json.loads((folder / "HEAD.json").read_text())
    around(ledger, "DELETE FROM entries WHERE sequence = 5")
    assert ledger.verify() == ()  # a chain alone cannot see it
    assert codes(ledger.verify(head=head)) == {"head-missing"}
    assert "head-missing" in codes(ledger.verify(exported=folder))
    ledger.publish(source(77), at=AT, by="x")  # nor can it be filled up
    assert codes(ledger.verify(head=Head(**head))) == {"head-differs"}


def test_guards_taken_away_are_found(ledger):
    with sqlite3.connect(ledger.path) as connection:
        connection.execute("DROP TRIGGER entries_refuse_update")
    connection.close()
    with Ledger.open(ledger.path) as again:  # opening puts them back
        assert again.verify() == ()


def test_one_byte_edited_anywhere_in_an_entry_is_found(ledger, tmp_path):
    """Each byte of an entry's record in the file, changed by one bit, is found."""
    connection = sqlite3.connect(ledger.path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = ledger.path.read_bytes()
    payload = ledger.entries()[2].payload.encode()
    start = whole.index(payload)
    places = range(start - 80, start + len(payload) + 200)
    missed = []
    for place in places:
        edited = bytearray(whole)
        edited[place] ^= 0x01
        copy = tmp_path / f"edited-{place}" / "registry.sqlite"
        copy.parent.mkdir()
        copy.write_bytes(edited)
        try:
            with Ledger.open(copy) as other:
                found = other.verify()
        except SourceError:
            found = ("unreadable",)
        if not found:
            missed.append(place - start)
        shutil.rmtree(copy.parent)
    assert missed == []


def test_reading_an_edited_entry_is_refused(ledger):
    around(
        ledger,
        "UPDATE entries SET payload = replace(payload, 'Trial 3', 'Trial 4')"
        " WHERE sequence = 3",
    )
    with pytest.raises(DataError) as caught:
        ledger.read("source/trial-3")
    assert caught.value.code == "entry-altered"


def test_an_export_is_the_same_bytes_each_time(ledger, tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    paths = ledger.export(first)
    ledger.export(second)
    assert paths == ledger.export(first)
    assert Path("2-evidence/00003-source-trial-3-1.yaml") in paths
    for path in paths:
        assert (first / path).read_bytes() == (second / path).read_bytes()
    everything = {p.relative_to(first) for p in first.rglob("*") if p.is_file()}
    assert everything == set(paths)


def test_an_export_can_be_checked_without_rounds(ledger, tmp_path):
    """The chain needs nothing but SHA-256 and JSON."""
    ledger.export(tmp_path)
    previous = "0" * 64
    for line in (tmp_path / "ledger.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        claimed = entry.pop("entry_hash")
        text = json.dumps(
            entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert hashlib.sha256(text.encode()).hexdigest() == claimed
        assert entry["previous_hash"] == previous
        previous = claimed
    head = json.loads((tmp_path / "HEAD.json").read_text())
    assert head == {"sequence": 5, "entry_hash": previous}


def test_exported_files_edited_removed_or_added_are_found(ledger, tmp_path):
    ledger.export(tmp_path)
    ledger.publish(source(6), at=AT, by="x")  # an older export is still right
    assert ledger.verify(exported=tmp_path) == ()
    path = tmp_path / "2-evidence" / "00002-source-trial-2-1.yaml"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"adults", b"Adults"))
    assert codes(ledger.verify(exported=tmp_path)) == {"file-differs"}
    path.unlink()
    assert codes(ledger.verify(exported=tmp_path)) == {"file-missing"}
    path.write_bytes(content)
    (path.parent / "00009-source-forged-1.yaml").write_bytes(content)
    assert codes(ledger.verify(exported=tmp_path)) == {"file-unknown"}
    (tmp_path / "HEAD.json").write_text("[]")
    assert codes(ledger.verify(exported=tmp_path)) == {"head-unreadable"}


def test_an_empty_ledger_exports_and_verifies(tmp_path):
    with Ledger.open(tmp_path / "r.sqlite") as ledger:
        assert ledger.head() is None
        assert ledger.latest("problem") is None
        ledger.export(tmp_path / "out")
        assert ledger.verify(exported=tmp_path / "out") == ()


def test_a_file_that_is_no_registry_is_said_to_be_unusable(tmp_path):
    path = tmp_path / "registry.sqlite"
    path.write_bytes(b"this is no database, and is longer than a header would be" * 9)
    with pytest.raises(SourceError) as caught:
        Ledger.open(path)
    assert caught.value.code == "registry-unusable"
    with pytest.raises(SourceError) as caught:
        Ledger.open(path / "below" / "a-file.sqlite")
    assert caught.value.code == "registry-unusable"


def test_an_export_that_cannot_be_written_says_so(ledger, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(SourceError) as caught:
        ledger.export(tmp_path / "taken")
    assert caught.value.code == "export-failed"


APPENDER = """
import datetime as dt, sys
from rounds.ledger import Ledger
from rounds.nouns import PICO, Source

path, first = sys.argv[1], int(sys.argv[2])
pico = PICO(population="p", intervention="i", comparator="c", outcome="o")
with Ledger.open(path) as ledger:
    for number in range(first, first + 15):
        noun = Source(name=f"trial-{number}", title="t", pmid=str(number), pico=pico)
        ledger.publish(noun, at=dt.datetime(2025, 1, 6), by=f"process {first}")
"""


def test_several_processes_appending_at_once_make_one_chain(tmp_path):
    """Appends are serialised: no entry is lost, doubled or forked off the chain."""
    path = tmp_path / "registry.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", APPENDER, path, str(first)])
        for first in (1000, 2000, 3000)
    ]
    assert [process.wait(timeout=50) for process in processes] == [0, 0, 0]
    with Ledger.open(path) as ledger:
        assert ledger.verify() == ()
        assert [entry.sequence for entry in ledger.entries()] == list(range(1, 46))
        assert len({entry.by for entry in ledger.entries()}) == 3


ACKNOWLEDGER = """
import datetime as dt, sys
from rounds.ledger import Ledger
from rounds.nouns import PICO, Source

pico = PICO(population="p", intervention="i", comparator="c", outcome="o")
with Ledger.open(sys.argv[1]) as ledger:
    first = len(ledger.entries())
    for number in range(first, first + 10_000):
        noun = Source(name=f"trial-{number}", title="t", pmid=str(number), pico=pico)
        receipt = ledger.publish(noun, at=dt.datetime(2025, 1, 6), by="x")
        print(receipt.entry_hash, flush=True)
"""


def test_a_kill_loses_no_entry_whose_receipt_was_given(tmp_path):
    """Three kills at different moments: every receipt is in the chain, which is whole."""
    path, given = tmp_path / "registry.sqlite", []
    for kill in range(3):
        command = [sys.executable, "-c", ACKNOWLEDGER, path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            n_seen = 3 + 9 * kill
            given += [process.stdout.readline().strip() for _ in range(n_seen)]
            process.kill()
            rest = process.stdout.read().splitlines(keepends=True)
            given += [line.strip() for line in rest if line.endswith("\n")]
    with Ledger.open(path) as ledger:
        there = {entry.entry_hash for entry in ledger.entries()}
        assert set(given) <= there
        assert ledger.verify() == ()
