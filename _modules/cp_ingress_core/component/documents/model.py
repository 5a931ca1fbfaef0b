"""What the formats have in common."""

from __future__ import annotations


class DocumentError(ValueError):
    """A document that cannot be read; the text says where and why and never quotes it, it may be secret."""
