"""Objects that extend the API itself."""

from __future__ import annotations

from ..lookup import Object, condition, entries, holds, section, text, words
from .model import Readiness, failed, progressing, ready


def custom_resource_definition(obj: Object) -> Readiness:
    """The kind is served under the names it asked for."""
    names, established = condition(obj, "NamesAccepted"), condition(obj, "Established")
    if names.get("status") == "False":
        return failed(words(names, "its names are taken by another kind"))
    if established.get("status") == "False" and established.get("reason") != "Installing":
        return failed(words(established, "the API server does not serve it"))
    if not holds(obj, "Established"):
        return progressing(words(established, "not served by the API yet"))
    if not holds(obj, "NamesAccepted"):
        return progressing(words(names, "its names are not accepted yet"))
    return ready("served")


def api_service(obj: Object) -> Readiness:
    """The aggregated API answers."""
    available = condition(obj, "Available")
    if available.get("status") == "True":
        return ready("available")
    return progressing(words(available, "not reported as available yet"))


def webhook_configuration(obj: Object) -> Readiness:
    """Every webhook behind a Service has the CA with which the API server will check it."""
    waiting = [
        text(hook, "name") or "unnamed"
        for hook in entries(obj, "webhooks")
        if section(hook, "clientConfig", "service") and not section(hook, "clientConfig").get("caBundle")
    ]
    if waiting:
        return progressing(f"no caBundle yet in webhooks: {', '.join(waiting)}")
    return ready()
