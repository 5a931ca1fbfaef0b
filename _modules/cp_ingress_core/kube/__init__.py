"""Diff, apply, prune and wait for Kubernetes objects."""

__load__ = ()
