"""HTTPS: files that belong together are taken, any others are an error that names them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from ketarag.config import Settings
from ketarag.errors import SettingsError
from ketarag.web.tls import tls_options


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates, each with its key; the second key once more with a password."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make certificates with")
    folder = tmp_path_factory.mktemp("tls")
    for name in ("a", "b"):
        made = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", "/CN=localhost"]
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            *made,
        ]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    command = ["openssl", "ec", "-in", "b.key", "-out", "locked.key", "-aes256", "-passout", "pass:secret"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def test_without_files_it_is_plain_http() -> None:
    assert tls_options(Settings()) == {}


def test_files_that_belong_together_are_for_uvicorn(files: Path) -> None:
    certificate, key = files / "a.pem", files / "a.key"
    assert tls_options(Settings(tls_certificate=certificate, tls_key=key)) == {
        "ssl_certfile": certificate,
        "ssl_keyfile": key,
    }


@pytest.mark.parametrize(
    ("certificate", "key"),
    [("a.pem", "b.key"), ("a.pem", "none.key"), ("a.key", "a.pem"), ("b.pem", "locked.key"), (".", "a.key")],
)
def test_files_that_do_not_are_an_error_before_the_start(files: Path, certificate: str, key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        tls_options(Settings(tls_certificate=files / certificate, tls_key=files / key))
    assert f"{files / certificate} and the key {files / key} cannot work: " in str(refused.value)
