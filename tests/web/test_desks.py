"""What sessions have brought along: apart from each other, bounded, forgotten in time."""

from __future__ import annotations

import base64
import gc
import weakref
from collections.abc import Iterator

import desk_assistant
import pytest
from fake_assistant import DOCUMENT
from starlette.types import Message, Receive, Scope, Send

from ketarag.errors import CorpusError
from ketarag.web.auth import Principal
from ketarag.web.failures import ServiceError
from ketarag.web.uploads import Desk, Desks, Held, Ready, SigningOut, UploadLimits, cookie_header

TEXT = b"Zorbitol is given once a day.\n"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desks(clock: Clock) -> Iterator[Desks]:
    made = make(clock)
    yield made
    made.close()


def make(clock: Clock, **limits: float) -> Desks:
    return Desks(desk_assistant.ready(), UploadLimits(**limits), clock)  # type: ignore[arg-type]


def scope(cookie: str | None = None, user: str = "anna", scheme: str = "http") -> Scope:
    name = "__Host-ketarag-documents" if scheme == "https" else "ketarag-documents"
    headers = [(b"cookie", f"other=1; {name}={cookie}".encode())] if cookie else []
    return {"type": "http", "scheme": scheme, "headers": headers, "ketarag.principal": Principal("user", user)}


def upload(desks: Desks, where: Scope, name: str = "a.txt", data: bytes = TEXT) -> tuple[Held, str | None]:
    """The document and the value of a new session's cookie."""
    with desks.coming(where) as (desk, cookie):
        desks.enter(desk)
        *_, last = desks.add(desk, name, data)
    assert isinstance(last, Ready)
    return last.held, cookie


def begin(desks: Desks, user: str = "anna", **more: object) -> str:
    """A session with a document; gives its cookie."""
    _, cookie = upload(desks, scope(user=user), **more)  # type: ignore[arg-type]
    assert cookie is not None
    return cookie


def titles(desks: Desks, where: Scope) -> list[str]:
    return [document.title for document in desks.assistant_for(where).documents if document.id != DOCUMENT.id]


def test_a_session_is_a_random_cookie_of_256_bits_that_is_not_kept(desks: Desks) -> None:
    cookies = {begin(desks) for _ in range(5)}
    assert len(cookies) == 5
    for cookie in cookies:
        assert len(base64.urlsafe_b64decode(cookie + "=")) == 32
        assert cookie not in repr(desks._desks.keys())


def test_what_was_brought_along_is_asked_in_its_session_only(desks: Desks) -> None:
    one, other = begin(desks), begin(desks, name="b.txt", data=b"Something else.")
    assert titles(desks, scope(one)) == ["a"]
    assert titles(desks, scope(other)) == ["b"]
    assert titles(desks, scope()) == titles(desks, scope("made-up")) == []
    assert desks.assistant_for(scope()) is desks._assistant


def test_the_cookie_of_somebody_else_opens_nothing(desks: Desks) -> None:
    cookie = begin(desks)
    stolen = scope(cookie, user="berta")
    assert desks.held(stolen) == []
    assert desks.assistant_for(stolen) is desks._assistant
    assert not desks.remove(stolen, desks.held(scope(cookie))[0].document.id)
    desks.clear(stolen)
    assert titles(desks, scope(cookie)) == ["a"]
    _, fresh = upload(desks, stolen, data=b"Berta's own.")
    assert fresh not in (None, cookie)
    assert len(desks.held(scope(fresh, user="berta"))) == 1


def test_ids_hold_the_content_and_never_meet_those_of_the_library(desks: Desks) -> None:
    cookie = begin(desks, name=DOCUMENT.id)
    first = desks.held(scope(cookie))[0].document
    second, _ = upload(desks, scope(cookie), DOCUMENT.id, b"Another content.")
    assert len({DOCUMENT.id, first.id, second.document.id}) == 3
    assert first.id.startswith(first.sha256[:16])
    assert first.publisher == "Added by you, for this session only"


def test_titles_tell_documents_of_one_name_apart(desks: Desks) -> None:
    cookie = begin(desks, name="Ketamine Pharmacology and Cancer Pain.txt")
    upload(desks, scope(cookie), "Ketamine Pharmacology and Cancer Pain.txt", b"A second one.")
    told = [document.title for document in desks.assistant_for(scope(cookie)).documents]
    assert len(set(told)) == 3


def test_the_same_file_is_refused_a_second_time(desks: Desks) -> None:
    cookie = begin(desks)
    with pytest.raises(ServiceError, match="there already, as a"):
        upload(desks, scope(cookie), "b.txt")


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.txt", "C:\\secret\\a.txt", "/a.txt", "a\0\u202etxt.txt", "x" * 400 + ".txt"]
)
def test_of_a_path_only_the_name_counts(desks: Desks, name: str) -> None:
    held, _ = upload(desks, scope(), name)
    assert not set("/\\\0\u202e") & set(held.document.id)
    assert len(held.name) <= 200


def test_removing_one_leaves_the_others(desks: Desks) -> None:
    cookie = begin(desks)
    upload(desks, scope(cookie), "b.txt", b"Something else.")
    (first, _) = desks.held(scope(cookie))
    assert not desks.remove(scope(cookie), "unknown")
    assert desks.remove(scope(cookie), first.document.id)
    assert titles(desks, scope(cookie)) == ["b"]
    desks.clear(scope(cookie))
    assert len(desks) == 0
    assert desks.assistant_for(scope(cookie)) is desks._assistant


def test_removing_the_last_one_gives_the_shared_assistant_back(desks: Desks) -> None:
    cookie = begin(desks)
    assert desks.remove(scope(cookie), desks.held(scope(cookie))[0].document.id)
    assert desks.assistant_for(scope(cookie)) is desks._assistant


def test_what_is_forgotten_is_out_of_memory(desks: Desks) -> None:
    cookie = begin(desks)
    kept = weakref.ref(desks.held(scope(cookie))[0].prepared.shelved.lexical)
    desks.clear(scope(cookie))
    gc.collect()
    assert kept() is None


def test_what_is_not_used_is_forgotten(desks: Desks, clock: Clock) -> None:
    idle, used = begin(desks), begin(desks)
    clock.now = 3000
    desks.assistant_for(scope(used))
    assert desks.sweep() == 600
    clock.now = 3600
    assert titles(desks, scope(idle)) == []
    assert titles(desks, scope(used)) == ["a"]
    clock.now = 7200
    assert desks.sweep() is None
    assert len(desks) == 0


def test_a_session_is_not_forgotten_while_its_file_is_read(desks: Desks, clock: Clock) -> None:
    cookie = begin(desks)
    with desks.coming(scope(cookie)):
        clock.now = 10_000
        desks.sweep()
        assert len(desks) == 1


def test_a_session_holds_a_number_of_documents_even_when_they_come_at_once(clock: Clock) -> None:
    desks = make(clock, documents=2)
    cookie = begin(desks)
    with (
        desks.coming(scope(cookie)),
        pytest.raises(ServiceError, match="2 documents already") as refused,
        desks.coming(scope(cookie)),
    ):
        pass
    assert refused.value.status == 409
    upload(desks, scope(cookie), "b.txt", b"Something else.")
    with pytest.raises(ServiceError, match="2 documents already"):
        upload(desks, scope(cookie), "c.txt", b"A third.")


def test_files_under_way_are_bounded_for_one_and_for_all(clock: Clock) -> None:
    desks = make(clock, arriving=1, at_once=1, waiting=1)
    cookie = begin(desks)
    with desks.coming(scope(cookie)):
        with pytest.raises(ServiceError, match="under way") as of_one, desks.coming(scope(cookie)):
            pass
        with (
            desks.coming(scope()),
            pytest.raises(ServiceError, match="Too many files") as of_all,
            desks.coming(scope()),
        ):
            pass
    assert (of_one.value.status, of_all.value.status) == (429, 503)
    upload(desks, scope(cookie), "b.txt", b"Room again.")


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.txt", b"", "is empty"),
        ("a.txt", b"x" * 101, "more than 100"),
        ("a.exe", b"MZ", "readable are"),
        ("a.txt", b"MZ\x90\x00\x03", "a program"),
        ("a.pdf", b"<html>not a PDF", "not PDF"),
        ("a.txt", b"\n \n", "white space"),
    ],
)
def test_what_cannot_be_read_says_why_and_leaves_nothing(clock: Clock, name: str, data: bytes, told: str) -> None:
    desks = make(clock, bytes=100)
    with pytest.raises(CorpusError, match=told):
        upload(desks, scope(), name, data)
    assert len(desks) == 0
    assert desks._coming == 0


def test_characters_are_bounded_over_all_documents(clock: Clock) -> None:
    desks = make(clock, characters=60)
    cookie = begin(desks)
    with pytest.raises(CorpusError, match="more than 30"):
        upload(desks, scope(cookie), "b.txt", b"Words and more words, and then some more.")
    assert titles(desks, scope(cookie)) == ["a"]


def test_two_files_that_come_at_once_do_not_pass_the_bound_together(clock: Clock) -> None:
    desks = make(clock, characters=60)
    with desks.coming(scope()) as (desk, _):
        desks.enter(desk)
        first, second = desks.add(desk, "a.txt", TEXT), desks.add(desk, "b.txt", b"Another text, a little longer.... ")
        for _ in range(3):
            next(first), next(second)  # both are read before either is put on the desk
        assert isinstance(next(first), Ready)
        with pytest.raises(ServiceError, match="Together"):
            next(second)


def test_the_session_used_longest_ago_makes_room(clock: Clock) -> None:
    desks = make(clock, sessions=2)
    first, second = begin(desks, "anna"), begin(desks, "berta")
    desks.assistant_for(scope(first, "anna"))
    begin(desks, "carla")
    assert titles(desks, scope(first, "anna")) == ["a"]
    assert titles(desks, scope(second, "berta")) == []


def test_one_user_ends_own_sessions_and_nobody_elses(clock: Clock) -> None:
    desks = make(clock, sessions=10, each=2)
    other = begin(desks, "berta")
    mine = [begin(desks, "anna") for _ in range(5)]
    assert [titles(desks, scope(cookie, "anna")) for cookie in mine] == [[], [], [], ["a"], ["a"]]
    assert titles(desks, scope(other, "berta")) == ["a"]


def test_memory_is_bounded_over_all_sessions(clock: Clock) -> None:
    desks = make(clock, memory=35_000_000)
    cookies = [begin(desks, f"user {number}") for number in range(4)]
    assert [bool(titles(desks, scope(cookie, f"user {at}"))) for at, cookie in enumerate(cookies)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_question_goes_on_when_its_session_ends(desks: Desks) -> None:
    cookie = begin(desks)
    answering = desks.assistant_for(scope(cookie))
    desks.clear(scope(cookie))
    assert answering.documents[-1].title == "a"


def test_a_file_whose_session_ended_meanwhile_is_not_kept(desks: Desks) -> None:
    with desks.coming(scope()) as (desk, cookie):
        desks.enter(desk)
        steps = desks.add(desk, "a.txt", TEXT)
        next(steps)
        desks.forget(scope(cookie))
        with pytest.raises(ServiceError, match="session ended"):
            list(steps)
    assert len(desks) == 0


def test_a_step_that_nobody_asks_for_does_not_happen(desks: Desks) -> None:
    with desks.coming(scope()) as (desk, cookie):
        desks.enter(desk)
        steps = desks.add(desk, "a.txt", TEXT)
        for _ in range(3):
            next(steps)  # all passages are embedded
        steps.close()
    assert titles(desks, scope(cookie)) == []
    assert len(desks) == 0


def test_over_https_the_cookie_is_secure_and_of_this_host(desks: Desks) -> None:
    assert cookie_header(scope(scheme="https"), "v") == (
        "__Host-ketarag-documents=v; Path=/; HttpOnly; SameSite=Strict; Secure"
    )
    assert cookie_header(scope(), "v") == "ketarag-documents=v; Path=/; HttpOnly; SameSite=Strict"
    cookie = begin(desks)
    assert titles(desks, scope(cookie, scheme="https")) == ["a"]
    plain = {**scope(cookie), "scheme": "https"}
    assert titles(desks, plain) == []


@pytest.mark.parametrize(
    ("path", "method", "status", "left"),
    [
        ("/logout", "POST", 303, []),
        ("/logout", "POST", 403, ["a"]),
        ("/logout", "GET", 303, ["a"]),
        ("/", "POST", 303, ["a"]),
    ],
)
async def test_signing_out_takes_the_documents_along(
    desks: Desks, path: str, method: str, status: int, left: list[str]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})

    async def nothing(message: Message | None = None) -> Message:
        return {}

    cookie = begin(desks)
    where = {**scope(cookie), "path": path, "method": method}
    await SigningOut(app, desks)(where, nothing, nothing)  # type: ignore[arg-type]
    assert titles(desks, scope(cookie)) == left


def test_a_stop_forgets_everything(clock: Clock) -> None:
    desks = make(clock)
    begin(desks)
    desks.close()
    assert len(desks) == 0
    assert not desks.workers.open


def test_a_desk_is_not_compared_by_what_is_on_it() -> None:
    assert Desk(b"k", "anna", 0.0) != Desk(b"k", "anna", 0.0)
