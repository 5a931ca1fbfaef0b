"""A plain Python process that applies a file of objects through the library: what Salt's function does, bare.

usage: apply_once.py KUBECONFIG NAMESPACE FILE

Prints one line of JSON: seconds from start to end of the run without the interpreter's own start, and the
run's report in one line.
"""

import json
import sys
import time
from pathlib import Path

STARTED = time.monotonic()
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "_modules"))


def main() -> None:
    """Apply the file's objects as members of the set ``bench`` in the namespace."""
    from cp_ingress_core.kube import arguments, engine
    from cp_ingress_core.kube.applyset import Parent
    from cp_ingress_core.kube.cluster import Cluster
    from cp_ingress_core.kube.options import Options

    kubeconfig, namespace, file = sys.argv[1:]
    cluster = Cluster.connect(kubeconfig)
    documents = arguments.documents(file)
    connected = time.monotonic()
    report = engine.apply(cluster, documents, Parent("bench", namespace), Options())
    ended = time.monotonic()
    print(
        json.dumps({"start": connected - STARTED, "engine": ended - connected, "comment": report["comment"]})
    )


if __name__ == "__main__":
    main()
