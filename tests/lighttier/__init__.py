"""The light tier: one etcd and one kube-apiserver as plain processes on loopback, without root."""

from tests.lighttier.apiserver import LightApiserver
from tests.lighttier.audit import AuditEvent

__all__ = ["AuditEvent", "LightApiserver"]
