"""A client of the Halyard wire protocol, version 1, written from PROTOCOL.md alone.

It uses the standard library only and runs on one asyncio loop, so nothing here needs a lock.
Read it from the top: `Client` is the protocol, and `Pace` keeps to the rates of the server.
The section numbers are those of PROTOCOL.md.
"""

import asyncio, base64, collections, hashlib, json, os, random, re, time, unicodedata

from websocket import Closed, Refused, WebSocket

REPEAT_WITHIN = 240.0  # Section 4: a written frame is repeated within 4 minutes, and never later.
STOP = {1002, 1003, *range(1007, 1011), *range(4400, 5000)}  # Section 8: after every other code a client comes back.


class Failed(Exception):
    """The answer to a send or a request was an `error`. `unknown` says that it may have run: see section 4."""

    def __init__(self, code, message="", unknown=False):
        super().__init__(message or code)
        self.code, self.unknown = code, unknown


class Frame:
    """One send or request: its bytes never change, because a repeat is compared byte for byte."""

    def __init__(self, fields, key):
        self.fields, self.key, self.text, self.written = fields, key, encode(fields), None
        self.is_send = isinstance(key, int)
        self.answer = asyncio.get_running_loop().create_future()
        self.answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())

    @property
    def runs_again(self):
        """A `join` or `leave` that runs twice changes nothing, so it is repeated without conditions."""
        return self.fields["type"] in ("join", "leave")


class Client:
    """One client identity: it outlives its connections and resumes where it was cut."""

    def __init__(self, url, emit, headers=None, handlers=None, longest_wait=20.0):
        self.longest_wait = longest_wait
        self.url, self.emit, self.headers, self.handlers = url, emit, headers or {}, handlers or {}
        self.client_id = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        self.attempt = self.seq = self.requests = 0
        self.rooms = {}  # A dict and not a set: the order is the order of `hello`.
        self.positions = {}  # Channel -> (epoch, off): all that a resume needs.
        self.queue = collections.deque()  # Not written on this connection. One queue keeps the order of the calls.
        self.unanswered = {}  # `seq` or `id` -> Frame that was written on this connection.
        self.limits = {"messageBytes": 65536, "unacknowledged": 32, "messagesPerSecond": 50, "bytesPerSecond": 262144}
        self.socket, self.leaving, self.silence = None, False, 35.0
        self.wake, self.allowed = asyncio.Event(), asyncio.Event()
        self.allowed.set()

    # What a program calls.

    def send(self, content, room=None, **fields):
        """Queues a chat message and returns the future of its result. The number is taken here, once and for all."""
        meta = {"seq": self.seq + 1, **({"ch": f"room:{nfc(room)}"} if room else {})}
        frame = Frame({"type": "chat_message", "content": content, **fields, "$": meta}, meta["seq"])
        if len(frame.text) > self.limits["messageBytes"]:
            raise Failed("payload_too_large")  # Before the number counts: a number that is never sent is a hole.
        self.seq += 1
        return self._enqueue(frame)

    def join(self, room):
        return self._ask({"type": "join", "room": nfc(room)})

    def leave(self, room):
        return self._ask({"type": "leave", "room": nfc(room)})

    def request(self, name, value=None, room=None):
        fields = {"type": "request", "name": name, **({} if value is None else {"input": value})}
        return self._ask(fields, {"ch": f"room:{nfc(room)}"} if room else {})

    def message_id(self, seq):
        """The `id` that the message with this number will have (section 4)."""
        digest = hashlib.sha256(f"{self.client_id}:{seq}".encode()).digest()[:16]
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def cut(self, hold=False):
        """Breaks the connection as a network does, without a close frame. With `hold` it stays away until `resume`."""
        if hold:
            self.allowed.clear()
        if self.socket:
            self.socket.abort()

    def resume(self):
        self.allowed.set()

    def close(self):
        """Leaves for good: 1000 tells the server that the user is gone at once."""
        self.leaving = True
        self.allowed.set()
        if self.socket:
            self.socket.close(1000)

    # One connection after the other.

    async def run(self):
        """Connects, and comes back after every close that section 8 lets come back. Returns when the client stops."""
        failures, code, reason = 0, 1006, ""
        while not self.leaving:
            await self.allowed.wait()
            began, wait = time.monotonic(), None
            try:
                await self._connection()
            except Refused as refused:
                code, reason, wait = refused.status, "", refused.retry_after
                stop = refused.status in (401, 403)
            except Closed as closed:
                code, reason = closed.code, closed.reason
                stop = code in STOP
                told = re.search(r"retryAfterMs=(\d+)", reason)
                wait = int(told[1]) / 1000 if told else None
            except (OSError, asyncio.TimeoutError) as error:
                code, reason, stop = 1006, str(error), False
            self.socket = None
            self.emit({"event": "closed", "code": code, "reason": reason, "stop": stop or self.leaving})
            if stop or self.leaving:
                break
            if time.monotonic() - began > (30 if 4000 <= code < 4400 else 5):
                failures = 0
            # Full jitter: after a restart of the server its clients do not come back in one moment.
            jitter = random.uniform(0.1, max(0.1, min(self.longest_wait, 0.5 * 2**failures)))
            await asyncio.sleep(jitter if wait is None else wait)
            failures += 1
        for frame in [*self.unanswered.values(), *self.queue]:
            settle(frame, error=Failed("closed", unknown=frame.written is not None))

    async def _connection(self):
        """Opens one connection and reads it to its end. It ends by an exception only."""
        self.attempt += 1  # The server keeps the connection with the highest attempt: it must grow each time.
        url = f"{self.url}?c={self.client_id}&a={self.attempt}"
        self.socket = socket = await asyncio.wait_for(WebSocket.open(url, "halyard.v1", self.headers), 10)
        hello_id = f"h{self.attempt}"
        socket.send(encode({
            "type": "hello", "clientId": self.client_id, "attempt": self.attempt, "rooms": list(self.rooms),
            "positions": [{"ch": ch, "epoch": epoch, "off": off} for ch, (epoch, off) in self.positions.items()],
            "$": {"id": hello_id},
        }))
        tasks = [asyncio.create_task(self._watch(socket))]
        try:
            welcomed = False
            while True:
                frame = json.loads(await socket.receive())
                answers = frame.get("$", {}).get("re")
                if not welcomed and frame["type"] == "welcome" and answers == hello_id:
                    welcomed = True
                    self._welcome(frame)
                    tasks.append(asyncio.create_task(self._write(socket)))
                elif welcomed or frame["type"] == "error":
                    self._receive(socket, frame)
        finally:
            for task in tasks:
                task.cancel()
            socket.abort()

    def _welcome(self, frame):
        """Takes the limits and the first positions, and decides what is repeated."""
        self.limits, self.silence = frame["limits"], frame["heartbeat"]["timeoutMs"] / 1000
        for ch, state in frame["channels"].items():
            first = ch not in self.positions and state["recovered"] != "forbidden"
            if state["recovered"] == "new" or first:
                self.positions[ch] = (state["epoch"], state["off"])
        self.emit({"event": "welcome", "frame": frame})
        forgotten, again = frame.get("forgotten") is True, []
        written = [*self.unanswered.values(), *(f for f in self.queue if f.written is not None)]
        fresh = [f for f in self.queue if f.written is None]
        for sent in written:
            if sent.runs_again or (not forgotten and time.monotonic() - sent.written < REPEAT_WITHIN):
                again.append(sent)
                continue
            # It may have run: only the user can decide. `skip` fills the number where the server never read it.
            settle(sent, error=Failed("unknown", unknown=True))
            if sent.is_send and not forgotten:
                again.append(Frame({"type": "skip", "$": {"seq": sent.key}}, sent.key))
        self.unanswered = {}
        self.queue = collections.deque([*again, *fresh])

    def _receive(self, socket, frame):
        """Handles one frame. The position moves last: a cut before that delivers the frame again, and loses nothing."""
        meta, kind = frame.get("$", {}), frame["type"]
        if kind in ("reply", "error") and "re" in meta:
            self._answered(meta["re"], frame)
        elif kind == "request":
            self._serve(socket, frame)
        elif kind == "left":
            self.rooms.pop(frame["room"], None)
            self.positions.pop(f"room:{frame['room']}", None)
        elif kind == "joined":
            self.rooms[frame["room"]] = True
            self.positions[f"room:{frame['room']}"] = (frame["epoch"], frame["off"])
        elif kind == "gap":
            self.positions[frame["ch"]] = (frame["epoch"], frame["off"])
        self.emit({"event": "frame", "frame": frame})
        if "off" in meta and meta["ch"] in self.positions:
            self.positions[meta["ch"]] = (self.positions[meta["ch"]][0], meta["off"])

    def _answered(self, key, frame):
        sent = self.unanswered.pop(key, None)
        self.wake.set()  # There may be room for one more send.
        if sent is None:
            return
        result = frame.get("result")
        if frame["type"] == "error":
            if frame["code"] == "rate_limited" and not sent.is_send:
                # It has not begun, and its `id` is not used: the same frame goes again.
                asyncio.get_running_loop().call_later(frame.get("retryAfterMs", 1000) / 1000, self._enqueue, sent)
            else:
                settle(sent, error=Failed(frame["code"], frame["message"], frame.get("mayHaveRun", False)))
            return
        if sent.fields["type"] == "join":
            room = result["ch"][len("room:"):]
            self.rooms[room] = True
            self.positions[result["ch"]] = (result["epoch"], result["off"])
        elif sent.fields["type"] == "leave":
            self.rooms.pop(sent.fields["room"], None)
            self.positions.pop(f"room:{sent.fields['room']}", None)
        settle(sent, result)

    def _serve(self, socket, frame):
        """Answers a request of the server, on the connection that asked."""
        answer, meta = {"type": "error", "code": "not_found", "message": "not found", "retryable": False}, {"re": frame["$"]["id"]}
        if frame["name"] in self.handlers:
            answer = {"type": "reply", "result": self.handlers[frame["name"]](frame.get("input"))}
        socket.send(encode({**answer, "$": meta}))

    async def _write(self, socket):
        """Writes the queue, in order, within the rates and with at most `unacknowledged` sends without an answer."""
        pace = Pace(self.limits)
        while True:
            head = self.queue[0] if self.queue else None
            waiting = sum(frame.is_send for frame in self.unanswered.values())
            if head is None or (head.is_send and waiting >= self.limits["unacknowledged"]):
                self.wake.clear()
                await self.wake.wait()
                continue
            await pace.take(len(head.text))
            self.queue.popleft()
            head.written = head.written or time.monotonic()
            self.unanswered[head.key] = head
            socket.send(head.text)

    async def _watch(self, socket):
        """Section 6: a connection that is silent is asked once by `ping`, and dropped when nothing comes."""
        while True:
            await asyncio.sleep(max(0.05, socket.heard + self.silence - time.monotonic()))
            if time.monotonic() - socket.heard >= self.silence:
                asked = time.monotonic()
                socket.send(encode({"type": "ping"}))
                await asyncio.sleep(5)
                if socket.heard < asked:
                    socket.abort()

    def _ask(self, fields, meta=None):
        self.requests += 1
        key = f"r{self.requests}"
        return self._enqueue(Frame({**fields, "$": {**(meta or {}), "id": key}}, key))

    def _enqueue(self, frame):
        self.queue.append(frame)
        self.wake.set()
        return frame.answer


class Pace:
    """A token bucket of one second for frames and bytes. `welcome` names rates and no burst: one second is below each."""

    def __init__(self, limits):
        self.rates = (limits["messagesPerSecond"], limits["bytesPerSecond"])
        self.left, self.since = list(self.rates), time.monotonic()

    async def take(self, size):
        wanted = (1, min(size, self.rates[1]))
        while True:
            now = time.monotonic()
            self.left = [min(rate, left + rate * (now - self.since)) for rate, left in zip(self.rates, self.left)]
            self.since = now
            waits = [(want - left) / rate for want, left, rate in zip(wanted, self.left, self.rates)]
            if max(waits) <= 0:
                self.left = [left - want for want, left in zip(wanted, self.left)]
                return
            await asyncio.sleep(max(waits))


def encode(fields):
    """JSON as UTF-8. Half of a surrogate pair is no text: it is sent as U+FFFD, as the server would read it."""
    return re.sub("[\ud800-\udfff]", "\ufffd", json.dumps(fields, ensure_ascii=False, allow_nan=False)).encode()


def nfc(room):
    return unicodedata.normalize("NFC", room)


def settle(frame, result=None, error=None):
    if not frame.answer.done():
        frame.answer.set_exception(error) if error else frame.answer.set_result(result)
