"""Settings -> the parts of an assistant. Here the heavy libraries are first imported."""

from __future__ import annotations

from collections.abc import Callable

from ketarag.answering.features import FeatureExtractor
from ketarag.answering.rarity import TermStatistics, english_rarity
from ketarag.answering.read import FeatureReader, ReaderWeights
from ketarag.answering.retrieve import HybridRetriever
from ketarag.answering.spelling import Speller
from ketarag.answering.verify import ExactVerifier
from ketarag.config import Settings, shipped_corpus
from ketarag.glossary import Glossary
from ketarag.indexing.build import IndexSummary, ensure_index, rebuild_index
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.folder import Index
from ketarag.protocols import Reader, Retriever, Verifier
from ketarag.text import words

_RAREST_KNOWN_WORD = 0.9
"""English rarity (`rarity.english_rarity`) up to which a word is taken as meant: glaucoma has 0.67, tachicardia 1."""

Parts = tuple[Index, Retriever, Reader, Verifier, Speller, Glossary]


def load_parts(settings: Settings, report: Callable[[str], None]) -> Parts:
    """Everything that `Assistant` is made of, the index built first where needed."""
    report("Loading the embedding model")
    embedder = SentenceTransformerEmbedder(settings.model)
    index = ensure_index(settings.corpus, settings.index_path, embedder, report)
    glossary = load_glossary(settings)
    features = FeatureExtractor(embedder, glossary, TermStatistics.of(index.passages, glossary))
    return (
        index,
        HybridRetriever(index.passages, index.vectors, index.lexical, embedder, glossary),
        FeatureReader(features, ReaderWeights.load()),
        ExactVerifier(glossary, embedder),
        make_speller(index),
        glossary,
    )


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
    return rebuild_index(settings.corpus, settings.index_path, SentenceTransformerEmbedder(settings.model), report)
