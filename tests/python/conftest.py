"""The package under test, and a kernel's end of the bridge."""
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "python")]


@pytest.fixture
def kernel():
    """A stand-in for the kernel, to which the package in this process is connected."""
    from bridge_server import BridgeServer
    from splicemachine import _bridge, _mlflow

    with BridgeServer() as server:
        _bridge.connect(server.address, server.secret)
        yield server
        _bridge._bridge = None
        _mlflow.see({})  # MLflow would end an active run at exit, and try for minutes
