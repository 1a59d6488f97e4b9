"""What must hold of the files of the repository."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "corpus"
PLACES = re.compile(
    r"/(?:work|home|root|Users|tmp)/[\w.-]+/[\w.-]+|[A-Z]:\\\\Users|"  # folders of one machine
    r"https?://(?:files\.)?(?:pypi|pythonhosted)\.[\w./-]*|index-url|[\w.-]*(?:artifactory|nexus|devpi)[\w.-]*\.\w+",  # registries
    re.IGNORECASE,
)


def files() -> list[Path]:
    """What is or would be committed; every file where this is no clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and not {".venv", ".git"} & set(path.parts)]
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in files():
        try:
            found.append((path.relative_to(ROOT), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_no_file_names_a_folder_of_this_machine_or_a_registry() -> None:
    here = str(ROOT)
    found = [
        f"{path}: {match.group()}"
        for path, text in texts()
        for match in PLACES.finditer(text)
        if path.as_posix() != "tests/test_repository.py"
    ]
    assert found == []
    assert [str(path) for path, text in texts() if len(here) > 5 and here in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "/work/" + "main/src",
        "/home/" + "me/x",
        "https://pypi." + "org/simple",
        "pip --index" + "-url x",
        "my.artifactory" + ".com",
    ],
)
def test_the_check_knows_what_it_looks_for(text: str) -> None:
    assert PLACES.search(text)


@pytest.mark.parametrize("text", ["http://127.0.0.1:7860", "/usr/bin/chromium", "src/ketarag/web", "mg/kg/h"])
def test_the_check_leaves_the_rest_alone(text: str) -> None:
    assert not PLACES.search(text)


def test_nothing_that_is_built_or_kept_for_oneself_is_committed() -> None:
    suffixes = {path.suffix for path in files()}
    assert suffixes & {".pyc", ".pkl", ".pickle", ".pt", ".bin", ".safetensors", ".faiss", ".whl", ".env"} == set()
    assert [path.name for path in files() if path.stat().st_size > 2_000_000] == ["reader.onnx"]


def test_the_network_is_as_small_as_was_promised() -> None:
    (network,) = (path for path in files() if path.name == "reader.onnx")
    assert network.stat().st_size < 30_000_000


@pytest.mark.parametrize("text", sorted(CORPUS.glob("*.txt")), ids=lambda path: path.name)
def test_the_document_is_the_pinned_version(text: Path) -> None:
    sidecar = tomllib.loads(text.with_suffix(".toml").read_text(encoding="utf-8"))
    assert hashlib.sha256(text.read_bytes()).hexdigest() == sidecar["sha256"]


def test_there_is_a_document() -> None:
    assert list(CORPUS.glob("*.txt"))


def test_the_version_is_the_same_everywhere() -> None:
    import ketarag

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == ketarag.__version__
    assert f"## {ketarag.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("[", "").replace(
        "]", ""
    )


def test_torch_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "torch==2.13.0" in project["dependencies"]


@pytest.mark.parametrize(
    "name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "app.py", "corpus/README.md"]
)
def test_the_files_that_people_look_for_are_there(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_no_code_reads_a_pickle_or_runs_text() -> None:
    dangerous = re.compile(
        r"\b(?:import pickle|pickle\.load|allow_pickle=True|\beval\(|\bexec\(|os\.system|shell=True|yaml\.load\()"
    )
    found = [
        str(path)
        for path, text in texts()
        if path.parts[0] in ("src", "ingest", "eval") and path.suffix == ".py" and dangerous.search(text)
    ]
    assert found == []
