"""From a pinned chart archive to Kubernetes objects."""

__load__ = ()
