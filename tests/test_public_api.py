"""The names that programs may rely on, and what loading them costs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from types import UnionType

import pytest

import ketarag

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "faiss",
    "gradio",
    "fastapi",
    "langchain",
    "langchain_core",
    "bm25s",
)
PUBLIC = sorted(set(ketarag.__all__) - {"__version__"})


def test_all_is_what_is_visible() -> None:
    assert dir(ketarag) == sorted(ketarag.__all__)
    assert len(set(ketarag.__all__)) == len(ketarag.__all__)


def test_all_is_what_the_type_checker_sees() -> None:
    source = inspect.getsource(ketarag)
    seen = source[source.index("if TYPE_CHECKING:") : source.index("__version__")]
    assert all(f" {name}" in seen for name in PUBLIC)


@pytest.mark.parametrize("name", ketarag.__all__)
def test_every_name_can_be_imported(name: str) -> None:
    namespace: dict[str, object] = {}
    exec(f"from ketarag import {name}", namespace)
    assert namespace[name] is getattr(ketarag, name)


def test_a_star_import_gives_exactly_these() -> None:
    namespace: dict[str, object] = {}
    exec("from ketarag import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(ketarag.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'ketarag' has no attribute 'Asistant'"):
        ketarag.Asistant  # noqa: B018


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_says_what_it_is(name: str) -> None:
    value = getattr(ketarag, name)
    if isinstance(value, UnionType):
        return
    assert value.__module__.startswith("ketarag.")
    assert value.__doc__
    assert not value.__doc__.startswith(f"{name}(")  # not the one that a dataclass makes up


@pytest.mark.parametrize("name", [name for name in PUBLIC if inspect.isclass(getattr(ketarag, name))])
def test_every_public_method_says_what_it_does(name: str) -> None:
    for attribute, value in vars(getattr(ketarag, name)).items():
        function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if not attribute.startswith("_") and inspect.isfunction(function):
            assert function.__doc__, f"{name}.{attribute}"


@pytest.mark.parametrize("home", sorted(ketarag._HOMES))
def test_every_home_holds_what_it_is_said_to(home: str) -> None:
    for name in ketarag._HOMES[home]:
        assert hasattr(import_module(home), name)


def test_every_error_is_a_ketarag_error() -> None:
    errors = [getattr(ketarag, name) for name in PUBLIC if name.endswith("Error")]
    assert len(errors) == 8
    assert all(issubclass(error, ketarag.KetaRAGError) for error in errors)


def loaded_by(code: str) -> set[str]:
    code += f"\nimport sys\nprint('LOADED', *[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.parametrize(
    "code",
    [
        "import ketarag",
        "from ketarag import Assistant, Settings, Answer, build_index",
        "import contextlib, ketarag.cli\nwith contextlib.suppress(SystemExit): ketarag.cli.main(['--help'])",
        "import contextlib, ketarag.cli\nwith contextlib.suppress(SystemExit): ketarag.cli.main(['ask', '--help'])",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_used(code: str) -> None:
    assert loaded_by(code) - ({"faiss"} if "build_index" in code else set()) == set()


def test_the_check_sees_what_is_loaded() -> None:
    assert loaded_by("import faiss") == {"faiss"}
