"""Keeps 1,000 TCP, UDP and UNIX sockets. Many have port 40000, but none of TCP is its own peer.

On SIGUSR1 it sends a byte through each connection, in both directions, and prints "intact".
"""
import itertools
import signal
import socket

PORT = 40000
ports = itertools.count(PORT + 1)
pairs = []
rest = []


def listening(family, address, port):
    server = socket.socket(family)
    server.bind((address, port))
    server.listen(100)
    rest.append(server)
    return server


def connect(family, local, server):
    client = socket.socket(family)
    client.bind(local)
    client.connect(server.getsockname()[:2])
    pairs.append((client, server.accept()[0]))


at_port = listening(socket.AF_INET, "127.0.0.9", PORT)
at_port6 = listening(socket.AF_INET6, "::1", PORT + 20000)
for i in range(80):
    connect(socket.AF_INET, ("127.0.0.8", next(ports)), at_port)
    connect(socket.AF_INET, (f"127.0.1.{i}", PORT), at_port)
    connect(socket.AF_INET6, ("::1", next(ports)), at_port6)
    pairs.append(socket.socketpair())
for i in range(50):
    address = f"127.0.2.{i}"
    connect(socket.AF_INET, (address, PORT), listening(socket.AF_INET, address, PORT + 1))
    left, right = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(2))
    left.bind((address, PORT))
    right.bind((address, PORT + 1))
    left.connect((address, PORT + 1))
    right.connect((address, PORT))
    pairs.append((left, right))
while len(rest) + 2 * len(pairs) < 1000:
    alone = socket.socket(type=socket.SOCK_DGRAM)
    alone.bind(("127.0.0.1", next(ports)))
    alone.connect(alone.getsockname())
    rest.append(alone)
assert len(rest) + 2 * len(pairs) == 1000, len(rest) + 2 * len(pairs)


def check(*_):
    for left, right in pairs:
        for a, b in ((left, right), (right, left)):
            a.send(b"x")
            assert b.recv(2) == b"x"
    for one in rest:
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    print("intact", flush=True)


signal.signal(signal.SIGUSR1, check)
print("ready", flush=True)
while True:
    signal.pause()
