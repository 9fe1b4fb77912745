import itertools

import pytest

from tests.store.sharing import AWS, ENVIRONMENT, Person, serving_objects

_numbers = itertools.count()


@pytest.fixture(scope="session")
def store():
    pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    with serving_objects() as store:
        yield store


@pytest.fixture
def bucket(store, monkeypatch, tmp_path):
    """A bucket of one test, and the environment in which this process finds it."""
    return made_bucket(store, monkeypatch, tmp_path)


def made_bucket(store, monkeypatch, tmp_path):
    import s3fs

    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": store.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / "cache"))
    s3fs.S3FileSystem.clear_instance_cache()
    name = f"bucket-{next(_numbers)}"
    s3fs.S3FileSystem().mkdir(name)
    return name


@pytest.fixture
def person(store, bucket, tmp_path):
    """People by their names."""
    known = {}

    def named(name, folder="team", endpoint=None):
        if name not in known:
            known[name] = Person(name, tmp_path, endpoint or store.url, f"s3://{bucket}/{folder}")
        return known[name]

    return named
