"""Settings -> the parts of an assistant. Here the heavy libraries are first imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ketarag.answering.cross_encoder import MODEL_FOLDER, CrossEncoder
from ketarag.answering.entail import EntailmentVerifier
from ketarag.answering.features import FeatureExtractor
from ketarag.answering.rarity import TermStatistics, english_rarity
from ketarag.answering.read import FeatureReader, TrainedReader
from ketarag.answering.retrieve import HybridRetriever
from ketarag.answering.spelling import Speller
from ketarag.answering.verify import ExactVerifier
from ketarag.answering.weights import FIRST_READER, TRAINED_READER, ReaderWeights
from ketarag.config import Settings, shipped_corpus
from ketarag.errors import ModelError
from ketarag.glossary import Glossary
from ketarag.indexing.build import IndexSummary, ensure_index, rebuild_index
from ketarag.indexing.embedders import load_embedder
from ketarag.indexing.folder import Index
from ketarag.protocols import Reader, Retriever, Verifier
from ketarag.text import words

FIRST_READER_NOTICE = "Read by the simpler first reader, which is wrong more often, and checked word by word only"
"""Said with every answer when the trained reader cannot be used; the cause follows."""

_RAREST_KNOWN_WORD = 0.9
"""English rarity (`rarity.english_rarity`) up to which a word is taken as meant: glaucoma has 0.67, tachicardia 1."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an assistant is made of. `notices` are said with every answer: something does not work as it should."""

    index: Index
    retriever: Retriever
    reader: Reader
    verifier: Verifier
    speller: Speller
    glossary: Glossary
    notices: tuple[str, ...] = ()


def load_parts(settings: Settings, report: Callable[[str], None]) -> Parts:
    """Everything that `Assistant` is made of, the index built first where needed."""
    report("Loading the embedding model")
    embedder = load_embedder(settings.model, report)
    index = ensure_index(settings.corpus, settings.index_path, embedder, report)
    glossary = load_glossary(settings)
    features = FeatureExtractor(embedder, glossary, TermStatistics.of(index.passages, glossary))
    speller = make_speller(index)
    first = ReaderWeights.load(FIRST_READER, network=False)
    retriever = HybridRetriever(index.passages, index.vectors, index.lexical, embedder, glossary)
    try:
        network = CrossEncoder.load(MODEL_FOLDER)
        weights = ReaderWeights.load(TRAINED_READER, network=True)
    except ModelError as error:
        report(f"The trained reader is not used: {error}")
        reader, verifier = FeatureReader(features, first), ExactVerifier(glossary, embedder)
        return Parts(index, retriever, reader, verifier, speller, glossary, (f"{FIRST_READER_NOTICE}: {error}",))
    trained = TrainedReader(features, first, weights, network)
    return Parts(index, retriever, trained, EntailmentVerifier(glossary, embedder, network), speller, glossary)


def load_glossary(settings: Settings) -> Glossary:
    """The corpus's own `glossary.toml`, else the shipped one."""
    own = settings.corpus / "glossary.toml"
    return Glossary.load(own if own.is_file() else shipped_corpus() / "glossary.toml")


def make_speller(index: Index) -> Speller:
    """Corrects towards the words of the indexed passages."""
    vocabulary = {word for passage in index.passages for word in words(f"{passage.heading} {passage.clean}")}
    return Speller(vocabulary, lambda word: english_rarity(word) <= _RAREST_KNOWN_WORD)


def index_corpus(settings: Settings, report: Callable[[str], None]) -> IndexSummary:
    """Builds or checks the index and says what was kept and left out."""
    report("Loading the embedding model")
    return rebuild_index(settings.corpus, settings.index_path, load_embedder(settings.model, report), report)
