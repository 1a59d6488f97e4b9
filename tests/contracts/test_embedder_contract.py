"""Any `Embedder`. A new one passes by subclassing `EmbedderContract` with its fixture."""

from __future__ import annotations

import numpy as np
import pytest

from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.runtime import OpenVinoEmbedder
from ketarag.protocols import Embedder
from ketarag.testing import HashEmbedder

TEXTS = [
    "Ketamine is given by mouth.",
    "ketamine oral dose",
    "",
    "  \n",
    "The weather in Paris 😀",
    "Ketamine is given by mouth.",
]


class EmbedderContract:
    @pytest.fixture
    def model(self) -> Embedder:
        raise NotImplementedError

    def test_vectors_are_unit_rows_of_float32(self, model: Embedder) -> None:
        vectors = model.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), model.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)

    def test_no_texts_give_no_rows(self, model: Embedder) -> None:
        assert model.encode([]).shape == (0, model.dimension)
        assert model.encode([]).dtype == np.float32
        assert model.encode_tokens([]) == []

    def test_a_text_has_the_same_vector_wherever_it_stands(self, model: Embedder) -> None:
        vectors = model.encode(TEXTS)
        np.testing.assert_allclose(vectors[0], vectors[-1], atol=1e-6)
        np.testing.assert_allclose(vectors[:1], model.encode(TEXTS[:1]), atol=1e-5)

    def test_texts_on_the_same_topic_are_nearer(self, model: Embedder) -> None:
        vectors = model.encode(TEXTS)
        assert vectors[0] @ vectors[1] > vectors[0] @ vectors[4]

    def test_word_pieces_count_the_two_special_ones(self, model: Embedder) -> None:
        assert model.count_word_pieces("") == 2
        assert model.count_word_pieces("dose") == 3
        assert model.count_word_pieces("dose " * 1000) == 1002

    def test_the_fingerprint_is_a_fixed_name(self, model: Embedder) -> None:
        assert model.fingerprint
        assert model.fingerprint == model.fingerprint.strip()
        assert model.max_word_pieces > 2

    def test_token_vectors_stand_at_their_characters(self, model: Embedder) -> None:
        for text, tokens in zip(TEXTS, model.encode_tokens(TEXTS), strict=True):
            pieces = model.count_word_pieces(text) - 2
            assert tokens.spans.shape == (pieces, 2)
            assert tokens.vectors.shape == (pieces, model.dimension)
            assert tokens.vectors.dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1.0, atol=1e-5)
            assert all(0 <= start < end <= len(text) for start, end in tokens.spans)
            assert (
                "".join(text[start:end] for start, end in tokens.spans if text[start:end].isalpha()).isalpha()
                or not pieces
            )

    def test_the_pooled_vector_is_the_encoded_one(self, model: Embedder) -> None:
        pooled = np.stack([tokens.pooled for tokens in model.encode_tokens(TEXTS)])
        np.testing.assert_allclose(pooled, model.encode(TEXTS), atol=1e-5)

    def test_tokens_end_where_the_model_stops_reading(self, model: Embedder) -> None:
        (tokens,) = model.encode_tokens(["dose " * 1000])
        assert len(tokens.spans) == len(tokens.vectors) == model.max_word_pieces - 2


class TestHashEmbedder(EmbedderContract):
    @pytest.fixture
    def model(self) -> Embedder:
        return HashEmbedder()


class TestSentenceTransformerEmbedder(EmbedderContract):
    @pytest.fixture
    def model(self, embedder: SentenceTransformerEmbedder) -> Embedder:
        return embedder


class TestOpenVinoEmbedder(EmbedderContract):
    @pytest.fixture
    def model(self, fast_embedder: OpenVinoEmbedder) -> Embedder:
        return fast_embedder
