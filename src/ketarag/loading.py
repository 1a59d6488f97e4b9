"""Settings -> the parts of an assistant. Here the heavy libraries are first imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from ketarag.answering.conflicts import ConflictFinder
from ketarag.answering.cross_encoder import MODEL_FOLDER, CrossEncoder
from ketarag.answering.entail import EntailmentVerifier
from ketarag.answering.extend import KEPT_PASSAGES, ExtendedReader, ExtendedRetriever
from ketarag.answering.features import FeatureExtractor
from ketarag.answering.premise import PremiseChecker
from ketarag.answering.rarity import TermStatistics, english_rarity
from ketarag.answering.read import FeatureReader, TrainedReader
from ketarag.answering.retrieve import Dense, HybridRetriever
from ketarag.answering.sentence_files import SentenceFiles, default_folder
from ketarag.answering.spelling import Speller
from ketarag.answering.suggest import Suggester
from ketarag.answering.verify import ExactVerifier
from ketarag.answering.weights import FIRST_READER, TRAINED_READER, ReaderWeights
from ketarag.config import Settings, shipped_corpus
from ketarag.errors import CorpusError, ModelError, StoreError
from ketarag.glossary import Glossary
from ketarag.indexing.build import IndexSummary, ensure_index, rebuild_index
from ketarag.indexing.embedders import EmbedAll, load_embedder
from ketarag.indexing.folder import Index, Manifest
from ketarag.indexing.lexical import LexicalIndex
from ketarag.indexing.overlay import (
    JoinedPassages,
    OverlayIndex,
    OverlayLexical,
    OverlayVectors,
    Shelved,
    overlay_fingerprint,
    shelve,
)
from ketarag.indexing.publish import Note
from ketarag.indexing.remote import Remote
from ketarag.indexing.shelf import PlacedPassages
from ketarag.protocols import Embedder, Reader, Retriever, VectorStore, Verifier
from ketarag.sequences import JoinedById, by_id
from ketarag.stores import Connect, connector
from ketarag.text import words
from ketarag.types import Document, Passage

FIRST_READER_NOTICE = "Read by the simpler first reader, which is wrong more often, and checked word by word only"
"""Said with every answer when the trained reader cannot be used; the cause follows."""

_RAREST_KNOWN_WORD = 0.9
"""English rarity (`rarity.english_rarity`) up to which a word is taken as meant: glaucoma has 0.67, tachicardia 1."""
_FEW_PASSAGES, _LEAST_PASSAGES = 20_000, 3


class Contents(Protocol):
    """What an assistant needs to know of its index. `documents` and `passages` belong together."""

    @property
    def documents(self) -> Sequence[Document]:
        """What was indexed."""
        ...

    @property
    def passages(self) -> PlacedPassages:
        """What can be found."""
        ...

    @property
    def manifest(self) -> Manifest:
        """What it was made from."""
        ...

    @property
    def fingerprint(self) -> str:
        """Names its content."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What further documents are made ready with, and joined to. `local` are the vectors in the index's folder, which `vectors` may be."""

    embedder: Embedder
    vectors: Dense
    local: VectorStore
    lexical: LexicalIndex
    read_with: Callable[[FeatureExtractor], Reader]


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assistant is made of. `notices` are said with every answer: something does not work as it should.

    `claims` finds what a claim is checked against: with the vectors in the index's folder, so also while a store is down.
    `premises`, `conflicts` and `suggester` say what goes beside an answer. `ground` is None where no documents can be added.
    """

    index: Contents
    retriever: Retriever
    reader: Reader
    verifier: Verifier
    speller: Speller
    glossary: Glossary
    notices: tuple[str, ...] = ()
    claims: Retriever | None = None
    premises: PremiseChecker | None = None
    conflicts: ConflictFinder | None = None
    suggester: Suggester | None = None
    ground: Ground | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A document that is ready to be added: its passages and vectors, what its stems tell, its words."""

    shelved: Shelved
    terms: TermStatistics
    words: frozenset[str]

    @property
    def document(self) -> Document:
        """The document itself."""
        return self.shelved.document


def load_parts(settings: Settings, report: Callable[[str], None]) -> Parts:
    """Everything that `Assistant` is made of, the index built and published first where needed.

    A store that is down is reported, and its StoreError comes with each question, unless something is to be built.
    """
    connect = connector(settings.store) if settings.store else None
    report("Loading the embedding model")
    embedder = load_embedder(settings.model, report)
    glossary = load_glossary(settings)
    remote = connect and _remote(settings, embedder, connect)
    index = ensure_index(settings.corpus, settings.index_path, embedder, report, glossary, remote)
    vectors = _vectors(index, remote, report)
    files = SentenceFiles(default_folder(), embedder.fingerprint)
    features = FeatureExtractor(embedder, glossary, TermStatistics(index.sentences, index.stems), files=files)
    features.write_files(f"{index.fingerprint} {glossary.fingerprint}", index.passages, report)
    read_with, verifier, notices = _reading(embedder, glossary, report)
    retriever = HybridRetriever(index.passages, vectors, index.lexical, embedder, glossary)
    reader = read_with(features)
    return Parts(
        index,
        retriever,
        reader,
        verifier,
        make_speller(index),
        glossary,
        notices,
        HybridRetriever(index.passages, index.vectors, index.lexical, embedder, glossary),
        PremiseChecker(
            ExactVerifier(glossary, None)
        ),  # without the embedder: passages that nobody asked about cost seconds
        ConflictFinder(verifier),
        Suggester(by_id(index.documents), embedder, glossary, retriever, reader),
        Ground(embedder, vectors, index.vectors, index.lexical, read_with),
    )


def _remote(settings: Settings, embedder: Embedder, connect: Connect) -> Remote:
    note = Note(settings.index_path, settings.store or "")
    return Remote(note, lambda partition: connect(embedder.dimension, partition))


def _vectors(index: Index, remote: Remote | None, report: Callable[[str], None]) -> Dense:
    """What dense search asks: the index's own vectors, or the store, completed where it can be reached."""
    if remote is None:
        return index.vectors
    try:
        remote.complete(index, report)
    except StoreError as error:
        report(f"Questions cannot be answered yet: {error}")
    return remote.over(index)


def _reading(
    embedder: Embedder, glossary: Glossary, report: Callable[[str], None]
) -> tuple[Callable[[FeatureExtractor], Reader], ExactVerifier, tuple[str, ...]]:
    """How a reader is made of features, the verifier, and what is to be said with every answer."""
    first = ReaderWeights.load(FIRST_READER, network=False)
    try:
        network = CrossEncoder.load(MODEL_FOLDER)
        weights = ReaderWeights.load(TRAINED_READER, network=True)
    except ModelError as error:
        report(f"The trained reader is not used: {error}")
        notice = f"{FIRST_READER_NOTICE}: {error}"
        return lambda features: FeatureReader(features, first), ExactVerifier(glossary, embedder), (notice,)
    verifier = EntailmentVerifier(glossary, embedder, network)
    return lambda features: TrainedReader(features, first, weights, network), verifier, ()


def prepare(parts: Parts, document: Document) -> Generator[tuple[int, int], None, Prepared]:
    """Makes a document ready to be added, as at index time; yields how many passages are embedded, and of how many.

    Raises CorpusError when nothing of the document is left to search, ValueError where `parts` cannot be extended.
    """
    shelved = yield from shelve(document, _ground(parts).embedder)
    if not shelved.passages:
        raise CorpusError(f"{document.id}: nothing to search: no sentence of it is left; choose another file")
    terms = TermStatistics.of(shelved.passages, parts.glossary)
    return Prepared(shelved, terms, _vocabulary(shelved.passages))


def prepared(parts: Parts, document: Document) -> Prepared:
    """What `prepare` comes to."""
    steps = prepare(parts, document)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Prepared = end.value
            return made


def extend_parts(parts: Parts, added: Sequence[Document | Prepared]) -> Parts:
    """Parts that answer from further documents as well, in memory; `parts` is shared and stays as it is.

    The same documents give the same parts, in whatever order. Raises ValueError where two documents have one id or `parts` are
    extended already, and as `prepare`, which is called for what is not prepared.
    """
    if not added:
        return parts
    ground, glossary = _ground(parts), parts.glossary
    all = sorted(
        (one if isinstance(one, Prepared) else prepared(parts, one) for one in added), key=lambda one: one.document.id
    )
    shelved = [one.shelved for one in all]
    passages = [passage for one in shelved for passage in one.passages]
    together = JoinedPassages(parts.index.passages, passages)
    own = OverlayVectors([one.vectors for one in shelved]), OverlayLexical([one.lexical for one in shelved])
    lexical = OverlayLexical([ground.lexical, *(one.lexical for one in shelved)])
    features = FeatureExtractor(ground.embedder, glossary, _summed([one.terms for one in all]), KEPT_PASSAGES)
    documents = [one.document for one in shelved]
    index = OverlayIndex(
        JoinedById(parts.index.documents, documents),
        together,
        parts.index.manifest,
        overlay_fingerprint(parts.index.fingerprint, documents),
    )
    added_only = HybridRetriever(passages, *own, ground.embedder, glossary)

    def beside(shared: Retriever, vectors: Dense) -> Retriever:
        both = OverlayVectors([vectors, own[0]])
        return ExtendedRetriever(
            shared, added_only, HybridRetriever(together, both, lexical, ground.embedder, glossary)
        )

    retriever = beside(parts.retriever, ground.vectors)
    reader = ExtendedReader(parts.reader, ground.read_with(features), {passage.id for passage in passages})
    return replace(
        parts,
        index=index,
        retriever=retriever,
        claims=parts.claims and beside(parts.claims, ground.local),
        reader=reader,
        speller=parts.speller.extended(frozenset[str]().union(*(one.words for one in all))),
        suggester=parts.suggester and parts.suggester.over(by_id(index.documents), retriever, reader),
        ground=None,
    )


def _summed(parts: Sequence[TermStatistics]) -> TermStatistics:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.counts)
    return TermStatistics(sum(part.sentences for part in parts), counts)


def _ground(parts: Parts) -> Ground:
    if parts.ground is None:
        raise ValueError("these parts cannot be extended; extend those that were loaded, with all documents at once")
    return parts.ground


def load_glossary(settings: Settings) -> Glossary:
    """The corpus's own `glossary.toml`, else the shipped one."""
    own = settings.corpus / "glossary.toml"
    return Glossary.load(own if own.is_file() else shipped_corpus() / "glossary.toml")


def make_speller(index: Index) -> Speller:
    """Corrects towards the words of the indexed passages; in many passages, a word that stands in one or two may be a slip itself."""
    least = 1 if len(index.passages) <= _FEW_PASSAGES else _LEAST_PASSAGES
    return Speller(index.words.items_above(least), lambda word: english_rarity(word) <= _RAREST_KNOWN_WORD)


def _vocabulary(passages: Iterable[Passage]) -> frozenset[str]:
    return frozenset(word for passage in passages for word in words(f"{passage.heading} {passage.clean}"))


def index_corpus(settings: Settings, report: Callable[[str], None]) -> IndexSummary:
    """Builds or checks the index and says what was kept and left out."""
    if settings.store:
        connector(settings.store)  # that its address is none is said before anybody waits for the model
    if settings.ray:
        from ketarag.integrations.ray_embedder import parse

        parse(settings.ray)
    report("Loading the embedding model")
    embedder = load_embedder(settings.model, report)
    return rebuild(settings, embedder, report)


def rebuild(settings: Settings, embedder: Embedder, report: Callable[[str], None]) -> IndexSummary:
    """Builds or checks the index with a model that is loaded, and makes the store hold what it should."""
    remote = _remote(settings, embedder, connector(settings.store)) if settings.store else None
    embed_all = _on_ray(settings.ray, settings.model, embedder, report) if settings.ray else None
    return rebuild_index(
        settings.corpus, settings.index_path, embedder, report, load_glossary(settings), remote, embed_all
    )


def _on_ray(address: str, model: str, embedder: Embedder, report: Callable[[str], None]) -> EmbedAll:
    from ketarag.integrations.ray_embedder import embed_on_ray, load_quietly

    return partial(embed_on_ray, address=address, load=partial(load_quietly, model), like=embedder, report=report)
