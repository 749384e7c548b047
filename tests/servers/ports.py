"""Ports for the servers that tests start."""
import random
import socket


def free_port():
    """A free port of the loopback, below those that the system gives to connections (Linux: 32768 and up): it stays
    free while its server stops and starts again."""
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
