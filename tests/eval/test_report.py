"""The page and the summary of a night: complete, escaped, the same for the same night, and readable by who cannot see colours."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st
from made_runs import DOCUMENT, TEXT, answer, declined, environment, night, quote, with_answer

from eval.figures import MEANS
from eval.gate import HIGHER_IS_WORSE, NEITHER
from eval.record import Change, Comparison, Failure, Figure, QuestionRecord, Run
from eval.report import HistoryPoint, Material, html, markdown
from eval.report.cases import anchor, changed
from eval.report.headline import headline, lasted, plural, when
from eval.report.material import OUTCOMES, outcome
from eval.report.meanings import Meaning, meaning
from eval.report.page import HERE
from eval.report.plots import reliability_diagram, risk_diagram, sparkline, stacked_bar
from eval.report.source import Place, excerpts
from eval.report.summary import MOST_CASES
from eval.report.tables import (
    claim_rows,
    confusion,
    environment_rows,
    figure_rows,
    slowest,
    speed_ratio,
    step_rows,
)
from eval.report.words import marked

CHROMIUM = Path("/usr/bin/chromium")
SENTENCE = (
    "Failed: 4 cases worse; facts below the baseline; near_declined out of bounds; near_auroc not measured; "
    "1 case and latency slower."
)
EVIL = "<script>alert(1)</script> & \"q\" 'a' <img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def material() -> Material:
    return night()


@pytest.fixture(scope="module")
def page(material: Material) -> str:
    return html(material)


@pytest.fixture(scope="module")
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def record(name: str = "case", **other: object) -> QuestionRecord:
    values = {
        "id": name, "split": "test", "category": "fact", "cluster": name, "history": (), "question": "What?", "answerable": True,
        "wanted": ("phencyclidine",), "gold": (quote(873, 1003),), "answer": answer([quote(873, 1003)], 0.9), "error": "",
        "scores": {"facts": 1.0, "exact": 1.0}, "timings_ms": {"all": 100.0},
    }  # fmt: skip
    return QuestionRecord.model_validate(values | other)


def run_of(*questions: QuestionRecord, **other: object) -> Run:
    return Run(environment=environment(**other), questions=questions, claims=())


def parsed(material: Material) -> BeautifulSoup:
    return BeautifulSoup(html(material), "html.parser")


def words_of(tag: Tag | BeautifulSoup) -> str:
    return " ".join(tag.get_text(" ").split())


# The whole page


def test_the_page_needs_nothing_beside_itself(page: str, soup: BeautifulSoup) -> None:
    assert not re.search(r"https?://|@import|url\(", page)
    assert [tag["href"] for tag in soup.find_all("link")] == ["data:,"]
    assert not soup.find_all(["img", "iframe", "object", "embed", "base", "form"])
    assert [script.attrs for script in soup.find_all("script")] == [{}]
    assert "default-src 'none'" in str(soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"}))


def test_the_policy_lets_this_script_run_and_no_other(soup: BeautifulSoup) -> None:
    import base64

    digest = base64.b64encode(hashlib.sha256(soup.find("script").string.encode()).digest()).decode()
    assert (
        f"script-src 'sha256-{digest}'" in soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    )


def test_every_link_leads_somewhere_and_every_place_is_named_once(soup: BeautifulSoup) -> None:
    ids = Counter(tag["id"] for tag in soup.find_all(id=True))
    assert [name for name, count in ids.items() if count > 1] == []
    links = {tag["href"].removeprefix("#") for tag in soup.find_all("a")}
    assert links <= ids.keys()
    assert not any(re.search(r"\s", name) for name in ids)


def test_tables_say_what_they_are_and_what_their_heads_are_of(soup: BeautifulSoup) -> None:
    assert len(soup.find_all("table")) >= 8
    for table in soup.find_all("table"):
        assert table.caption is not None
    assert [th for th in soup.find_all("th") if th.get("scope") not in ("col", "row")] == []
    assert all(svg.title or svg.get("aria-hidden") for svg in soup.find_all("svg"))


def test_the_sections_stand_in_the_order_of_the_morning(soup: BeautifulSoup) -> None:
    assert [section["id"] for section in soup.main.find_all("section", recursive=False)] == [
        "figures", "changes", "outcomes", "rest", "confidence", "claims", "time", "environment",
    ]  # fmt: skip


def test_the_same_night_gives_the_same_page_in_another_process(page: str) -> None:
    code = "import hashlib, made_runs, eval.report as r; print(hashlib.sha256(r.html(made_runs.night()).encode()).hexdigest())"
    paths = os.pathsep.join(str(path) for path in (Path(__file__).parents[2], Path(__file__).parent))
    for seed in ("1", "2"):
        variables = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == hashlib.sha256(page.encode()).hexdigest()


def test_a_page_of_six_hundred_cases_is_no_burden(material: Material) -> None:
    many = [
        r.model_copy(update={"id": f"{r.id}-{at}", "scores": {"exact": 0.0}})
        for at in range(10)
        for r in material.run.questions
    ]
    assert len(html(replace(material, run=material.run.model_copy(update={"questions": tuple(many)})))) < 3_000_000


def test_an_empty_run_is_a_page_and_a_summary() -> None:
    nothing = Material(run=run_of(), figures={})
    assert "No question was answered." in html(nothing)
    assert markdown(nothing).startswith("# Not judged")


# Escaping


def evil() -> Material:
    """Markup wherever text can come from."""
    given = answer([quote(873, 1003)], 0.9, EVIL, standalone=EVIL).model_copy(
        update={"warnings": (EVIL,), "claims": (EVIL,)}
    )
    asked = record(f"id {EVIL}", category=EVIL, history=(EVIL,), question=EVIL, wanted=(EVIL,), answer=given)
    off = record("off", answer=answer([quote(5, 9).model_copy(update={"quote": EVIL, "document_id": EVIL})], 0.5))
    no = with_answer(record("no"), declined([quote(873, 1003)], 0.1).model_copy(update={"reason": EVIL}))
    broken = record("broken", answer=None, error=EVIL)
    claims = [
        c.model_copy(update={"claim": EVIL, "kind": EVIL, "problems": (EVIL,), "accepted": True})
        for c in night().run.claims
    ]
    now = Run(
        environment=environment(
            commit=EVIL,
            machine=EVIL,
            suite=EVIL,
            fingerprint=EVIL,
            started=EVIL,
            versions={EVIL: EVIL},
            hashes={EVIL: "1"},
        ),
        questions=(asked, off, no, broken),
        claims=tuple(claims),
    )
    before = run_of(record(asked.id), record("off"), record("no"), record("broken"), hashes={EVIL: EVIL})
    figure = Figure(value=0.5, count=4, low=0.2, high=0.8)
    failures = (Failure(kind=EVIL, name=EVIL, message=EVIL, cases=(asked.id, EVIL, claims[0].id)),)
    changes = tuple(Change(id=r.id, verdict="worse", why=(EVIL,)) for r in now.questions)
    return Material(
        run=now, figures={"test": {EVIL: figure}, EVIL: {EVIL: figure}}, baseline=before,
        baseline_figures={"test": {EVIL: figure}}, comparison=Comparison(changes=changes, p_values={EVIL: 0.1}, failures=failures),
        history=[HistoryPoint(commit=EVIL, started="x" + EVIL, figures={"test": {EVIL: 0.4}}, passed=True)],
        documents={DOCUMENT: TEXT[:900] + EVIL + TEXT[900 + len(EVIL) :]}, at_least={EVIL: 0.9},
    )  # fmt: skip


def test_markup_in_a_case_shows_as_text() -> None:
    page = html(evil())
    soup = BeautifulSoup(page, "html.parser")
    assert len(soup.find_all("script")) == 1
    assert not soup.find_all("img")
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert words_of(soup).count("<script>alert(1)</script>") > 30
    assert "<script>alert" not in page


def test_markup_in_a_case_shows_as_text_in_the_summary() -> None:
    text = markdown(evil())
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert "<" not in outside
    assert "&lt;script>" in outside


def test_the_summary_lets_no_name_of_a_case_be_read_as_markup() -> None:
    case = record("a|b`c", question="Ask @someone *now* [x](http://y) a_b | _c_ ~~d~~\n# head")
    changes = (Change(id=case.id, verdict="worse", why=("x",)),)
    told = Material(
        run=run_of(case),
        figures={},
        baseline=run_of(case),
        comparison=Comparison(changes=changes, p_values={}, failures=()),
    )
    (line,) = [line for line in markdown(told).split("\n") if "Ask" in line]
    assert line == r"- `a b c` Ask @" + "\u2060" + r"someone \*now\* [x\](http://y) a_b \| \_c\_ \~\~d\~\~ # head: x"


# 1. Passed or failed, and why


def test_a_failed_night_says_why_and_links_the_cases(soup: BeautifulSoup, material: Material) -> None:
    assert soup.h1.get_text() == SENTENCE
    assert "facts 1.00 -> 0.00. What share of an injected dose" in words_of(soup.header)
    reasons = soup.select(".reasons ul > li")
    assert len(reasons) == len(material.failures)
    for reason, failure in zip(reasons, material.failures, strict=True):
        assert reason.get_text().strip().startswith(f"{failure.name}: {failure.message}.")
        for case in failure.cases:
            assert reason.find("a", href=f"#{anchor(case)}").get_text() == case
            assert case in words_of(soup.find(id=anchor(case)))


def test_many_failures_of_a_kind_are_folded_after_the_first(material: Material) -> None:
    failures = tuple(Failure(kind="worse", name=f"c{at}", message="m", cases=(f"c{at}",)) for at in range(11))
    told = replace(material, comparison=Comparison(changes=(), p_values={}, failures=failures))
    header = parsed(told).header
    assert header.h1.get_text() == "Failed: 11 cases worse."
    assert header.summary.get_text() == "and 3 more"
    assert [words_of(item) for item in header.details.find_all("li")] == ["c8: m.", "c9: m.", "c10: m."]
    assert "- and 1 more" in markdown(told)


def test_a_case_that_is_gone_is_named_without_a_link(material: Material) -> None:
    failures = (Failure(kind="stale", name="cases", message="a case was taken out", cases=("gone-1",)),)
    told = replace(material, comparison=Comparison(changes=(), p_values={}, failures=failures))
    (reason,) = parsed(told).select(".reasons ul > li")
    assert "gone-1" in reason.get_text()
    assert reason.find("a") is None


@pytest.mark.parametrize(
    ("comparison", "baseline", "sentence"),
    [
        (None, None, "Not judged: this run was compared with nothing."),
        (Comparison(changes=(), p_values={}, failures=()), None,
         "Passed: no threshold applies; there is no baseline to compare with."),
        (Comparison(changes=(), p_values={}, failures=()), run_of(),
         "Passed: no threshold applies, and nothing got worse than the baseline beyond chance."),
        (Comparison(changes=(), p_values={}, failures=tuple(Failure(kind="threshold", name=name, message="m") for name in "abcdef")), None,
         "Failed: a, b, c, d and 2 more out of bounds."),
        (Comparison(changes=(), p_values={}, failures=(Failure(kind="stale", name="corpus", message="m"),)), run_of(),
         "Failed: a new baseline is needed."),
    ],
)  # fmt: skip
def test_the_first_sentence(comparison: Comparison | None, baseline: Run | None, sentence: str) -> None:
    assert headline(Material(run=run_of(), figures={}, baseline=baseline, comparison=comparison)).sentence == sentence


def test_the_header_names_commit_state_date_duration_and_machine(material: Material) -> None:
    run = material.run.model_copy(update={"environment": environment(dirty=True)})
    for header in (words_of(parsed(replace(material, run=run)).header),):
        assert "25 November 2025, 02:14 UTC" in header
        assert "5f1c2a9be0 with changes that are not committed" in header
        assert "took 14 min 3 s on Linux 6.1, 2 × AMD EPYC 7B13, 16 GB" in header
        assert "Changed since the baseline: model reader." in header
        assert "Of 60 questions and 19 claims: 4 got worse, 1 got better, 1 changed otherwise." in header


@pytest.mark.parametrize(
    ("earlier", "fails", "line"),
    [
        ([True, False, False], True, "It has failed 3 times in a row, since 2 May 2025, 00:00."),
        ([True, True], True, "The run before had passed."),
        ([False, True, True], False, "It also passed the 2 runs before."),
        ([True, False], False, "The run before had failed."),
    ],
)
def test_how_long_it_has_been_like_this(earlier: list[bool], fails: bool, line: str) -> None:
    points = [
        HistoryPoint(commit="c", started=f"2025-05-{day:02d}", figures={}, passed=passed)
        for day, passed in enumerate(earlier, 1)
    ]
    failures = (Failure(kind="missing", name="x", message="m"),) if fails else ()
    told = Material(
        run=run_of(), figures={}, comparison=Comparison(changes=(), p_values={}, failures=failures), history=points
    )
    assert headline(told).beside == (line,)


def test_the_run_itself_is_not_one_of_the_nights_before(material: Material) -> None:
    assert len(material.earlier) == len(material.history) - 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (843.2, "14 min 3 s"), (3599.7, "1 h 0 min"), (7500, "2 h 5 min")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert lasted(seconds) == words


def test_dates_and_counts_in_words() -> None:
    assert when("2025-01-05T23:59:01+00:00") == "5 January 2025, 23:59 UTC"
    assert when("yesterday") == "yesterday"
    assert (plural(1, "case"), plural(0, "case"), plural(2, "story", "stories")) == ("1 case", "0 cases", "2 stories")


def test_a_run_of_a_few_cases_is_held_against_those_of_the_baseline(material: Material) -> None:
    few = tuple(r for r in material.run.questions if r.category == "number" and r.split == "test")
    part = replace(material, run=Run(environment=environment(suite="part"), questions=few, claims=()))
    assert [r.id for r in part.baseline_shared.questions] == [r.id for r in few]
    totals = parsed(part).select("#outcomes tr.sum")
    assert [words_of(cell) for cell in totals[0].find_all("td")][:3] == ["4", "3 (4)", "1 (0)"]


# 2. The figures


def row_of(soup: BeautifulSoup, name: str) -> list[str]:
    table = soup.find(id="figures").find("table")
    (row,) = [row for row in table.find_all("tr") if row.code and row.code.get_text() == name]
    return [words_of(cell) for cell in row.find_all(["th", "td"])]


def test_a_figure_with_all_that_is_known_of_it(soup: BeautifulSoup, material: Material) -> None:
    now, before = material.figures["test"]["facts"], material.baseline_figures["test"]["facts"]
    assert now.value < before.value
    name, value, baseline, difference, p_value, threshold, count, plot = row_of(soup, "facts")
    assert (
        name
        == "facts below the baseline Share of the wanted facts that stand in the answer, first questions of a conversation"
    )
    assert value == f"{now.value:.3f} {now.low:.3f} to {now.high:.3f}"
    assert baseline == f"{before.value:.3f}"
    assert difference == f"−{before.value - now.value:.3f} worse"
    assert (p_value, threshold, count) == ("0.031", "≥ 0.75", str(now.count))
    assert re.fullmatch(r"facts, 21 runs: from 0\.\d{3} to 0\.\d{3}, last 0\.\d{3}", plot)


def test_small_chances_and_missing_figures(soup: BeautifulSoup) -> None:
    assert row_of(soup, "answerable_declined")[4] == "< 0.001"
    assert row_of(soup, "near_auroc")[1:] == ["not measured", "–", "–", "–", "≥ 0.88", "–", ""]


def test_what_is_in_trouble_stands_first_then_what_has_a_threshold(material: Material) -> None:
    rows = figure_rows(material, "test")
    kinds = [(bool(row.trouble), bool(row.bound)) for row in rows]
    assert kinds == sorted(kinds, key=lambda kind: (not kind[0], not kind[1]))
    assert {row.name for row in rows} == {*material.figures["test"], "near_auroc"}


def test_thresholds_and_chances_are_those_of_the_split_that_decides(material: Material) -> None:
    assert material.splits == ("test", "dev")
    assert all((row.bound, row.p_value, row.trouble) == ("", None, "") for row in figure_rows(material, "dev"))


def test_every_figure_that_is_reckoned_or_has_a_threshold_has_words() -> None:
    wanted = tomllib.loads((HERE.parent / "thresholds.toml").read_text(encoding="utf-8"))
    for name in (
        *(mean.name for mean in MEANS),
        "near_auroc",
        "risk_area",
        "latency_p95_ms",
        *wanted["at_least"],
        *wanted["at_most"],
    ):
        assert meaning(name).text, name
    assert all(meaning(name).better == "higher" for name in wanted["at_least"])
    assert all(meaning(name).better == "lower" for name in {*wanted["at_most"], *HIGHER_IS_WORSE})
    assert all(meaning(name).better == "" for name in NEITHER)


@pytest.mark.parametrize(
    ("name", "change", "written", "direction"),
    [
        ("facts", -0.05, "−0.050", "worse"),
        ("facts", 0.0004, "0.000", ""),
        ("errors", 0.01, "+0.010", "worse"),
        ("latency_p50_ms", -12.4, "−12", "better"),
        ("sentences", 0.5, "+0.50", ""),
    ],
)
def test_a_difference_and_what_it_is(name: str, change: float, written: str, direction: str) -> None:
    assert meaning(name).difference(change) == written
    assert meaning(name).direction(change) == direction


def test_a_figure_without_words_is_read_by_its_name() -> None:
    assert meaning("claims_food_colour").text == "Claims altered in their food colour, rejected"
    assert meaning("retrieve_ms") == Meaning("", "lower", "ms")
    assert meaning("anything") == Meaning("")


# 3. What got worse, better, changed


def test_each_change_shows_both_answers_with_the_words_that_differ(soup: BeautifulSoup, material: Material) -> None:
    card = soup.find(id=anchor(material.comparison.changes[0].id))
    assert card.has_attr("open")
    assert [tag.get_text() for tag in card.find_all("del")] == ["90%"]
    assert [tag.get_text() for tag in card.find_all("ins")] == ["23%"]
    assert "Wanted: 90%" in words_of(card)
    assert [words_of(tag) for tag in card.find_all("h4")][:2] == [
        "Baseline answered right, confidence 0.63",
        "Now answered wrong, confidence 0.71",
    ]


def test_a_moved_citation_is_told_and_shown_in_the_source(soup: BeautifulSoup, material: Material) -> None:
    card = soup.find(id=anchor(material.comparison.changes[1].id))
    assert not card.find_all(["ins", "del"])
    assert "The same words in both, on another place in the source" in words_of(card)
    marks = [(tuple(mark["class"]), mark.get_text()) for mark in card.find_all("mark")]
    assert [labels for labels, _ in marks] == [("before", "gold"), ("now",)]
    assert marks[0][1].startswith("Ketamine, a derivative of phencyclidine")
    assert marks[1][1].startswith("Ketamine is the most potent")


def test_a_claim_that_is_judged_otherwise_is_one_of_the_changes(soup: BeautifulSoup, material: Material) -> None:
    card = words_of(soup.find(id=anchor(material.comparison.changes[3].id)))
    assert "Wanted: accepted" in card
    assert "Baseline accepted" in card
    assert "Now rejected (0.12) number not in the source: 50" in card


def test_a_conversation_is_shown_with_what_was_asked_before() -> None:
    case = record("follow", history=("Is it given by mouth?",), question="and why?", scores={"exact": 0.0})
    card = words_of(parsed(Material(run=run_of(case), figures={})).find(id=anchor("follow")))
    assert card.startswith("Is it given by mouth? and why? follow, fact, test: answered wrong")


def test_a_case_that_only_a_failure_names_is_shown_with_the_failure(material: Material) -> None:
    (slow,) = [failure for failure in material.failures if failure.kind == "slower" and failure.name != "latency"]
    (card,) = [card for card in changed(material)["named"] if card.record.id == slow.name]
    assert card.why == (slow.message,)


def test_where_both_point_to_the_same_places_the_baseline_is_not_marked() -> None:
    case = record("same", scores={"exact": 0.0})
    comparison = Comparison(changes=(), p_values={}, failures=())
    told = Material(
        run=run_of(case), figures={}, baseline=run_of(case), comparison=comparison, documents={DOCUMENT: TEXT}
    )
    card = parsed(told).find(id=anchor("same"))
    assert [mark["class"] for mark in card.find_all("mark")] == [["gold", "now"]]
    assert "Answer, the same in the baseline" in words_of(card)


def test_a_crash_is_shown_in_the_place_of_the_answer() -> None:
    now = run_of(record("boom", answer=None, error="index out of range", scores={}))
    changes = (Change(id="boom", verdict="worse", why=("crashed",)),)
    told = Material(
        run=now,
        figures={},
        baseline=run_of(record("boom")),
        comparison=Comparison(changes=changes, p_values={}, failures=()),
    )
    assert "Now crashed Crashed: index out of range" in words_of(parsed(told).find(id=anchor("boom")))
    assert "now: crashed: index out of range" in markdown(told)


def test_a_quote_that_the_source_does_not_hold_is_named() -> None:
    false = quote(873, 1003).model_copy(update={"quote": "Ketamine is harmless."})
    case = record("false", answer=answer([false], 0.9), scores={"exact": 0.0})
    for documents in ({DOCUMENT: TEXT}, {}):
        card = parsed(Material(run=run_of(case), figures={}, documents=documents)).find(id=anchor("false"))
        assert "Not in the document at the place given: “Ketamine is harmless.”" in words_of(card)


@given(st.text("ab .\n", max_size=40), st.text("ab .\n", max_size=40))
def test_marked_pieces_join_to_the_texts_and_the_rest_is_the_same(before: str, after: str) -> None:
    old, new = marked(before, after)
    assert "".join(piece.text for piece in old) == before
    assert "".join(piece.text for piece in new) == after
    same = [[word for piece in pieces if not piece.differs for word in piece.text.split()] for pieces in (old, new)]
    assert same[0] == same[1]
    if before.split() == after.split():
        assert not any(piece.differs for piece in (*old, *new))


PLACES = st.lists(
    st.tuples(st.integers(-5, 700), st.integers(-5, 60), st.sampled_from(["gold", "now", "before"])), max_size=6
)


@given(st.text("ab \n", max_size=600), PLACES)
def test_excerpts_are_the_source_and_mark_exactly_the_places(text: str, spans: list[tuple[int, int, str]]) -> None:
    places = [Place(start, start + length, label) for start, length, label in spans]
    inside = [place for place in places if 0 <= place.start < place.end <= len(text)]
    wanted: dict[int, set[str]] = {}
    for place in inside:
        for at in range(place.start, place.end):
            wanted.setdefault(at, set()).add(place.label)
    found: dict[int, set[str]] = {}
    last = -1
    for excerpt in excerpts(text, places):
        assert excerpt.start > last
        at, last = excerpt.start, excerpt.end
        for stretch in excerpt.stretches:
            assert text[at : at + len(stretch.text)] == stretch.text
            for offset in range(len(stretch.text)):
                if stretch.labels:
                    found.setdefault(at + offset, set()).update(stretch.labels)
            at += len(stretch.text)
        assert at == excerpt.end
    assert found == wanted


def test_an_excerpt_is_whole_words_of_one_paragraph_and_says_where_it_is_cut() -> None:
    text = "First.\n\n" + "word " * 60 + "Here. " + "word " * 60 + "end\n\nLast."
    (excerpt,) = excerpts(text, [Place(text.index("Here"), text.index("Here") + 5, "gold")])
    shown = text[excerpt.start : excerpt.end]
    assert set(shown.split()) == {"word", "Here."}
    assert (excerpt.cut_before, excerpt.cut_after) == (True, True)
    (whole,) = excerpts(text, [Place(0, 5, "gold")])
    assert (text[whole.start : whole.end], whole.cut_before, whole.cut_after) == ("First.", False, False)


@given(st.text(), st.text())
def test_cases_of_different_names_have_different_places(one: str, other: str) -> None:
    assert (anchor(one) == anchor(other)) == (one == other)
    assert re.fullmatch(r"[\w.~=-]+", anchor(one), re.ASCII)


# 4. Confusion, 5. confidence


CASES: Mapping[str, QuestionRecord] = {
    "answered right": record("a"),
    "answered wrong": record("b", scores={"exact": 0.0}),
    "declined right": with_answer(record("c", answerable=False, wanted=(), gold=()), declined([], 0.1)),
    "declined wrong": with_answer(record("d"), declined([quote(873, 1003)], 0.1)),
    "crashed": record("e", answer=None, error="x"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_how_a_question_came_out(name: str) -> None:
    assert outcome(CASES[name]) == name


def test_an_answer_to_what_the_document_does_not_answer_is_wrong() -> None:
    assert outcome(record(answerable=False, wanted=(), gold=(), scores={"exact": None})) == "answered wrong"


def test_confusion_counts_each_case_once_beside_the_baseline() -> None:
    other = record("f", category="number", split="dev")
    number = record("g", category="number", scores={"exact": 0.0})
    now, before = run_of(*CASES.values(), number, other), run_of(record("a"), record("g", category="number"))
    rows = {row.category: (row.counts, row.before) for row in confusion(now, before, "test")}
    assert rows == {
        "fact": ((1, 1, 1, 1, 1), (1, 0, 0, 0, 0)),
        "number": ((0, 1, 0, 0, 0), (1, 0, 0, 0, 0)),
        "all": ((1, 2, 1, 1, 1), (2, 0, 0, 0, 0)),
    }
    assert confusion(now, None, "blind") == ()


def test_what_is_not_right_is_listed_whether_or_not_it_is_new() -> None:
    told = parsed(Material(run=run_of(*CASES.values()), figures={}))
    assert [card["id"] for card in told.find(id="rest").find_all("details")] == [
        anchor(name) for name in ("b", "d", "e")
    ]


def test_both_diagrams_of_each_split_with_the_baseline_behind(soup: BeautifulSoup) -> None:
    diagrams = soup.find(id="confidence").find_all("svg")
    assert [svg.title.get_text() for svg in diagrams] == [
        "Reliability diagram, split test, 48 questions",
        "Risk-coverage curve, split test, 48 questions",
        "Reliability diagram, split dev, 12 questions",
        "Risk-coverage curve, split dev, 12 questions",
    ]
    for svg in diagrams:
        layers = [path["class"][0] for path in svg.find_all("path") if path["class"][0] in ("before", "now")]
        assert layers == ["before", "now"]


def test_reliability_is_of_answerable_and_risk_of_a_wrong_place() -> None:
    elsewhere = record("b", answer=answer([quote(1003, 1100)], 0.55))
    off = with_answer(record("c", answerable=False, wanted=(), gold=()), declined([], 0.15))
    section = parsed(Material(run=run_of(record("a"), elsewhere, off, CASES["crashed"]), figures={})).find(
        id="confidence"
    )
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in section.tbody.find_all("tr")]
    assert rows == [
        ["this run", "0.15", "0.00", "1"],
        ["this run", "0.55", "1.00", "1"],
        ["this run", "0.90", "1.00", "1"],
    ]
    risk = section.find_all("svg")[1].find("path", class_="now")["d"]
    heights = [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", risk)]
    assert heights == [256, 134, pytest.approx(256 - 244 * 2 / 3, abs=0.1)]  # 0 of 1, 1 of 2, 2 of 3 wrong


def test_points_lie_where_the_axes_say() -> None:
    svg = BeautifulSoup(reliability_diagram([(0.0, 0.0, 4), (1.0, 1.0, 16)], [], "t"), "html.parser")
    dots = [(float(dot["cx"]), float(dot["cy"]), float(dot["r"])) for dot in svg.find_all("circle")]
    assert dots == [(56, 256, 3.5), (388, 12, 7)]
    risk = risk_diagram([(0.5, 0.0), (1.0, 0.2)], [], "t")
    assert '<path class="now" d="M222 256L388 12"/>' in risk
    assert '<path class="before"' not in risk


def test_a_sparkline_runs_from_its_lowest_to_its_highest_value() -> None:
    svg = sparkline([0.5, 1.0, 0.5], 0.75, "t & t")
    assert '<path class="now" d="M3 22L60 4L117 22"/>' in svg
    assert '<path class="before" d="M0 13L120 13"/>' in svg
    assert "<title>t &amp; t</title>" in svg
    assert sparkline([0.5], None, "t") == ""


def test_a_wobble_looks_small_and_no_change_is_a_line() -> None:
    heights = [
        float(y)
        for y in re.findall(r"[ML][\d.]+ ([\d.]+)", re.search(r'now" d="([^"]+)', sparkline([0.9, 0.901], None, ""))[1])
    ]
    assert abs(heights[0] - heights[1]) < 1
    assert 'd="M3 4L117 4"' in sparkline([0.0, 0.0, 0.0], None, "")


@given(st.lists(st.integers(0, 50), min_size=5, max_size=5))
def test_a_bar_is_full_and_each_part_as_long_as_its_count(counts: list[int]) -> None:
    bar = stacked_bar(list(zip(OUTCOMES, counts, strict=True)))
    widths = [float(width) for width in re.findall(r'y="3" width="([\d.]+)"', bar)]
    assert len(widths) == sum(count > 0 for count in counts)
    assert sum(widths) == pytest.approx(120 if any(counts) else 0, abs=0.3)


# 6. Claims, 7. time, 8. environment


def test_claims_judged_wrong_by_kind(material: Material, soup: BeautifulSoup) -> None:
    rows = claim_rows(material.run, material.baseline, "test")
    assert sum(row.count for row in rows) == len(material.run.claims)
    assert {row.kind: (row.wrong, row.wrong_before) for row in rows if row.wrong} == {
        "paraphrase": (1, 1), "verbatim": (1, 0), "route": (1, 1),
    }  # fmt: skip
    assert [row.supported for row in rows] == sorted((row.supported for row in rows), reverse=True)
    listed = words_of(soup.find(id="claims"))
    assert all(claim.claim in listed for claim in material.run.claims if not claim.right)


def test_times_by_step_beside_the_baselines_at_the_speed_of_tonight() -> None:
    now = run_of(
        *(record(str(at), timings_ms={"read": 8.0 * at, "all": 10.0 * at}) for at in range(1, 21)), speed_unit_ms=60.0
    )
    before = run_of(record("1", timings_ms={"all": 10.0}), speed_unit_ms=40.0)
    rows = [(row.step, row.p50, row.p95, row.p50_before, row.p95_before) for row in step_rows(now, before)]
    assert rows == [("all", 105.0, pytest.approx(190.5), 15.0, 15.0), ("read", 84.0, pytest.approx(152.4), None, None)]
    slow = slowest(now, before)
    assert [row.record.id for row in slow] == [str(at) for at in range(20, 10, -1)]
    assert (slow[0].milliseconds, slow[0].longest, slow[0].before) == (200.0, "read", None)
    crashed = record("boom", answer=None, error="x", timings_ms={"all": 9000.0})
    assert step_rows(run_of(record(), crashed), None)[0].p95 == 100.0
    assert speed_ratio(now, None) == speed_ratio(now, run_of(speed_unit_ms=0.0)) == 1.0


def test_what_is_another_than_in_the_baseline_is_shown_beside_it(material: Material) -> None:
    rows = {row.name: row for row in environment_rows(material.run, material.baseline, "hashes")}
    assert rows["model reader"].before == "9e" * 32
    assert [row.before for name, row in rows.items() if name != "model reader"] == [None] * 3
    (new,) = environment_rows(run_of(versions={"a": "1"}), run_of(versions={}), "versions")
    (old,) = environment_rows(run_of(versions={}), run_of(versions={"a": "1"}), "versions")
    assert (new.value, new.before, old.value, old.before) == ("1", "–", "–", "1")


# The summary


def test_the_summary_of_a_failed_night(material: Material) -> None:
    text = markdown(material)
    assert text.startswith(f"# {SENTENCE}\n")
    for failure in material.failures:
        assert failure.message in text
        assert all(f"`{case}`" in text for case in failure.cases)
    assert "  - baseline: About 90% of a parenteral dose" in text
    assert "  - now: About 23% of a parenteral dose" in text
    assert "It points to: “Ketamine is the most potent" in text
    assert "| **`facts`** | 0.863 | 0.756 to 0.969 | 0.887 | −0.025 | 0.031 | ≥ 0.75 | 40 |" in text
    lines = [line for line in text.split("\n") if line.startswith("|")]
    assert {line.count("|") for line in lines} == {9}


def test_the_summary_shows_ten_cases_and_names_the_others() -> None:
    cases = [record(f"c{at}") for at in range(MOST_CASES + 2)]
    changes = tuple(Change(id=case.id, verdict="worse", why=()) for case in cases)
    run = run_of(*cases)
    text = markdown(
        Material(run=run, figures={}, baseline=run, comparison=Comparison(changes=changes, p_values={}, failures=()))
    )
    assert text.count("  - now: ") == MOST_CASES
    assert "- and 2 more: `c10`, `c11`" in text


# To be read: contrast, and in a browser


def colours(css: str) -> list[dict[str, str]]:
    """The named colours in light and in dark."""
    light, dark = (
        re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block) for block in re.findall(r":root \{([^}]*)\}", css)[:2]
    )
    return [dict(light), dict(light) | dict(dark)]


def contrast(one: str, other: str) -> float:
    """Of two colours, from 1 to 21. WCAG 2.2, contrast ratio and relative luminance."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXTS = [
    *((text, ground) for text in ("text", "soft", "link", "good", "bad") for ground in ("page", "surface")),
    *(("text", ground) for ground in ("good-tint", "bad-tint", "cited")),
    *((text, "bad-tint") for text in ("bad", "soft")),
    ("good", "good-tint"),
    ("warn", "warn-tint"),
]
SHAPES = ["now", "before", "gold", "answered-right", "answered-wrong", "crashed"]


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_contrast_is_enough_for_text_and_for_lines(mode: int) -> None:
    named = colours((HERE / "page.css").read_text(encoding="utf-8"))[mode]
    assert {pair: round(contrast(named[pair[0]], named[pair[1]]), 2) for pair in TEXTS
            if contrast(named[pair[0]], named[pair[1]]) < 4.5} == {}  # fmt: skip
    assert {name: round(contrast(named[name], named["surface"]), 2) for name in SHAPES
            if contrast(named[name], named["surface"]) < 3} == {}  # fmt: skip


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no {CHROMIUM}")
def test_in_a_browser_a_link_unfolds_its_case_and_nothing_of_a_case_is_run(
    page: str, material: Material, tmp_path: Path
) -> None:
    def shown(name: str, text: str, place: str) -> BeautifulSoup:
        (tmp_path / name).write_text(text, encoding="utf-8")
        command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
                   f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"file://{tmp_path / name}{place}"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return BeautifulSoup(done.stdout, "html.parser")

    case = material.comparison.changes[-1].id
    assert not BeautifulSoup(page, "html.parser").find(id=anchor(case)).has_attr("open")
    opened = shown("page.html", page, f"#{anchor(case)}")
    assert opened.find(id=anchor(case)).has_attr("open")
    assert not opened.find(id="category").parent.has_attr("hidden")
    (name,) = {r.id for r in evil().run.questions if r.id.startswith("id ")}
    attacked = shown("evil.html", html(evil()), f"#{anchor(name)}")
    assert attacked.find(id=anchor(name)).summary.find(class_="question").get_text() == unescape(EVIL)
