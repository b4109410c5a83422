"""What looks secret: one definition, for inputs, previews, ledger, history, messages and logs. ``docs/security.md`` has it.

A document is split in two: the same document with :data:`HIDDEN` where a secret stands, for everybody to read and for
policies to judge, and the secrets by their places, which are encrypted wherever they are kept. :func:`filled` puts both
together again, for the process that is started.

A string is secret as a whole by the name of its key or environment variable; in any other string only the parts that look
secret are. Not looked at: ``metadata`` and ``labels``, which name and place a service, and values that are not text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

HIDDEN = "(secret)"
"""What stands in the place of a secret."""
TOP = ("token", "dockerAuth")
"""Top-level keys of a service that are left out altogether: their presence changes nothing but who may call or pull."""
SECRET_LABEL = "eas-slices/secret"
PLAIN_LABEL = "eas-slices/not-secret"
"""Labels that list, with commas, names of keys and environment variables which are secret, or are not, whatever they look
like."""
SHORTEST = 4
"""A secret of fewer characters is not blanked out of a text: it would take ordinary words with it."""
_LINE = 16
"""Of a secret of several lines each line this long is one too: logs are shown line by line."""

_PUBLIC = ("metadata", "labels")
_EVERYWHERE = (
    "dockerauth",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "credential",
    "apikey",
    "privatekey",
    "accesskey",
)
_ENDINGS = ("token", "key", "pwd", "pass", "auth")
_ALONE = ("token", "pwd", "authorization")
_POINTERS = ("file", "path")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# Not a secret whatever it is called: a switch, a variable of the shell, a placeholder or a tokenizer's own token.
_HARMLESS = re.compile(r"(?i:true|false|yes|no|on|off|none|null)|\$\w+|\$\{\w+\}|<[^<>]*>")

_NAME = r"(?:[A-Za-z0-9_-]*[-_])?(?:token|password|passwd|passphrase|secret|api[-_]?key|access[-_]?key|secret[-_]?key|auth)"
_FLAG = re.compile(rf"--?{_NAME}", re.IGNORECASE)
_LOUD = re.compile(
    # scheme://user:password@host
    r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:'\"]*:(?P<url>[^\s/?#'\"]+)@"
    # What issuers begin their tokens with: Hugging Face, OpenAI and alike, AWS, Alibaba Cloud, GitHub, GitLab, Slack,
    # Google, NVIDIA, Replicate, PyPI; and JSON web tokens.
    r"|(?<![A-Za-z0-9])(?P<token>hf_[A-Za-z0-9]{16,}|sk-[\w-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{12,}|LTAI[A-Za-z0-9]{12,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{30,}"
    r"|nvapi-[\w-]{20,}|r8_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)"
    r"|(?i:\bbearer)\s+(?P<bearer>[\w.~+/=-]{8,}|\(secret\))"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<pem>.*?)(?:-----END|\Z)",
    re.DOTALL,
)
"""Secret wherever it is met, in a log as well."""
_QUIET = re.compile(
    # --api-key VALUE, --token=VALUE
    rf"(?<![\w-])--?(?i:{_NAME})(?:=|\s+)(?P<quote>[\"']?)(?P<flag>(?!--)[^\s\"';&|]+)(?P=quote)"
    # HF_TOKEN=VALUE, and "api_key": "VALUE"; the name decides
    r"|(?<![\w$-])(?P<name>[A-Za-z_]\w*)=(?P<quoted>[\"']?)(?P<value>[^\s\"';&|]+)(?P=quoted)"
    r"|[\"'](?P<key>[\w-]+)[\"']\s*:\s*[\"'](?P<item>[^\"']+)[\"']"
)
"""Secret where somebody says how a process is started."""


@lru_cache(maxsize=4096)
def names_secret(name: str) -> bool:
    """Return whether a key or an environment variable of that name holds a secret: ``HF_TOKEN``, ``apiKey``, ``PGPASSWORD``.

    ``DB_PASSWORD_FILE`` says where one is, ``MAX_TOKENS`` counts, and ``PUBLIC_KEY`` is for everybody.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _POINTERS:
        return False
    joined = "".join(words)
    if any(part in joined for part in _EVERYWHERE):
        return True
    if len(words) == 1:
        return words[0] in _ALONE
    return words[-1] in _ENDINGS and "public" not in words


def split(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the document with every secret hidden, and the secrets by place: ``containers[0].env[1].value``.

    Several within one text are numbered from the second on (``containers[0].script#2``). ``token`` and ``dockerAuth`` are
    left out of the document and are secrets by their own name.
    """
    found: dict[str, str] = {}
    for key in TOP:
        if isinstance(value := document.get(key), str) and value:
            found[key] = value
    judge = _Judge(document.get("labels"))

    def hide(path: str, name: str, value: str, whole: bool) -> str:
        spans = judge.spans(name, value, whole)
        for n, (start, end) in enumerate(spans, 1):
            found[path if n == 1 else f"{path}#{n}"] = value[start:end]
        return _without(value, spans)

    rest = {key: value for key, value in document.items() if key not in TOP}
    return _walked(rest, hide), found


def filled(document: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return the document as it was before :func:`split`, but for ``token`` and ``dockerAuth``."""

    def fill(path: str, name: str, value: str, whole: bool) -> str:
        if path not in secrets:
            return value
        first, *others = value.split(HIDDEN)
        keys = (path if n == 1 else f"{path}#{n}" for n in range(1, len(others) + 1))
        return first + "".join(
            secrets.get(key, HIDDEN) + part for key, part in zip(keys, others, strict=True)
        )

    return _walked(document, fill)


def hidden(value: Any, name: str = "") -> Any:
    """Return plain data as it may be shown: what looks secret in it is not there. ``name``: the key that it stands under."""
    judge = _Judge(None)
    return _changed(
        value, "", name, lambda _, key, text, whole: _without(text, judge.spans(key, text, whole))
    )


def redacted(text: str, secrets: Mapping[str, str]) -> str:
    """Return ``text``, which may quote a log, without these secrets and without what is secret wherever it is met."""
    words = {word for value in secrets.values() for word in (value, *_lines(value)) if len(word) >= SHORTEST}
    for word in sorted(words, key=lambda word: (-len(word), word)):
        text = text.replace(word, HIDDEN)
    return masked(text)


def masked(text: str) -> str:
    """Return ``text`` without passwords in URLs, and without what begins or is framed as secrets are."""
    return _without(text, [*_loud(text)])


def _lines(value: str) -> Iterator[str]:
    lines = value.splitlines()
    if len(lines) > 1:
        yield from (line.strip() for line in lines if len(line.strip()) >= _LINE)


class _Judge:
    """What is secret in one document: the rules of this module, and what its labels say."""

    def __init__(self, labels: Any) -> None:
        told = labels if isinstance(labels, Mapping) else {}
        self._secret, self._plain = (_listed(told.get(label)) for label in (SECRET_LABEL, PLAIN_LABEL))

    def spans(self, name: str, value: str, whole: bool) -> Sequence[tuple[int, int]]:
        """Return where in ``value`` secrets stand; ``whole``: it follows a flag that announces one."""
        if not value or name in self._plain:
            return ()
        if name in self._secret or ((whole or names_secret(name)) and not _HARMLESS.fullmatch(value)):
            return ((0, len(value)),)
        return _in_text(value)


def _listed(told: Any) -> frozenset[str]:
    return frozenset(name.strip() for name in told.split(",")) if isinstance(told, str) else frozenset()


@lru_cache(maxsize=4096)
def _in_text(text: str) -> tuple[tuple[int, int], ...]:
    """Return where secrets stand in a text that is none as a whole."""
    found = [*_loud(text), *_quiet(text)]
    if not found:
        return ()
    # What reads as a hidden one counts as well: it is filled in again by its number.
    found += [match.span() for match in re.finditer(re.escape(HIDDEN), text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _loud(text: str) -> Iterator[tuple[int, int]]:
    for match in _LOUD.finditer(text):
        kind = match.lastgroup
        if kind and match[kind] and not _HARMLESS.fullmatch(match[kind]):
            yield match.span(kind)


def _quiet(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUIET.finditer(text):
        for kind, name in (("flag", None), ("value", "name"), ("item", "key")):
            said = match[kind]
            if said and not _HARMLESS.fullmatch(said) and (name is None or names_secret(match[name])):
                yield match.span(kind)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in reversed(spans):
        text = text[:start] + HIDDEN + text[end:]
    return text


Change = Callable[[str, str, str, bool], str]
"""(place, name of the key or variable, text, whether a flag announced it) -> what stands there instead."""


def _walked(document: Mapping[str, Any], change: Change) -> dict[str, Any]:
    return {
        key: value if key in _PUBLIC else _changed(value, _inside("", key), key, change)
        for key, value in document.items()
    }


def _changed(value: Any, path: str, name: str, change: Change, whole: bool = False) -> Any:
    if isinstance(value, str):
        return change(path, name, value, whole)
    if isinstance(value, Mapping):
        # {"name": "HF_TOKEN", "value": …}: the variable's name, not the word "value"; and a name is none itself.
        variable = value.get("name")
        return {
            key: item
            if key == "name" and "value" in value
            else _changed(
                item,
                _inside(path, key),
                variable if key == "value" and isinstance(variable, str) else key,
                change,
            )
            for key, item in value.items()
        }
    if isinstance(value, list):
        flags = [False, *(isinstance(item, str) and bool(_FLAG.fullmatch(item)) for item in value)]
        return [
            _changed(item, f"{path}[{n}]", name, change, flags[n] and not str(item).startswith("--"))
            for n, item in enumerate(value)
        ]
    return value


def _inside(path: str, key: str) -> str:
    plain = key.replace("_", "a").replace("-", "a").isalnum()
    return f'{path}["{key}"]' if not plain else f"{path}.{key}" if path else key
