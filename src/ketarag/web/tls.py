"""HTTPS by the service itself: the files that the operator named, tried before the server starts."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ketarag.errors import SettingsError

if TYPE_CHECKING:
    from ketarag.config import Settings


class TlsOptions(TypedDict, total=False):
    """What `uvicorn.Config` takes for HTTPS; empty for plain HTTP."""

    ssl_certfile: Path
    ssl_keyfile: Path


def tls_options(settings: Settings) -> TlsOptions:
    """The options for uvicorn. Raises SettingsError when the files cannot be used."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return {}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"HTTPS with the certificate {certificate} and the key {key} cannot work: {reason}; "
            "name PEM files that belong together and that the service may read, the key without a password"
        ) from error
    return {"ssl_certfile": certificate, "ssl_keyfile": key}


def _no_password() -> str:
    """Instead of a question on the terminal, where a service has nobody to answer it."""
    return ""
