"""A TCP line to a local port whose way from the server is slow: `slow_line.py PORT BYTES_PER_SECOND`.

Prints its own port. Each line on stdin is a new rate; at 0 nothing is read from the server any more.
The sockets have small buffers and segments, as on a real line: on loopback the kernel would take megabytes at once.
"""

import socket
import sys
import threading
import time

CHUNK = 4_096
rate = float(sys.argv[2])


def open_server():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1_000)
    server.connect(("127.0.0.1", int(sys.argv[1])))
    return server


def pump(source, target, is_slow):
    try:
        while True:
            while is_slow and rate == 0:
                time.sleep(0.01)
            chunk = source.recv(CHUNK)
            if not chunk:
                break
            if is_slow and rate > 0:
                time.sleep(len(chunk) / rate)
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def accept(listener):
    while True:
        client, _ = listener.accept()
        server = open_server()
        for ends in ((client, server, False), (server, client, True)):
            threading.Thread(target=pump, args=ends, daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
for line in sys.stdin:
    rate = float(line)
