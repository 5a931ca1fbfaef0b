"""Volume claims."""

from __future__ import annotations

from ..lookup import Object, section, text
from .model import Readiness, failed, progressing, ready


def persistent_volume_claim(obj: Object) -> Readiness:
    """The claim is bound."""
    phase = text(section(obj, "status"), "phase")
    if phase == "Bound":
        return ready("bound")
    if phase == "Lost":
        return failed("its volume is lost")
    storage_class = text(section(obj, "spec"), "storageClassName") or "the default one"
    return progressing(f"no volume bound yet (storage class: {storage_class})")
