"""Verifying: what is sealed and what is not yet, what is being decided, and replicas that post and seal together."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from ledger import seals
from tests.cases import made, paid, withdrawn, yearly
from tests.conftest import FreshDatabase, Servers
from tests.ledger.conftest import Books
from tests.ledger.verifying import failed, finish, seal_all, superuser, verified


def test_a_row_not_sealed_yet_is_covered_by_the_other_checks(servers: Servers, books: Books) -> None:
    books.take(made("PL-1", yearly(33_500)))
    report = verified(books)
    assert failed(report) == []
    assert (report.unsealed_events, report.unsealed_postings) == (1, 5)
    with superuser(servers, books) as connection:
        connection.execute("UPDATE postings SET amount_pence = amount_pence + 1 WHERE id = 1")
    assert "PL-1 of E06000016 (table commitments" in failed(verified(books))[0].says


def test_a_chain_cut_off_and_made_anew_is_found_by_a_seal_noted_elsewhere(servers: Servers, books: Books) -> None:
    books.take(made("PL-1", yearly(33_500)))
    finish(books)
    noted = verified(books).seal
    books.take(made("PL-2", yearly(10_000)))
    finish(books)
    assert failed(verified(books, noted=noted)) == []
    with superuser(servers, books) as connection:
        connection.execute("TRUNCATE seals")
        connection.execute("INSERT INTO unsealed SELECT source, id FROM inbox")
    seal_all(books.engine)
    assert failed(verified(books)) == []
    assert "noted earlier, is not in the chain" in failed(verified(books, noted=noted))[0].says


def test_what_is_being_decided_again_is_left_out_and_said_so(books: Books) -> None:
    books.take(made("PL-1", None), made("PL-2", yearly(20_000), child="b"))
    report = verified(books)
    assert failed(report) == []
    assert report.unsettled == 1
    assert "1 of them are being decided again" in " ".join(check.says for check in report.checks)


def test_what_is_decided_beside_what_it_hangs_on_is_decided_once_more(books: Books) -> None:
    mistaken = made("PL-1", yearly(40_000))
    books.take(mistaken, made("PL-2", yearly(20_000), child="b"), made("PL-3", None, child="c"), withdrawn(mistaken))
    finish(books)  # one turn decides both the placement taken back and the one priced at its line's mean
    assert books.position().lines["special"].provisional_pence == 20_000_00
    assert failed(verified(books)) == []


def test_replicas_that_post_and_seal_together_seal_every_row_once(books: Books) -> None:
    events = [made(f"PL-{i}", yearly(1_000 + i), child=f"c{i}", id=f"m-{i}") for i in range(300)]
    events += [paid(f"PL-{i}", 10 + i, id=f"p-{i}") for i in range(300)]
    done = False

    def post(part: int) -> None:
        for start in range(part * 10, len(events), 40):
            books.take(*events[start : start + 20])  # overlapping: the same events come to several replicas

    def keep_sealing(_: int) -> None:
        while not done:
            seals.seal(books.engine)

    with ThreadPoolExecutor(6) as threads:
        sealing = [threads.submit(keep_sealing, i) for i in range(2)]
        list(threads.map(post, range(4)))
        done = True
        for one in sealing:
            one.result()
    finish(books)
    report = verified(books)
    assert failed(report) == []
    assert (report.events, report.unsealed_events, report.unsealed_postings) == (600, 0, 0)


_SEALER = """
import sys
from ledger import seals
engine = database.connect(sys.argv[1], "sealer")
print("sealing", flush=True)
while True:
    seals.seal(engine)
"""


def test_a_sealer_killed_at_any_moment_leaves_a_whole_chain(books: Books) -> None:
    url = books.engine.url.render_as_string(hide_password=False)
    for round in range(3):
        sealer = subprocess.Popen([sys.executable, "-c", _SEALER, url], stdout=subprocess.PIPE)
        assert sealer.stdout is not None
        sealer.stdout.readline()
        for i in range(20):
            books.take(made(f"PL-{round}-{i}", yearly(1_000 + i), child=f"c{round}{i}"))
        time.sleep(0.05 * round)
        os.kill(sealer.pid, signal.SIGKILL)
        sealer.wait()
        sealer.stdout.close()
        assert failed(verified(books)) == []
    finish(books)
    assert failed(verified(books)) == []


def test_the_command_ends_with_one_clear_sentence(servers: Servers, books: Books, database_url: FreshDatabase) -> None:
    books.take(made("PL-1", yearly(33_500)))
    finish(books)
    url = books.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [os.path.join(os.path.dirname(sys.executable), "hnb"), "verify", "--database-url", url]
    good = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert (good.returncode, '"ok": true' in good.stdout, good.stderr) == (0, True, "")
    with superuser(servers, books) as connection:
        connection.execute("UPDATE postings SET line = 'independent' WHERE id = 1")
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bad.returncode == 1
    assert bad.stderr.startswith("The books are not in order. Posting 1 (table postings;")
    assert "Traceback" not in bad.stderr
