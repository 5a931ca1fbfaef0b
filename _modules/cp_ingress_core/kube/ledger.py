"""What the parent of a set remembers, so that a run that changes nothing can prove it without a request per
object.

The parent's data hold a random key and, per member, a digest of the fieldsV1 the server recorded for our
Apply. Each member carries a keyed hash of what was last applied. A value of ours that somebody else changed
has left our fieldsV1, and a manifest that changed has another hash; where both are unchanged, so is the
object.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.kube import fields
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.operations import FIELD_MANAGER

HASH = "cp-ingress.io/applied-hash"
_KEY, _MEMBERS = "key", "members"
_KEY_BYTES = 32


@dataclass
class Ledger:
    """The key, and the digest of each member by the keyed hash of its identity (so that names stay short)."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(_KEY_BYTES))
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Mapping[str, str] | None) -> Ledger:
        """Return the ledger in a parent's data; a new one where there is none or it is damaged."""
        try:
            key = base64.b64decode((data or {})[_KEY], validate=True)
            text = base64.b64decode((data or {}).get(_MEMBERS, ""), validate=True).decode("ascii")
        except (KeyError, binascii.Error, ValueError):
            return cls()
        if len(key) != _KEY_BYTES:
            return cls()
        pairs = (line.split() for line in text.splitlines())
        return cls(key, {pair[0]: pair[1] for pair in pairs if len(pair) == 2})

    def data(self) -> dict[str, str]:
        """Return the ledger as data of a Secret."""
        text = "".join(f"{member} {digest}\n" for member, digest in sorted(self.digests.items()))
        return {
            _KEY: base64.b64encode(self.key).decode(),
            _MEMBERS: base64.b64encode(text.encode()).decode(),
        }

    def member(self, key: ObjectKey) -> str:
        """Return the name of a member in the ledger."""
        return self._hash("\0".join(key).encode())[:16]

    def hash_of(self, obj: Mapping[str, Any]) -> str:
        """Return the keyed hash of a manifest, its own hash annotation aside."""
        metadata = dict(obj["metadata"])
        metadata["annotations"] = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != HASH}
        content = json.dumps(
            {**obj, "metadata": metadata}, sort_keys=True, separators=(",", ":"), default=str
        )
        return self._hash(content.encode())[:32]

    def proves(self, key: ObjectKey, manifest: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
        """Tell whether the listed metadata of `live` prove that applying `manifest` would change nothing."""
        metadata = live["metadata"]
        entry = fields.owned(metadata.get("managedFields") or (), FIELD_MANAGER)
        return (
            entry is not None
            and entry.get("apiVersion") == manifest["apiVersion"]
            and self.digests.get(self.member(key)) == fields.digest(entry)
            and (metadata.get("annotations") or {}).get(HASH) == manifest["metadata"]["annotations"][HASH]
            and not metadata.get("deletionTimestamp")
        )

    def record(self, key: ObjectKey, live: Mapping[str, Any]) -> None:
        """Remember what the server recorded for a member that was just applied."""
        entry = fields.owned(live["metadata"].get("managedFields") or (), FIELD_MANAGER)
        if entry is not None:
            self.digests[self.member(key)] = fields.digest(entry)

    def _hash(self, content: bytes) -> str:
        return hmac.digest(self.key, content, "sha256").hex()
