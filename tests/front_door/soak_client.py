"""Clients that treat a server as badly as they may: run by the soak test in processes of their own.

``python soak_client.py PORT SEED COUNT`` sends about COUNT requests and prints as JSON what became of them. Every
answer is checked to belong to its request: a body repeats the request's own number.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from doors import Client, chunked, request

THREADS = 8


def filler(number: str, size: int) -> bytes:
    """The body that the server answers to ``/fill?number=...&size=...``."""
    return (number.encode() + b".") * (size // (len(number) + 1) + 1)


class Tormentor:
    """One client after the other, each with a habit of its own."""

    def __init__(self, port: int, seed: str, count: int) -> None:
        self.port = port
        self.seed = seed
        self.remaining = count
        self.numbers = random.Random(seed)
        self.outcome: Counter[str] = Counter()

    def run(self) -> Counter[str]:
        """Send ``count`` requests or a few more; what became of them."""
        habits = (
            [self.polite] * 6 + [self.pipelining] * 6 + [self.half_closing, self.aborting, self.resetting, self.slow]
        )
        while self.remaining > 0:
            self.numbers.choice(habits)()
        return self.outcome

    def question(self) -> tuple[bytes, str, int]:
        """A request of one of several kinds, its number, and the length of the answer's body."""
        self.remaining -= 1
        self.outcome["sent"] += 1
        number = f"{self.seed}-{self.remaining}"
        size = self.size(300_000)
        kind = self.numbers.randrange(5)
        if kind == 0:
            body = self.numbers.randbytes(self.size(3_000_000))
            return request(f"/digest?{number}", "POST", body), hashlib.sha256(body).hexdigest() + number, -1
        if kind == 1:
            body = self.numbers.randbytes(self.size(100_000))
            cut = self.numbers.randrange(len(body) + 1)
            head = f"PUT /digest?{number} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            parts = [part for part in (body[:cut], body[cut:]) if part]
            return head + chunked(parts), hashlib.sha256(body).hexdigest() + number, -1
        path = {2: "/stream", 3: "/fill", 4: "/slow"}[kind]
        if kind == 4 and self.numbers.randrange(20):
            path = "/fill"
        return request(f"{path}?{number}&{size}"), number, size

    def size(self, most: int) -> int:
        """Mostly small, sometimes large."""
        return int(most ** self.numbers.random()) if self.numbers.randrange(10) else 0

    def check(self, client: Client, expected: str, size: int) -> None:
        answer = client.read()
        assert answer.status == 200, answer
        assert answer.body == (expected.encode() if size < 0 else filler(expected, size)), (
            f"not the answer to {expected}"
        )
        self.outcome["answered"] += 1

    def polite(self) -> None:
        with Client(self.port) as client:
            for _ in range(self.numbers.randrange(1, 30)):
                data, expected, size = self.question()
                client.send(data)
                self.check(client, expected, size)

    def pipelining(self) -> None:
        with Client(self.port) as client:
            for _ in range(self.numbers.randrange(1, 4)):
                questions = [self.question() for _ in range(self.numbers.randrange(1, 20))]
                sender = threading.Thread(target=client.send, args=(b"".join(data for data, _, _ in questions),))
                sender.start()
                for _, expected, size in questions:
                    self.check(client, expected, size)
                sender.join()

    def half_closing(self) -> None:
        with Client(self.port) as client:
            data, expected, size = self.question()
            client.send(data)
            client.end_sending()
            self.check(client, expected, size)
            assert client.read_to_end() == b""

    def aborting(self) -> None:
        """Leave in the middle of a request."""
        with Client(self.port) as client:
            data, _, _ = self.question()
            client.send(data[: self.numbers.randrange(len(data))])
            self.outcome["aborted"] += 1

    def resetting(self) -> None:
        """Leave in the middle of an answer."""
        client = Client(self.port)
        data, _, _ = self.question()
        client.send(data)
        client.sock.recv(self.numbers.randrange(1, 5000))
        client.reset()
        self.outcome["aborted"] += 1

    def slow(self) -> None:
        """Read with a tiny window, byte by byte in the beginning."""
        with Client(self.port, receive_buffer=2048) as client:
            data, expected, size = self.question()
            for position in range(0, min(len(data), 60), 7):
                client.send(data[position : position + 7])
            client.send(data[63:])
            self.check(client, expected, size)


def main() -> None:
    port, seed, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    tormentors = [Tormentor(port, f"{seed}-{number}", count // THREADS) for number in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(Tormentor.run, tormentors))
    sys.stdout.write(json.dumps(sum(outcomes, Counter())))


if __name__ == "__main__":
    main()
