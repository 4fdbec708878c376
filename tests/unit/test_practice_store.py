"""Practice: what is in force, who is allocated where, and who may know."""

import datetime as dt
import hashlib
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest

from rounds.loop.change import InProcess
from rounds.loop.change.rollouts import PermutedBlocks
from rounds.nouns import AccessError, DataError, DefinitionError
from rounds.practice import Practice, Seed, commitment, verify_commitment
from rounds.practice.exposures import exposure_rows
from stories import practice as story

DAY = dt.timedelta(days=1)
BY = {"by": "Dr B", "at": story.NOW}


@pytest.fixture
def practice(tmp_path):
    with story.open_practice(tmp_path) as opened:
        yield opened


def shown(practice, seed, n=200):
    """How many of a fresh batch get a card."""
    point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
    return int(point.cards(story.encounters(n, seed)).shown.sum())


def test_the_allocation_is_replayed_from_the_revealed_seed(practice):
    """Anyone can check it afterwards: the commitment, then each unit's arm."""
    rollout = story.start(practice)
    seed, salt = practice.reveal(rollout.ref(), on=story.ENROLMENT_END + DAY)
    assert verify_commitment(rollout.seed_commitment, seed, salt)
    assert rollout.seed_commitment == hashlib.sha256(seed + salt).hexdigest()
    replayed = PermutedBlocks(seed, rollout.design.block_sizes).assign(story.CLINICS)
    assert practice.allocation(rollout.ref()) == {
        unit: (one.arm, one.stratum) for unit, one in replayed.items()
    }
    arms = [arm for arm, _ in practice.allocation(rollout.ref()).values()]
    assert sorted(arms) == ["active"] * 4 + ["silent"] * 4


def test_the_seed_stays_private_until_enrolment_closes(practice):
    """On the last day of enrolment it is refused still."""
    rollout = story.start(practice)
    with pytest.raises(AccessError, match="is open until"):
        practice.reveal(rollout.ref(), on=story.ENROLMENT_END)


def test_seed_and_salt_are_nowhere_but_in_a_private_file(practice):
    """Mode 0600; not in SQLite, not in a repr, not in the published rollout."""
    rollout = story.start(practice, unit="patient")
    shown(practice, 1)
    (path,) = (practice.path.parent / "seeds").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(practice.path.stat().st_mode) == 0o600
    said = rollout.to_json() + repr(practice) + repr(practice.seed(rollout.ref()))
    for table in practice.path.parent.glob("practice.sqlite*"):
        content = table.read_bytes()
        for secret in (story.SEED, story.SALT):
            assert secret not in content
            assert secret.hex().encode() not in content
            assert secret.hex() not in said


def test_a_seed_that_others_can_read_or_that_changed_is_refused(practice):
    """The file is held to its mode and to the commitment."""
    rollout = story.start(practice)
    (path,) = (practice.path.parent / "seeds").iterdir()
    path.chmod(0o640)
    with pytest.raises(AccessError) as caught:
        practice.seed(rollout.ref())
    assert caught.value.code == "seed-readable"
    path.chmod(0o600)
    path.write_text("00" * 32 + "\n" + "00" * 32 + "\n")
    with pytest.raises(DataError) as caught:
        practice.seed(rollout.ref())
    assert caught.value.code == "seed-changed"
    path.unlink()
    with pytest.raises(DataError) as caught:
        practice.seed(rollout.ref())
    assert caught.value.code == "seed-missing"


def test_a_commitment_binds_to_one_seed_and_salt():
    """Free lengths would let two pairs share one commitment; they are fixed."""
    assert not verify_commitment(commitment(bytes(32), bytes(32)), bytes(31), bytes(33))
    with pytest.raises(DefinitionError):
        Seed(bytes(31), bytes(33))


def test_only_what_is_allocated_can_be_read(practice):
    """Patients appear one by one, and nothing of the next one is stored."""
    rollout = story.start(practice, unit="patient")
    assert practice.allocation(rollout.ref()) == {}
    e = story.encounters(60)
    point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
    point.cards(e)
    allocated = practice.assignments(rollout.ref())
    # Unknown clinics stay silent in clinic trials only if none is resolved at all.
    assert set(allocated) == set(e.patient.tolist())
    order = list(dict.fromkeys(e.patient.tolist()))
    blocks = PermutedBlocks(story.SEED, (2, 4))
    assert [allocated[p].sequence for p in order] == list(range(len(order)))
    assert all(allocated[p].arm == blocks.arm("all", i) for i, p in enumerate(order))
    with sqlite3.connect(practice.path) as raw:
        (n,) = raw.execute("select count(*) from allocation").fetchone()
    raw.close()
    assert n == len(order)


def test_patients_can_be_stratified_by_clinic(practice):
    """Each clinic has its own blocks."""
    rollout = story.start(practice, unit="patient", strata=("clinic",))
    shown(practice, 1)
    strata = {one.stratum for one in practice.assignments(rollout.ref()).values()}
    assert strata == {f"clinic-{i}" for i in range(9)}


def test_after_the_seed_is_revealed_no_patient_is_allocated(practice):
    """They stay silent, outside the trial."""
    rollout = story.start(practice, unit="patient")
    shown(practice, 1)
    before = practice.allocation(rollout.ref())
    practice.reveal(rollout.ref(), on=story.ENROLMENT_END + DAY)
    shown(practice, 2)
    assert practice.allocation(rollout.ref()) == before


def test_starting_the_same_rollout_again_changes_nothing(practice):
    """After a crash the step may be run again."""
    first = story.start(practice)
    assert story.start(practice).ref() == first.ref()
    assert len(practice.history(story.SERVICE)) == 1


def test_adopt_rollback_kill_and_resume(practice):
    """Each is an entry of the history, and the next batch obeys it."""
    story.start(practice)
    trial = shown(practice, 1)
    practice.kill(story.SERVICE, **BY)
    assert shown(practice, 2) == 0
    practice.resume(story.SERVICE, **BY)
    assert 0 < shown(practice, 1) == trial
    practice.adopt(story.SERVICE, **BY, decision="decision/d|1#0")
    assert shown(practice, 3) > 1.3 * trial
    practice.adopt(story.SERVICE, **BY, knowledge=story.next_version())
    assert practice.in_force(story.SERVICE).version == "2@5"
    practice.rollback(story.SERVICE, **BY)
    assert practice.in_force(story.SERVICE).knowledge == str(story.knowledge().ref())
    practice.kill(story.SERVICE, **BY, reason="low pressures")
    states = [entry.state for entry in practice.history(story.SERVICE)]
    assert states == ["trial", "off", "trial", "all", "all", "all", "off"]
    # A switched-off service is not adopted again by the decision it once carried out.
    assert practice.in_force(story.SERVICE).decision == "decision/d|1#0"


def test_rollback_of_a_trial_never_starts_it_again(practice):
    """Nothing was adopted before, so nothing is shown."""
    story.start(practice)
    practice.adopt(story.SERVICE, **BY)
    practice.rollback(story.SERVICE, **BY)
    assert practice.in_force(story.SERVICE).state == "off"
    with pytest.raises(DefinitionError):
        practice.resume(story.SERVICE, **BY)


def test_a_decision_is_carried_out_once(practice):
    """Reconciling again adds no entry."""
    story.start(practice)
    for _ in range(2):
        practice.adopt(story.SERVICE, **BY, decision="decision/d|1#0")
    assert len(practice.history(story.SERVICE)) == 2
    practice.withdraw(story.SERVICE, **BY, decision="decision/e|1#0")
    assert practice.in_force(story.SERVICE).state == "off"


def test_an_unknown_service_is_an_error(practice):
    """Nothing can be done to what never was in force."""
    for verb in (practice.adopt, practice.kill, practice.rollback, practice.resume):
        with pytest.raises(DataError) as caught:
            verb("nothing", **BY)
        assert caught.value.code == "unknown-service"
    assert practice.in_force("nothing") is None


@pytest.mark.parametrize("verb", ["kill", "adopt"])
def test_another_process_is_obeyed_on_the_next_call(practice, verb):
    """No cache outlives a change made elsewhere."""
    story.start(practice)
    before = shown(practice, 1)
    program = (
        "import sys, datetime as dt; from rounds.practice import Practice; "
        "p = Practice.open(sys.argv[1]); getattr(p, sys.argv[2])(sys.argv[3], "
        "by='x', at=dt.datetime.now(dt.UTC))"
    )
    arguments = [sys.executable, "-c", program, practice.path, verb, story.SERVICE]
    subprocess.run(arguments, check=True)
    after = shown(practice, 2)
    assert after == 0 if verb == "kill" else after > 1.3 * before


def test_opting_out_is_honoured_in_display_and_analysis(practice):
    """No card from the next call on, and no exposure, former ones included."""
    rollout = story.start(practice)
    point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
    e = story.encounters(300)
    first = point.cards(e)
    who = str(e.patient[first.shown][0])
    practice.opt_out(who, story.NOW)
    practice.opt_out(who, story.NOW)
    assert practice.opt_outs() == {who}
    again = point.cards(e)
    mine = e.patient == who
    assert not again.shown[mine].any()
    assert (again.card == first.card)[~mine].all()
    later = story.encounters(300, seed=1, first=300)
    assert not point.cards(later).shown[later.patient == who].any()
    rows = exposure_rows(
        practice,
        rollout.ref(),
        ignored_after=DAY,
        now=dt.datetime(2025, 3, 1, tzinfo=dt.UTC),
    )
    assert who not in rows.person_source_value
    assert "" not in rows.person_source_value
    assert len(rows) == 600 - mine.sum() - (later.patient == who).sum()
    with sqlite3.connect(practice.path) as raw:
        query = "select count(*), count(distinct unit) from exposure where person_source_value = ''"
        assert raw.execute(query).fetchone() == ((later.patient == who).sum(), 0)
    raw.close()


def test_sites_are_masked_while_a_clinic_trial_runs(practice):
    """Until a decision; a kill switch before enrolment closes does not unmask."""
    now = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
    assert not practice.is_masked(now)
    story.start(practice)
    assert practice.is_masked(now)
    assert practice.trial_running()
    practice.kill(story.SERVICE, **BY)
    assert practice.is_masked(now)
    assert not practice.trial_running()
    practice.resume(story.SERVICE, **BY)
    practice.adopt(story.SERVICE, **BY)
    assert not practice.is_masked(now)


def test_a_patient_trial_masks_no_site(practice):
    """There the sites are not the arms."""
    story.start(practice, unit="patient")
    assert practice.trial_running(story.SERVICE)
    assert not practice.is_masked(story.NOW)


def test_a_file_that_is_no_store_is_said(tmp_path):
    """A file of something else is refused, and left as it is."""
    path = tmp_path / "practice.sqlite"
    path.write_bytes(b"not a database, and longer than a header of SQLite " * 20)
    with pytest.raises(DataError) as caught:
        Practice.open(path)
    assert caught.value.code == "practice-unreadable"
    assert path.read_bytes().startswith(b"not a database")


def test_several_servers_of_one_store_share_one_allocation(tmp_path):
    """Opened at once and writing at once: no place is given twice, none left out."""
    with story.open_practice(tmp_path / "first") as practice:
        rollout = story.start(practice, unit="patient")
    n, failed = 5, []

    def serve(number):
        try:
            with story.open_practice(tmp_path / "first") as practice:
                point = InProcess(practice, story.SERVICE, now=lambda: story.NOW)
                for i in range(5):
                    point.cards(story.encounters(20, seed=10 * number + i))
            story.open_practice(tmp_path / "second").close()
        except Exception as error:  # noqa: BLE001
            failed.append(repr(error))

    threads = [threading.Thread(target=serve, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with story.open_practice(tmp_path / "first") as practice:
        allocated = practice.assignments(rollout.ref())
    places = sorted(one.sequence for one in allocated.values())
    assert places == list(range(len(allocated)))
    blocks = PermutedBlocks(story.SEED, rollout.design.block_sizes)
    assert all(one.arm == blocks.arm("all", one.sequence) for one in allocated.values())
