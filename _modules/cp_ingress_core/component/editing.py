"""What is changed inside a document: values that are set, and URLs that move with the endpoint. Pure."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from cp_ingress_core.component.paths import PathError, places
from cp_ingress_core.component.urls import Origin, moved, origin_of
from cp_ingress_core.component.values import Endpoint, filled

# Values that begin so carry the endpoint: where they pointed before is where it was before.
_CARRIERS = ("{url}", "{issuer}")


def edited(
    data: Any,
    sets: Mapping[str, Any],
    moves: Collection[str],
    endpoint: Endpoint,
    previous: Collection[Origin] = (),
) -> Any:
    """Return a copy of a document's data with the endpoint in it.

    data
        As :func:`.documents.read` gives it.
    sets
        Path -> value, a template over the endpoint.
    moves
        Paths below which URLs at an earlier endpoint move to the new one.
    previous
        Origins of earlier endpoints; where the values to set pointed until now counts as one too.

    Raises PathError where a value to set has no place; what is to move may be missing.
    """
    result = copy.deepcopy(data)
    former = {*previous, *formerly(data, sets)}
    for path, template in sets.items():
        found = places(result, path, new=True)
        if not found:
            raise PathError(f"{path}: what it lies in is not there")
        for node, key in found:
            _put(node, key, filled(template, endpoint))
    for path in moves:
        for node, key in places(result, path):
            value = moved(node[key], former, endpoint.url)
            if value != node[key]:
                node[key] = value
    return result


def formerly(data: Any, sets: Mapping[str, Any]) -> set[Origin]:
    """Return the origins at which the values to set have the endpoint until now."""
    found: set[Origin] = set()
    for path, template in sets.items():
        if isinstance(template, str) and template.lstrip("\"'").startswith(_CARRIERS):
            origins = [origin_of(node.get(key)) for node, key in places(data, path) if isinstance(node, dict)]
            found.update(origin for origin in origins if origin)
    return found


def _put(node: Any, key: Any, value: Any) -> None:
    """Set a value unless it stands there already, as the document's own spelling of it."""
    there = node[key] if not isinstance(node, dict) or key in node else None
    if there is not None and str(there) == _spelled(value) and not isinstance(there, (dict, list)):
        return
    node[key] = value


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
