"""What the parent of a set remembers, so that a run that changes nothing can prove it without a request per
object.

The parent's data hold a random key and, per member, a digest of the fieldsV1 the server recorded for our
Apply. Each member carries a keyed hash of what was last applied. A value of ours that somebody else changed
has left our fieldsV1, and a manifest that changed has another hash; where both are unchanged, so is the
object.

The beginning of that hash stands in the ledger too: it proves nothing, but tells before anything was read
which manifests have changed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cp_ingress_core.kube import fields
from cp_ingress_core.kube.identity import ObjectKey
from cp_ingress_core.kube.operations import FIELD_MANAGER

HASH = "cp-ingress.io/applied-hash"
_KEY, _MEMBERS = "key", "members"
_KEY_BYTES = 32
_BEGINNING = 8  # digits: thousands of entries must fit into one Secret


class Entry(NamedTuple):
    """What is remembered of a member: the digest of its fieldsV1, and how its manifest's hash begins ("" in
    ledgers of earlier versions).
    """

    digest: str
    begins: str = ""


@dataclass
class Ledger:
    """The key, and the entry of each member by the keyed hash of its identity (so that names stay short)."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(_KEY_BYTES))
    entries: dict[str, Entry] = field(default_factory=dict)

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
        lines = (line.split() for line in text.splitlines())
        return cls(key, {line[0]: Entry(*line[1:]) for line in lines if len(line) in (2, 3)})

    def data(self) -> dict[str, str]:
        """Return the ledger as data of a Secret."""
        lines = (" ".join(filter(None, (member, *entry))) for member, entry in sorted(self.entries.items()))
        text = "".join(f"{line}\n" for line in lines)
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
        if (metadata.get("annotations") or {}).get(HASH) != _hash_in(manifest):
            return False
        owned = fields.owned(metadata.get("managedFields") or (), FIELD_MANAGER)
        known = self.entries.get(self.member(key))
        return (
            owned is not None
            and known is not None
            and owned.get("apiVersion") == manifest["apiVersion"]
            and known.digest == fields.digest(owned)
            and not metadata.get("deletionTimestamp")
        )

    def tells_changed(self, key: ObjectKey, manifest: Mapping[str, Any]) -> bool:
        """Tell whether `manifest` is known to be another than the one of the last run."""
        known = self.entries.get(self.member(key))
        return known is not None and known.begins not in ("", _beginning(manifest))

    def entry(self, manifest: Mapping[str, Any], live: Mapping[str, Any]) -> Entry | None:
        """Return what to remember of a member that was just applied; None where nothing of it is ours."""
        owned = fields.owned(live["metadata"].get("managedFields") or (), FIELD_MANAGER)
        return Entry(fields.digest(owned), _beginning(manifest)) if owned is not None else None

    def record(
        self, applied: Mapping[ObjectKey, Entry], proven: Mapping[ObjectKey, Mapping[str, Any]]
    ) -> None:
        """Remember what was applied and what was proven, the latter by its manifest; forget all else."""
        kept: dict[str, Entry] = {}
        for key, manifest in proven.items():
            known = self.entries[self.member(key)]
            # It is another where a run applied the manifest and failed afterwards. Where there was none, one
            # more would be a write of a run that changes nothing.
            begins = _beginning(manifest) if known.begins else ""
            kept[self.member(key)] = known._replace(begins=begins)
        kept |= {self.member(key): entry for key, entry in applied.items()}
        self.entries = kept

    def _hash(self, content: bytes) -> str:
        return hmac.digest(self.key, content, "sha256").hex()


def _hash_in(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"]["annotations"][HASH])


def _beginning(manifest: Mapping[str, Any]) -> str:
    return _hash_in(manifest)[:_BEGINNING]
