"""Replicas behind one URL, over real HTTP: each answers so many requests side by side, as long as answers take."""

import asyncio
import json
import threading
from contextlib import closing, contextmanager, suppress

HEAD = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%s\r\n"


class Replica:
    def __init__(self, places):
        self.places, self.open, self.answering, self.answered = places, 0, 0, 0
        self.free = asyncio.Semaphore(places)


class Fleet:
    """`answer_s` seconds an answer. Beyond its places a replica lets requests wait, or `refuses` them with 429.

    by_connection  the balancer chooses a replica for a connection, not for a request
    script         takes the number of a request: (status, headers) in place of an answer, None for an answer
    """

    def __init__(self, replicas, places, answer_s, *, refuses=False, by_connection=False, script=lambda n: None):
        self.answer_s, self.refuses, self.by_connection, self.script = answer_s, refuses, by_connection, script
        self.n_replicas, self.places, self.replicas = replicas, places, []
        self.requests = self.refused = self.open = self.busiest = 0
        self.seeds, self.handlers = [], set()

    async def serve(self, ready, ended):
        self.replicas += [Replica(self.places) for _ in range(self.n_replicas)]
        server = await asyncio.start_server(self.connection, "127.0.0.1", 0, backlog=4096)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.loop = asyncio.get_running_loop()
        ready.set()
        await ended.wait()
        server.close()
        for handler in self.handlers:
            handler.cancel()
        await asyncio.gather(*self.handlers, return_exceptions=True)

    def add(self, replicas):
        """More of them."""
        self.replicas += [Replica(self.places) for _ in range(replicas)]

    def choose(self):
        return min(self.replicas, key=lambda replica: replica.open)

    async def connection(self, reader, writer):
        mine = self.choose()
        mine.open += self.by_connection
        self.handlers.add(asyncio.current_task())
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
                body = await reader.readexactly(length)
                last = b"connection: close" in head
                writer.write(await self.reply(head, body, mine if self.by_connection else self.choose(), last))
                await writer.drain()
                if last:
                    break
        mine.open -= self.by_connection
        self.handlers.discard(asyncio.current_task())

    async def reply(self, head, body, replica, last):
        more = b"connection: close\r\n" if last else b""
        if head.startswith(b"get"):
            return self.text(200, {"data": [{"id": "tiny"}]}, more)
        self.requests += 1
        if found := self.script(self.requests):
            self.refused += 1
            return self.text(found[0], {"error": "no"}, more + "".join(f"{k}: {v}\r\n" for k, v in found[1]).encode())
        if self.refuses and replica.places <= replica.answering:
            self.refused += 1
            return self.text(429, {"error": "busy"}, more)
        self.open += 1
        self.busiest = max(self.busiest, self.open)
        replica.open += not self.by_connection
        replica.answering += 1
        async with replica.free:
            await asyncio.sleep(self.answer_s)
        replica.answering -= 1
        replica.open -= not self.by_connection
        self.open -= 1
        replica.answered += 1
        request = json.loads(body)
        self.seeds.append(request.get("seed"))
        usage = {"prompt_tokens": 10, "completion_tokens": 20}
        text = {"message": {"content": "42"}} if "messages" in request else {"text": "42"}
        return self.text(200, {"choices": [{**text, "finish_reason": "stop"}], "usage": usage}, more)

    def text(self, status, content, more=b""):
        data = json.dumps(content).encode()
        return HEAD % (status, b"OK" if status == 200 else b"No", len(data), more) + data


@contextmanager
def running(*given, **options):
    """A Fleet at its `url`, in a thread of its own."""
    fleet, ready = Fleet(*given, **options), threading.Event()

    async def main():
        fleet.ended = asyncio.Event()
        await fleet.serve(ready, fleet.ended)

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield fleet
    finally:
        fleet.loop.call_soon_threadsafe(fleet.ended.set)
        thread.join()
