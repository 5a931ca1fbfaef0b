"""Every exception the library raises.

Inside Salt, one base class on its own :class:`CommandExecutionError`, so that the command line prints the
message without a traceback. States read ``exc.info`` and never the text: ``info`` holds ``reason`` (a
CamelCase word), ``status`` (an HTTP status or 0), ``object`` (``apiVersion/kind namespace/name`` or "") and
whatever else the raiser adds.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

# Salt's loader imports Salt's exceptions before any module of ours. A program that uses the library alone has
# no use for them, and need not spend 50 ms on their import.
if TYPE_CHECKING or "salt.exceptions" not in sys.modules:
    _Base = Exception
else:
    from salt.exceptions import CommandExecutionError as _Base


class CpIngressError(_Base):
    """Base of all errors of cp-ingress: a clean message, and ``info`` for programs."""

    reason = "Error"

    def __init__(
        self, message: str, *, reason: str = "", status: int = 0, obj: str = "", **details: Any
    ) -> None:
        # Passing info= to Salt's own initialiser would append it to the text.
        super().__init__(message)
        self.info: dict[str, Any] = {
            "reason": reason or self.reason,
            "status": status,
            "object": obj,
            **details,
        }


class ConfigError(CpIngressError):
    """The Bootstrap file or the pillar says something that cannot be done; ``info["errors"]`` lists every
    finding.
    """

    reason = "InvalidConfiguration"

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors), errors=list(errors))


class ChartError(CpIngressError):
    """A chart archive could not be had, verified or rendered."""

    reason = "ChartError"


class KubeconfigError(CpIngressError):
    """The kubeconfig is missing, unreadable or names credentials that do not work."""

    reason = "InvalidKubeconfig"


class ApiError(CpIngressError):
    """The Kubernetes API refused a request; ``info`` has the server's reason, the HTTP status and the
    object.
    """

    reason = "ApiError"


class ApplySetError(CpIngressError):
    """An ApplySet parent is damaged, foreign or may not be used; raised before anything is written."""

    reason = "ApplySetRefused"


class WaitTimeout(CpIngressError):  # noqa: N818
    """Objects were not ready by the deadline; ``info["pending"]`` maps each to its last reason."""

    reason = "WaitTimeout"


class WaitFailed(CpIngressError):  # noqa: N818
    """Objects reported that they failed; ``info["failed"]`` and ``info["pending"]`` map each to its
    reason.
    """

    reason = "WaitFailed"


class DiscoveryError(CpIngressError):
    """The API server does not serve a kind, or a server behind it does not say."""

    reason = "KindUnknown"


class ObjectError(CpIngressError):
    """Manifests that cannot be applied as they are: nothing was sent."""

    reason = "InvalidObject"


class ApplyError(CpIngressError):
    """Some objects could not be applied or deleted; ``info["changes"]`` holds what was done,
    ``info["errors"]`` why.
    """

    reason = "ApplyFailed"


class ConflictError(ApiError):
    """Other managers own fields of the manifest; ``info["conflicts"]`` names each field and manager."""

    reason = "FieldConflict"


class ImmutableError(ApiError):
    """A field of the manifest cannot be changed on the live object; ``info["causes"]`` names it."""

    reason = "FieldImmutable"


class ApiserverError(CpIngressError):
    """The apiserver's OIDC issuer could not be set, or is not what was asked for.

    ``info["changes"]`` holds what was done.
    """

    reason = "ApiserverRefused"


class IssuerError(CpIngressError):
    """An OIDC issuer does not answer this node as an apiserver needs it; ``info["issuer"]`` is its URL."""

    reason = "IssuerUnreachable"
