"""The sandbox: a real Kubernetes cluster in network namespaces of this machine, and what it is built from."""
