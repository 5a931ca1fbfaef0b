"""The kube-apiserver of this node: its manifest, its OIDC issuers, and the proof that it serves them."""

__load__ = ()
