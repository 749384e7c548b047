#!/usr/bin/env python3
"""An S3 (and IAM, STS, ECR, SageMaker) stand-in that verifies signatures: moto's server.

    with moto.Server(buckets=["splice-demo"]) as aws:
        subprocess.run([...], env=aws.env)

    tests/servers/moto.py --bucket splice-demo -- COMMAND …   run a command beside it
    tests/servers/moto.py --bucket splice-demo                 print its variables; runs until input ends

It listens on a free loopback port, keeps everything in memory, and knows one
user who may do everything.  Wrong or missing signatures are refused.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from typing import Dict, Optional, Sequence

REGION = "us-east-1"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
def python() -> str:
    """An interpreter that has moto: this one, or the tests' own environment."""
    try:
        import moto.server  # noqa: F401
        return sys.executable
    except ImportError:
        lib = os.environ.get("SPLICE_LIB_DIR") or os.path.expanduser("~/.local/lib/splice-kernel")
        return os.path.join(lib, "python-test", "bin", "python")


def without_aws() -> Dict[str, str]:
    """This process's environment without a trace of AWS."""
    return {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}


class Server:
    """A context manager; `url`, `access_key`, `secret_key` and `env` hold while it is open."""

    def __init__(self, buckets: Sequence[str] = ()) -> None:
        self.buckets = buckets
        self.url = self.access_key = self.secret_key = ""
        self._process: Optional[subprocess.Popen] = None
        self._log = None

    def __enter__(self) -> "Server":
        self._log = tempfile.TemporaryFile("a+")  # the server goes on at its end
        # Three requests are served unsigned: those that make the user below.
        self._process = subprocess.Popen(
            [python(), "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
            env={**without_aws(), "INITIAL_NO_AUTH_ACTION_COUNT": "3", "PYTHONUNBUFFERED": "1"})
        try:
            self.url = self._wait()
            self._make_user()
            for name in self.buckets:
                self.client("s3").create_bucket(Bucket=name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def client(self, service: str):
        """A boto3 client of the user, for tests to look at what was done."""
        import boto3

        return boto3.client(service, endpoint_url=self.url, region_name=REGION,
                            aws_access_key_id=self.access_key or "none",
                            aws_secret_access_key=self.secret_key or "none")

    @property
    def variables(self) -> Dict[str, str]:
        """The variables that lead a program here, and to nothing else of AWS's."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull}

    @property
    def env(self) -> Dict[str, str]:
        """This process's environment with `variables` in place of all its AWS settings."""
        return {**without_aws(), **self.variables}

    def log(self) -> str:
        """What the server printed: a line for each request."""
        self._log.seek(0)
        return re.sub(r"\x1b\[[0-9;]*m", "", self._log.read())

    def _wait(self) -> str:
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", self.log())
            if found:
                return found[1]
            time.sleep(0.05)
        raise RuntimeError("moto_server does not start:\n" + self.log())

    def _make_user(self) -> None:
        iam = self.client("iam")
        iam.create_user(UserName="tester")
        iam.put_user_policy(UserName="tester", PolicyName="all", PolicyDocument=POLICY)
        key = iam.create_access_key(UserName="tester")["AccessKey"]
        self.access_key, self.secret_key = key["AccessKeyId"], key["SecretAccessKey"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bucket", action="append", default=[], help="make it; may be repeated")
    parser.add_argument("command", nargs="*", help="run it with the variables set, then stop")
    options = parser.parse_args()
    with Server(options.bucket) as aws:
        if options.command:
            return subprocess.call(options.command, env=aws.env)
        for name, value in aws.variables.items():
            print(f"export {name}={value}", flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    if python() != sys.executable:
        os.execv(python(), [python(), *sys.argv])
    sys.exit(main())
