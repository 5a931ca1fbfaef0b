"""The ingress-nginx controller's image, made of its Go programs, Debian's nginx and Debian's Lua packages."""

from tests.sandbox.build.ingress_nginx.image import ingress_nginx

__all__ = ["ingress_nginx"]
