"""A store on loopback that tests share, and people who use it, each with a machine (a cache folder) of his own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "reader-and-writer",
    "AWS_SECRET_ACCESS_KEY": "very-secret-indeed",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_MAX_ATTEMPTS": "1",
}
AWS = ("AWS_ENDPOINT_URL", *ENVIRONMENT)
FAST = "from advisor.store import claims; claims.BEAT_S, claims.GONE_S, claims.LOOK_S = 0.3, 2.5, 0.1\n"
RUN = f"{FAST}from advisor.cli.main import main; main()"


def free_port():
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Store:
    """A server that can be stopped, frozen and started again; what it holds goes with it when it is stopped."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        arguments = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("s3_server.py")), str(self.port)]
        self.process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/", timeout=5).close()
                return
            except OSError:
                assert time.monotonic() < until, "the store does not start"
                time.sleep(0.1)

    def make(self, bucket):
        request = urllib.request.Request(f"{self.url}/{bucket}", method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def freeze(self):
        """Connections are taken and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Person:
    """Somebody with a machine: `advisor` runs as a process there."""

    def __init__(self, name, folder, endpoint, url):
        self.name, self.cache, self.url = name, folder / name, url
        self.environment = {
            **{each: value for each, value in os.environ.items() if not each.startswith(("AWS_", "ADVISOR_"))},
            **ENVIRONMENT,
            "AWS_ENDPOINT_URL": endpoint,
            "ADVISOR_CACHE": str(self.cache),
            "ADVISOR_WORKSPACE": url,
            "LOGNAME": name,
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *arguments, script=RUN):
        return subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=ROOT,
        )

    def run(self, *arguments, script=RUN):
        """Exit code, stdout, stderr."""
        process = self.start(*arguments, script=script)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        assert ENVIRONMENT["AWS_SECRET_ACCESS_KEY"] not in out + err
        return process.returncode, out, err

    @property
    def mirror(self):
        (found,) = self.cache.iterdir()
        return found

    def forget(self):
        """A machine that is new."""
        shutil.rmtree(self.cache, ignore_errors=True)


@contextmanager
def serving_objects():
    store = Store()
    try:
        yield store
    finally:
        store.stop()
