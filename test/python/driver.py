"""Drives `halyard.py` from another program: commands are JSON lines on stdin, events are JSON lines on stdout.

A command is `{ "do": …, "tag"?: …, …fields }`; the answer to a send or a request is an event `answer` with its `tag`.
"""

import asyncio, json, sys

import halyard
from halyard import Client, Failed


def emit(event):
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


async def report(tag, answer):
    try:
        emit({"event": "answer", "tag": tag, "result": await answer})
    except Failed as failed:
        emit({"event": "answer", "tag": tag, "code": failed.code, "message": str(failed), "unknown": failed.unknown})


async def commands():
    """The lines of stdin. Its end is the end of the program: a child does not outlive its test."""
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield json.loads(line)


async def main():
    client, running, reports = None, None, set()
    async for command in commands():
        do, tag, room = command["do"], command.get("tag"), command.get("room")
        answer = None
        if do == "connect":
            halyard.REPEAT_WITHIN = command.get("repeatWithin", halyard.REPEAT_WITHIN)
            handlers = {"confirm": lambda value: value}
            client = Client(command["url"], emit, command["headers"], handlers, command["longestWait"])
            running = asyncio.create_task(client.run())
            emit({"event": "client", "clientId": client.client_id})
        elif do == "send":
            answer = client.send(command["content"], room)
            emit({"event": "numbered", "tag": tag, "seq": client.seq, "id": client.message_id(client.seq)})
        elif do == "join":
            answer = client.join(room)
        elif do == "leave":
            answer = client.leave(room)
        elif do == "request":
            answer = client.request(command["name"], command.get("input"), room)
        elif do == "cut":
            client.cut(command.get("hold", False))
        elif do == "resume":
            client.resume()
        elif do == "state":
            emit({"event": "state", "tag": tag, "rooms": list(client.rooms), "positions": client.positions})
        elif do == "close":
            client.close()
            await running
            emit({"event": "stopped", "tag": tag})
        if answer is not None:
            task = asyncio.create_task(report(tag, answer))
            reports.add(task)  # The loop itself keeps only a weak reference to a task.
            task.add_done_callback(reports.discard)


asyncio.run(main())
