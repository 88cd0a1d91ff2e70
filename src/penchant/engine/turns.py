"""Many readers or one writer: how threads share documents and their index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """Readers share a turn, a writer has its own. A writer that waits goes before new readers, so that none
    waits forever."""

    def __init__(self) -> None:
        self._free = Condition()
        self._readers = 0
        self._writers_waiting = 0
        self._writing = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold a turn together with other readers. Not to be nested: a writer between the two would wait
        forever."""
        with self._free:
            while self._writing or self._writers_waiting:
                self._free.wait()
            self._readers += 1
        try:
            yield
        finally:
            with self._free:
                self._readers -= 1
                if not self._readers and self._writers_waiting:
                    self._free.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold a turn alone."""
        with self._free:
            self._writers_waiting += 1
            while self._writing or self._readers:
                self._free.wait()
            self._writers_waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._free:
                self._writing = False
                self._free.notify_all()
