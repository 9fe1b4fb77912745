"""Addresses that lead nowhere: one clear line, the right exit code, and no secret."""

import subprocess
import sys

import pytest

from advisor.store.remote import _said, is_url
from tests.store.sharing import ENVIRONMENT, free_port

SECRET = ENVIRONMENT["AWS_SECRET_ACCESS_KEY"]


@pytest.fixture
def tried(advisor, monkeypatch, tmp_path):
    """Exit code and line of a command with this address."""
    pytest.importorskip("s3fs")
    monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path))

    def run(url):
        code, out, err = advisor("tasks", "--workspace", url, "--json")
        assert out == ""
        assert err.startswith("advisor: ")
        assert err.count("\n") == 1
        assert SECRET not in err
        return code, err

    return run


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nope://x/y", "unknown protocol 'nope'; give a folder, or an address as s3://bucket/folder"),
        ("s3://", "is no address of a store; give a folder, or an address as s3://bucket/folder"),
        ("s3:/bucket", "is no address of a store"),
        ("s3:///bucket", "is no address of a store"),
        ("zip://bucket.zip", "is no address of a store"),
        ("simplecache::s3://b/x", "is no address of a store"),
        ("file:///tmp/x", "is a folder; give its path, without the protocol"),
        ("https://example.com/x", "can be read at most, not written"),
        ("s3://me:hidden@bucket/x", "holds a password, which has no place in an address"),
    ],
)
def test_an_address_that_cannot_be(tried, url, said):
    code, err = tried(url)
    assert code == 2
    assert said in err
    assert "hidden" not in err


@pytest.mark.parametrize(("protocol", "extra", "package"), [("gs", "gs", "gcsfs"), ("abfs", "az", "adlfs")])
def test_a_missing_package_comes_with_the_command_that_brings_it(tried, monkeypatch, protocol, extra, package):
    monkeypatch.setitem(sys.modules, package, None)
    code, err = tried(f"{protocol}://bucket/x")
    assert code == 3
    assert f"pip install 'frontier-advisor[{extra}]'" in err


def test_without_fsspec_the_command_that_brings_it_is_printed(tried, monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec", None)
    code, err = tried("s3://bucket/x")
    assert code == 3
    assert "pip install 'frontier-advisor[s3]'" in err


def test_a_bucket_that_is_not_there(tried, bucket):
    code, err = tried("s3://no-such-bucket/x")
    assert code == 2
    assert "s3://no-such-bucket/x: is not there (The specified bucket does not exist)" in err


def test_no_credentials(tried, bucket, monkeypatch):
    import s3fs

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    s3fs.S3FileSystem.clear_instance_cache()
    code, err = tried(f"s3://{bucket}/x")
    s3fs.S3FileSystem.clear_instance_cache()
    assert code == 3
    assert "needs credentials" in err
    assert "AWS_SECRET_ACCESS_KEY" in err


def test_an_endpoint_that_does_not_answer(tried, bucket, monkeypatch):
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    s3fs.S3FileSystem.clear_instance_cache()
    code, err = tried(f"s3://{bucket}/x")
    s3fs.S3FileSystem.clear_instance_cache()
    assert code == 3
    assert f"s3://{bucket}/x: does not answer (Could not connect" in err
    assert "AWS_ENDPOINT_URL" in err


def test_a_cache_that_cannot_be_written(tried, bucket, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / "file"))
    code, err = tried(f"s3://{bucket}/x")
    assert code == 2
    assert "set ADVISOR_CACHE to another folder" in err


def test_what_a_library_says_is_printed_without_secrets(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    said = _said(ValueError(f"{SECRET} at\nhttps://host/x?X-Amz-Signature=abc&y=1 and more"))
    assert said == "… at https://host/x and more"


def test_a_folder_is_no_address(tmp_path):
    assert [is_url(name) for name in ("ours", "/tmp/x", "a:b", "./s3", "~/x", str(tmp_path))] == [False] * 6


def test_a_folder_needs_no_fsspec(tmp_path):
    script = (
        "import sys\nfrom advisor.cli.main import run\n"
        f"run(['measurements', '--json', '--workspace', {str(tmp_path)!r}])\n"
        "print([m for m in ('fsspec', 's3fs', 'aiobotocore') if m in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "[]"
