"""Single sign-on behind the ingress: the real Dex at /oidc, a console at /console, logging in at either.

issuer = dex.deploy(sandbox, "10.200.0.50", ca)       # two replicas, persistent storage
token = login(sandbox, issuer, ca).id_token           # as a person would, form by form
console.deploy(sandbox, "10.200.0.50", ca)
"""

from tests.sandbox.sso.flow import CONSOLE, KUBERNETES, USER, Client, LoginError, Tokens, User, claims, login

__all__ = ["CONSOLE", "KUBERNETES", "USER", "Client", "LoginError", "Tokens", "User", "claims", "login"]
