"""Any `Loader`. A new one passes by subclassing `LoaderContract` with its fixtures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ketarag.errors import CorpusError
from ketarag.indexing.load import DocxLoader, HtmlLoader, MarkdownLoader, PdfLoader, TextLoader
from ketarag.protocols import Loader
from ketarag.testing import FakeLoader
from tests.indexing.files import docx_of, pdf_of


class LoaderContract:
    @pytest.fixture
    def loader(self) -> Loader:
        raise NotImplementedError

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        """A file that the loader reads, with the words "Ketamine is given PO." in it."""
        raise NotImplementedError

    def test_a_file_becomes_a_document(self, loader: Loader, path: Path) -> None:
        document = loader.load(path)
        assert document.id == path.name
        assert document.title
        assert "Ketamine is given PO." in document.text
        assert len(document.sha256) == 64

    def test_the_same_file_gives_the_same_document(self, loader: Loader, path: Path) -> None:
        assert loader.load(path) == loader.load(path)

    def test_what_is_left_out_ascends_and_lies_in_the_text(self, loader: Loader, path: Path) -> None:
        document = loader.load(path)
        assert all(item.span.end <= len(document.text) and item.reason for item in document.left_out)
        assert all(left.span.end <= right.span.start for left, right in pairwise(document.left_out))

    def test_a_file_that_is_not_there_is_named(self, loader: Loader, path: Path) -> None:
        with pytest.raises(CorpusError, match=r"missing\.file"):
            loader.load(path.with_name("missing.file"))


class TestTextLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader:
        return TextLoader()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "routes.txt"
        path.write_text("Menu\nKetamine is given PO.\nFooter\n", encoding="utf-8")
        path.with_suffix(".toml").write_text(
            '[[leave_out]]\nlines = [3, 3]\nreason = "footer"\n[[leave_out]]\nlines = [1, 1]\nreason = "menu"\n'
        )
        return path


class TestHtmlLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader:
        return HtmlLoader()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "routes.html"
        path.write_text("<nav>Home</nav><p>Ketamine is given <b>PO</b>.</p><footer>End</footer>", encoding="utf-8")
        return path


class TestMarkdownLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader:
        return MarkdownLoader()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "routes.md"
        path.write_text("<!-- draft -->\n# Routes\n\nKetamine is given PO.\n", encoding="utf-8")
        return path


class TestPdfLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader:
        return PdfLoader()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "routes.pdf"
        path.write_bytes(pdf_of(["Guideline 1", "Ketamine is given PO."], ["Guideline 2", "It helps."]))
        return path


class TestDocxLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader:
        return DocxLoader()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "routes.docx"
        path.write_bytes(docx_of("Ketamine is given PO."))
        return path


class TestFakeLoader(LoaderContract):
    @pytest.fixture
    def loader(self) -> Loader:
        return FakeLoader({"routes.txt": "Ketamine is given PO."})

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "routes.txt"
