from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ketarag.errors import CorpusError
from ketarag.indexing.watch import watch


@contextmanager
def watching(corpus: Path, update: object, said: list[str]) -> Iterator[None]:
    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(corpus, update, said.append, stop, 0.05))
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join(10)
        assert not watcher.is_alive()


class Updates:
    def __init__(self, corpus: Path) -> None:
        self.corpus = corpus
        self.found: list[list[str]] = []
        self.happened = threading.Semaphore(0)

    def __call__(self) -> None:
        self.found.append(sorted(path.name for path in self.corpus.rglob("*") if path.is_file()))
        self.happened.release()
        if "bad.md" in self.found[-1]:
            raise CorpusError("bad.md: cannot be read")

    def wait(self) -> None:
        assert self.happened.acquire(timeout=20)


def test_each_change_is_one_update_and_an_error_does_not_end_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").touch()
    (tmp_path / "shelf").mkdir()
    updates, said = Updates(tmp_path), []
    with watching(tmp_path, updates, said):
        updates.wait()
        (tmp_path / "shelf" / "bad.md").touch()
        updates.wait()
        (tmp_path / "shelf" / "bad.md").unlink()
        (tmp_path / ".hidden").touch()
        updates.wait()
        (tmp_path / "a.md").write_text("Other words.")
        updates.wait()
    assert updates.found == [["a.md"], ["a.md", "bad.md"], [".hidden", "a.md"], [".hidden", "a.md"]]
    assert "Not updated: bad.md: cannot be read" in said


def test_a_file_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    updates, said = Updates(tmp_path), []
    with watching(tmp_path, updates, said):
        updates.wait()
        with (tmp_path / "a.md").open("w") as file:
            for _ in range(40):
                file.write("more and more")
                file.flush()
                threading.Event().wait(0.01)
        updates.wait()
    assert (tmp_path / "a.md").stat().st_size == 40 * 13
    assert len(updates.found) <= 3
