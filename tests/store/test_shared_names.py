import pytest

from advisor.store.shared_names import Known, There, highest, is_shared, step, version_of, versioned

THERE, NEXT = There(1, "a", 10, 0.0), There(2, "b", 10, 0.0)
HERE, CHANGED = (5, 10), (6, 10)
KNOWN = Known(1, "a", HERE)


@pytest.mark.parametrize(
    ("there", "here", "known", "expected"),
    [
        (None, None, None, "nothing"),
        (None, HERE, None, "push"),
        (None, CHANGED, KNOWN, "push"),  # changed here after it was taken away there
        (None, HERE, KNOWN, "aside"),
        (None, None, KNOWN, "forget"),
        (THERE, None, None, "fetch"),
        (THERE, None, KNOWN, "fetch"),  # lost here
        (THERE, HERE, None, "compare"),
        (THERE, HERE, KNOWN, "nothing"),
        (THERE, CHANGED, KNOWN, "push"),
        (NEXT, HERE, KNOWN, "fetch"),
        (There(1, "b", 10, 0.0), HERE, KNOWN, "fetch"),  # overwritten there by hand
        (NEXT, CHANGED, KNOWN, "compare"),
        (THERE, None, Known(1, "a", None, ("x",)), "nothing"),  # left out: a newer version wrote it
        (NEXT, None, Known(1, "a", None, ("x",)), "fetch"),
    ],
)
def test_what_is_done_about_a_file(there, here, known, expected):
    assert step(there, here, known) == expected


def test_what_is_shared():
    for name in (
        "measurements/samples/run-a.parquet",
        "measurements/texts/run-a.parquet",
        "measurements/runs/load.parquet",
        "measurements/published/our table.csv",
        "profiles/prices.csv",
        "profiles/models/Qwen--Qwen3-8B/config.json",
    ):
        assert is_shared(name)
        assert version_of(name) == (name, 1)
        assert version_of(versioned(name, 12)) == (name, 12)


@pytest.mark.parametrize(
    "name",
    [
        "profiles/points.csv",
        "profiles/curves.csv",
        "measurements/samples/.run.jsonl",
        "measurements/samples/.run.former-1.parquet",
        "measurements/samples/../../../etc/passwd.parquet",
        "measurements/samples/a/b.parquet",
        "measurements/samples/a\n.parquet",
        "measurements/samples/run.parquet.v1",
        "measurements/samples/run.parquet.v02",
        "measurements/samples/run.parquet.vx",
        "measurements/samples/run.csv",
        "profiles/points.csv.v2",
        "photos/cat.jpg",
        "claims/x/000000001.json",
        "",
    ],
)
def test_what_is_none_of_ours(name):
    assert not is_shared(name)
    assert version_of(name) is None


def test_the_highest_version_counts():
    prices = "profiles/prices.csv"
    objects = [(versioned(prices, n), n, str(n), 0.0) for n in (2, 10, 1)] + [("cat.jpg", 1, "", 0.0)]
    assert highest(objects) == {prices: There(10, "10", 10, 0.0)}
