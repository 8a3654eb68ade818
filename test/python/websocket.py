"""The client side of RFC 6455 without extensions: text messages, pings and closes, on asyncio."""

import asyncio, base64, hashlib, os, struct, time
from urllib.parse import urlsplit


class Refused(Exception):
    """The server answered the upgrade with an HTTP status."""

    def __init__(self, status, retry_after):
        super().__init__(f"HTTP {status}")
        self.status, self.retry_after = status, retry_after


class Closed(Exception):
    """The connection ended. 1005: a close frame without a code. 1006: no close frame."""

    def __init__(self, code, reason=""):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    """One open connection. `heard` is the time of the last frame: every inbound frame counts (section 6)."""

    @classmethod
    async def open(cls, url, subprotocol, headers):
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = {
            "Host": parts.netloc, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13", "Sec-WebSocket-Protocol": subprotocol, **headers,
        }
        if any(name.lower() == "cookie" for name in headers):
            lines.setdefault("Origin", f"http://{parts.netloc}")  # Section 1: a cookie needs an origin.
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"GET {parts.path}?{parts.query} HTTP/1.1\r\n{head}\r\n".encode())
        try:
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            status = int(answer[0].split(" ")[1])
            fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in answer[1:])}
            if status != 101:
                after = fields.get("retry-after", "")
                raise Refused(status, float(after) if after.isdigit() else None)
            proof = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            if fields.get("sec-websocket-accept") != base64.b64encode(proof).decode():
                raise Closed(1006, "the handshake is not of this connection")
        except asyncio.IncompleteReadError:
            raise Closed(1006)
        finally:
            if "status" not in locals() or status != 101:
                writer.transport.abort()
        return cls(reader, writer)

    def __init__(self, reader, writer):
        self.reader, self.writer, self.heard, self.closing = reader, writer, time.monotonic(), False

    def send(self, data, opcode=1):
        """Writes one masked frame."""
        if self.closing or self.writer.transport.is_closing():
            return
        size, mask = len(data), os.urandom(4)
        length = bytes([128 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size) if size < 65536 else b"\xff" + struct.pack(">Q", size)
        pad = (mask * (size // 4 + 1))[:size]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")
        self.writer.write(bytes([128 | opcode]) + length + mask + masked)

    async def receive(self):
        """The next text message. Pings are answered here; the end of the connection is `Closed`."""
        message = b""
        try:
            while True:
                first, size = await self.reader.readexactly(2)
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
                data, self.heard = await self.reader.readexactly(size), time.monotonic()
                opcode = first & 15
                if opcode == 8:
                    self.send(data[:2], 8)
                    raise Closed(int.from_bytes(data[:2], "big") or 1005, data[2:].decode("utf-8", "replace"))
                if opcode == 9:
                    self.send(data, 10)
                elif opcode < 8:
                    message += data
                    if first & 128:
                        return message
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Closed(1006)

    def close(self, code):
        """Asks for the end; the server's close frame, or 2 s without one, ends `receive`."""
        self.send(struct.pack(">H", code), 8)
        self.closing = True
        asyncio.get_running_loop().call_later(2, self.abort)

    def abort(self):
        self.writer.transport.abort()
