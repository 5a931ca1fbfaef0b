"""So much of NGINX as the snippets need: its syntax, maps, `if`, exact locations and `return`.

After ngx_conf_file.c and ngx_http_map_module.c: what they would refuse fails a test here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# NGINX reads its configuration through a buffer of this size, and no word may be longer.
LONGEST_WORD = 4096
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}
_VARIABLE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Directive:
    """A name, its arguments, and the directives in its braces; None where it ends with a semicolon."""

    name: str
    arguments: tuple[str, ...]
    inner: tuple[Directive, ...] | None


def parse(text: str) -> tuple[Directive, ...]:
    """Return the directives in a piece of configuration; raises ValueError for what NGINX refuses."""
    tokens = _tokens(text)
    found = _directives(tokens, outermost=True)
    assert next(tokens, None) is None
    return found


def _directives(tokens: Iterator[tuple[str, bool]], *, outermost: bool = False) -> tuple[Directive, ...]:
    found: list[Directive] = []
    words: list[str] = []
    for word, plain in tokens:
        if plain and word in (";", "{", "}"):
            if word == "}":
                if words or outermost:
                    raise ValueError("unexpected }")
                return tuple(found)
            if not words:
                raise ValueError(f"unexpected {word}")
            inner = _directives(tokens) if word == "{" else None
            found.append(Directive(words[0], tuple(words[1:]), inner))
            words = []
        else:
            words.append(word)
    if words or not outermost:
        raise ValueError("unexpected end")
    return tuple(found)


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Yield words and signs, each with whether it stood without quotes."""
    place = 0
    while place < len(text):
        sign = text[place]
        if sign.isspace():
            place += 1
        elif sign in ";{}":
            yield sign, True
            place += 1
        elif sign in "\"'":
            word, place = _quoted(text, place)
            if place < len(text) and text[place] not in " \t\r\n;{)":
                raise ValueError(f"unexpected {text[place]!r} behind {word!r}")
            yield word, False
        else:
            end = place
            while end < len(text) and text[end] not in " \t\r\n;{":
                end += 1
            yield text[place:end], True
            place = end


def _quoted(text: str, place: int) -> tuple[str, int]:
    quote, word = text[place], ""
    place += 1
    while place < len(text) and text[place] != quote:
        if text[place] == "\\" and text[place + 1 : place + 2] in _ESCAPED:
            word += _ESCAPED[text[place + 1]]
            place += 2
        else:
            word += text[place]
            place += 1
    if place >= len(text) or len(word) >= LONGEST_WORD:
        raise ValueError(f"unterminated or too long: {word[:40]}")
    return word, place + 1


@dataclass(frozen=True)
class Server:
    """A server with snippets in its ``http`` and ``server`` blocks."""

    maps: tuple[Directive, ...]
    rules: tuple[Directive, ...]

    @classmethod
    def of(cls, snippets: Mapping[str, str]) -> Server:
        """Read the ConfigMap's keys."""
        return cls(parse(snippets.get("http-snippet", "")), parse(snippets.get("server-snippet", "")))

    def ask(self, method: str, host: str, uri: str, accept: str = "") -> tuple[int, str]:
        """Return status and text of the answer; (0, "") where the snippets leave the request alone."""
        path = uri.partition("?")[0]
        known = {
            "uri": path,
            "request_uri": uri,
            "request_method": method,
            # Without its port; NGINX keeps the brackets of an IPv6 address.
            "host": re.sub(r":\d+$", "", host).lower(),
            "http_accept": accept,
        }
        for rule in self.rules:
            if rule.name == "if" and self._expand(rule.arguments[0][1:-1], known) not in ("", "0"):
                return self._return(rule, known)
        for rule in self.rules:
            if rule.name == "location":
                sign, wanted = rule.arguments
                assert sign == "="
                if path == wanted:
                    return self._return(rule, known)
        return 0, ""

    def _return(self, rule: Directive, known: Mapping[str, str]) -> tuple[int, str]:
        (found,) = [inner for inner in rule.inner or () if inner.name == "return"]
        return int(found.arguments[0]), self._expand(found.arguments[1], known)

    def _expand(self, text: str, known: Mapping[str, str]) -> str:
        return _VARIABLE.sub(lambda found: self._variable(found.group(1), known), text)

    def _variable(self, name: str, known: Mapping[str, str]) -> str:
        if name in known:
            return known[name]
        (found,) = [entry for entry in self.maps if entry.name == "map" and entry.arguments[1] == f"${name}"]
        text = self._expand(found.arguments[0], known)
        entries: list[tuple[str, Any]] = [
            (entry.name, entry.arguments[0] if entry.arguments else None) for entry in found.inner or ()
        ]
        assert all(value is not None for _, value in entries)
        for key, value in entries:
            if key == text:
                return str(value)
        for key, value in entries:
            if key.startswith("~") and re.search(key[1:], text):
                return str(value)
        return str(dict(entries).get("default", ""))
