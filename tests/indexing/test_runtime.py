from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ketarag.indexing import runtime
from ketarag.indexing.embed import SentenceTransformerEmbedder
from ketarag.indexing.runtime import OpenVinoEmbedder

TEXTS = [
    "What IV dose is used for depression?",
    "Norketamine has a lower affinity for the NMDA-receptor-channel than ketamine.",
    "5 mg/kg, 500 µg or ½ — naïve patients 😀",
    "The channel is blocked by magnesium. " * 60,  # longer than the model reads
]


def test_a_question_has_the_reference_vector(
    fast_embedder: OpenVinoEmbedder, embedder: SentenceTransformerEmbedder
) -> None:
    np.testing.assert_allclose(fast_embedder.encode(TEXTS), embedder.encode(TEXTS), atol=1e-5)


def test_many_texts_are_as_near_to_the_reference_as_was_promised(
    fast_embedder: OpenVinoEmbedder, embedder: SentenceTransformerEmbedder
) -> None:
    texts = [f"{text} {number}" for number in range(20) for text in TEXTS]
    cosines = (fast_embedder.encode(texts) * embedder.encode(texts)).sum(axis=1)
    assert cosines.min() > 0.9995


def test_word_pieces_are_the_reference_ones(
    fast_embedder: OpenVinoEmbedder, embedder: SentenceTransformerEmbedder
) -> None:
    for text, fast, slow in zip(TEXTS, fast_embedder.encode_tokens(TEXTS), embedder.encode_tokens(TEXTS), strict=True):
        assert fast_embedder.count_word_pieces(text) == embedder.count_word_pieces(text)
        np.testing.assert_array_equal(fast.spans, slow.spans)
        np.testing.assert_allclose(fast.vectors, slow.vectors, atol=1e-4)


def test_threads_do_not_disturb_each_other(fast_embedder: OpenVinoEmbedder) -> None:
    alone = fast_embedder.encode(TEXTS)
    with ThreadPoolExecutor(4) as workers:
        for vectors in workers.map(lambda _: fast_embedder.encode(TEXTS), range(12)):
            np.testing.assert_array_equal(vectors, alone)


def test_nothing_is_reported_to_the_makers_of_the_runtime(tmp_path: Path) -> None:
    code = (
        "import sys; from ketarag.indexing.runtime import openvino_module; openvino = openvino_module(); "
        "from openvino.tools.ovc.telemetry_utils import init_ovc_telemetry; openvino.Core(); "
        "import openvino.tools.ovc.telemetry_utils as used; print(used.tm.__name__)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip().endswith("telemetry_stub")
    assert list(tmp_path.iterdir()) == []


def test_what_stands_beside_a_text_does_not_change_its_vector(fast_embedder: OpenVinoEmbedder) -> None:
    alone = fast_embedder.encode(TEXTS[:1])
    np.testing.assert_array_equal(
        fast_embedder.encode([*TEXTS, *(f"sentence {number}" for number in range(40))])[:1], alone
    )


def test_a_text_has_the_same_vectors_alone_and_among_others_before_and_after_the_graph_is_compiled_for_one(
    fast_embedder: OpenVinoEmbedder,
) -> None:
    texts = [*TEXTS, *(" ".join(["ketamine"] * count) for count in range(1, 40, 3))]
    among = fast_embedder.encode_tokens(texts)
    for _ in range(2):
        for text, other in zip(texts, among, strict=True):
            (alone,) = fast_embedder.encode_tokens([text])
            np.testing.assert_array_equal(alone.pooled, other.pooled)
            np.testing.assert_array_equal(alone.vectors, other.vectors)


@given(st.lists(st.integers(1, 256), max_size=200))
def test_batches_hold_each_text_once_and_few_word_pieces(lengths: list[int]) -> None:
    order = sorted(range(len(lengths)), key=lambda at: lengths[at])
    batches = list(runtime._batches(order, lengths))
    assert [at for batch in batches for at in batch] == order
    assert all(1 <= len(batch) <= 32 and len(batch) * lengths[batch[-1]] <= 1024 for batch in batches)
