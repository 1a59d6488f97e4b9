"""`--store` from `ingest` to the answer, against a real server that is killed, as is who publishes to it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ketarag.config import Settings, shipped_corpus
from ketarag.errors import SettingsError, StoreError
from ketarag.indexing import remote
from ketarag.indexing.publish import Note
from ketarag.integrations import milvus
from tests.milvus_server import SERVER, MilvusServer, free_port

pytest.importorskip("pymilvus")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")

ASKED = (
    "What IV dose is used for depression?",
    "How is ketamine eliminated?",
    "Which routes can ketamine be given by?",
    "What is the capital of Australia?",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    if not SERVER.is_file():
        pytest.skip("no Milvus server: `make milvus` installs it")
    server = MilvusServer(tmp_path_factory.mktemp("milvus"))
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        patch.setattr(milvus, "SECONDS", 60.0)
        patch.setattr(remote, "WAITS", 0.5)
        yield server
    server.close()


def ingest(corpus: Path, index: Path, store: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ketarag.cli", "ingest", "--corpus", corpus, "--index", index, "--store", store]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def shelf(corpus: Path, documents: int, say: str = "milligrams") -> Path:
    corpus.mkdir(exist_ok=True)
    for number in range(documents):
        sentences = (f"Ward {number} gives {at} {say} of drug {number * 7 + at} on day {at}." for at in range(60))
        (corpus / f"ward-{number}.md").write_text(f"# Ward {number}\n\n" + "\n\n".join(sentences))
    return corpus


def test_the_answers_are_those_of_the_folder(server: MilvusServer, tmp_path: Path) -> None:
    from ketarag.assistant import Assistant

    index, store = tmp_path / "index", f"{server.address}?collection=answers"
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for path in shipped_corpus().iterdir():
        (corpus / path.name).write_bytes(path.read_bytes())
    done = ingest(corpus, index, store)
    _, told = done.communicate(timeout=250)
    assert done.returncode == 0, told
    near, far = Assistant.load(corpus, index), Assistant.load(corpus, index, store=store)
    for question in ASKED:
        assert far.ask(question).citations == near.ask(question).citations
        assert [hit.passage.id for hit in far.retrieve(question)] == [hit.passage.id for hit in near.retrieve(question)]
    (corpus / "ward.md").write_text("# Ward\n\nOn our ward the dose of zolpidem is 5 mg at ten o'clock.")
    updated = Assistant.load(corpus, index, store=store)
    assert "5 mg" in updated.ask("What is the dose of zolpidem on the ward?").text
    before = updated.ask(ASKED[0]).text
    assert far.ask(ASKED[0]).citations == near.ask(ASKED[0]).citations, "who had the old index open goes on"
    server.kill()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(milvus, "SECONDS", 2.0)
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(StoreError, match="cannot be reached"):
                updated.ask(ASKED[0])
        assert time.monotonic() - began < 30
        assert updated.verify("Up to 70% of patients respond to a single IV dose.").supported
        down = Assistant.load(corpus, index, store=store)  # it starts, as a service must
        with pytest.raises(StoreError, match="cannot be reached"):
            down.ask(ASKED[0])
    check_served_while_down(server, down)
    assert updated.ask(ASKED[0]).text == before


def check_served_while_down(server: MilvusServer, assistant: object) -> None:
    from starlette.testclient import TestClient

    from ketarag.web.api import router
    from ketarag.web.server import FastAPI
    from ketarag.web.service import Service

    service = Service(assistant)  # type: ignore[arg-type]
    app = FastAPI()
    app.include_router(router(service))
    with pytest.MonkeyPatch.context() as patch, TestClient(app) as client:
        patch.setattr(milvus, "SECONDS", 2.0)
        response = client.post("/v1/ask", json={"question": ASKED[0]})
        assert (response.status_code, response.json()["error"]["type"]) == (503, "store_unavailable")
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        assert client.post("/v1/verify", json={"claim": "Up to 70% of patients respond."}).status_code == 200
        server.start()
        patch.setattr(milvus, "SECONDS", 60.0)
        time.sleep(remote.WAITS)
        answered: httpx.Response = client.post("/v1/ask", json={"question": ASKED[0]})
        assert answered.status_code == 200
        assert not answered.json()["abstained"]
        assert client.get("/readyz").status_code == 200
    service.close()


def test_killed_publishers_and_a_killed_server_lose_nothing(server: MilvusServer, tmp_path: Path) -> None:
    corpus, index, store = shelf(tmp_path / "corpus", 12), tmp_path / "index", f"{server.address}?collection=killed"
    note = Note(index, store)
    program = (
        "import sys\n"
        "from ketarag.indexing import publish\n"
        "publish.BATCH = 8\n"
        "from ketarag.integrations import milvus\n"
        "milvus.SECONDS = float(sys.argv.pop(1))\n"
        "import time\n"
        "add = milvus.MilvusStore.add\n"
        "milvus.MilvusStore.add = lambda *given: (time.sleep(0.7), add(*given))\n"  # so that it is there to be killed
        "from ketarag.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )

    def started(seconds: float) -> subprocess.Popen[str]:
        options = ["ingest", "--corpus", str(corpus), "--index", str(index), "--store", store]
        command = [sys.executable, "-c", program, str(seconds), *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def there() -> int:
        return sum(step == "there" for step in note.steps().values())

    first = started(60)
    while there() < 2 and first.poll() is None:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    kept = there()
    assert 2 <= kept < 12
    assert not (index / "CURRENT").exists()
    second = started(2)
    while there() < kept + 2 and second.poll() is None:
        time.sleep(0.02)
    server.kill()
    _, told = second.communicate(timeout=120)
    assert second.returncode == 1, told
    assert "cannot be reached within 2 s" in told
    server.start()
    third = started(60)
    _, told = third.communicate(timeout=200)
    assert third.returncode == 0, told
    from ketarag.indexing.folder import read_index
    from ketarag.integrations.milvus import MilvusStore
    from ketarag.stores import Address

    opened = read_index(index)
    held = MilvusStore(Address.parse(store), opened.manifest.dimension, note.partition)
    assert sorted(name.partition(":")[2] for name in held.ids()) == sorted(opened.passages.names)
    vectors = remote.Remote(note, lambda partition: held).over(opened)
    for passage in opened.passages[::9]:
        row = opened.vectors.vectors([passage.id])
        assert [score for _, score in vectors.search(row, 3)] == pytest.approx(
            [score for _, score in opened.vectors.search(row, 3)], abs=1e-5
        )


def test_one_server_keeps_two_indexes_apart(server: MilvusServer) -> None:
    import numpy as np

    from ketarag.integrations.milvus import MilvusStore
    from ketarag.stores import Address

    place = Address.parse(f"{server.address}?collection=apart")
    one, other = MilvusStore(place, 4, "one"), MilvusStore(place, 4, "other")
    rows = np.eye(4, dtype=np.float32)
    one.add(["a", "b"], rows[:2])
    other.add(["c"], rows[:1])
    other.delete(["a"])
    assert (len(one), len(other)) == (2, 1)
    assert [name for name, _ in one.search(rows[:1], 3)] == ["a", "b"]
    assert [name for name, _ in other.search(rows[:1], 3)] == ["c"]
    assert sorted(one.ids()) == ["a", "b"]


def test_an_address_that_is_none_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    from ketarag.loading import index_corpus, load_parts

    for work in (load_parts, index_corpus):
        with pytest.raises(SettingsError, match="not of a kind known here"):
            work(Settings(store="http://store", index=tmp_path / "index"), lambda line: pytest.fail(line))


def test_a_first_ingest_without_the_server_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ketarag.loading import index_corpus

    monkeypatch.setattr(milvus, "SECONDS", 1.0)
    settings = Settings(index=tmp_path / "index", store=f"milvus://127.0.0.1:{free_port()}")
    with pytest.raises(StoreError, match="cannot be reached"):
        index_corpus(settings, lambda line: None)
