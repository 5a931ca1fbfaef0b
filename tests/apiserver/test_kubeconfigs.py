"""Each way to say who one is, against a real apiserver, and one line for each way to get it wrong.

tests/unit/kube/test_connect.py has what is refused before a request is sent.
"""

from __future__ import annotations

import base64
import datetime
import json
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cp_ingress_core.errors import CpIngressError
from cp_ingress_core.kube import credentials
from cp_ingress_core.kube.client import connect
from tests.lighttier import LightApiserver
from tests.lighttier.credentials import Authority

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
ACCOUNT = "robot"


def who(kubeconfig: Path | None, context: str | None = None) -> str:
    """Ask the apiserver who it takes us for."""
    client = connect(None if kubeconfig is None else str(kubeconfig), context).patient(0)
    answer = client.request("POST", WHO, body=REVIEW)
    return str(answer["status"]["userInfo"]["username"])


def refused(kubeconfig: Path | None, context: str | None = None) -> str:
    """Return the message with which a kubeconfig is refused; it is one line."""
    with pytest.raises(CpIngressError) as caught:
        who(kubeconfig, context)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


class Kubeconfigs:
    """Writes kubeconfigs for one apiserver into a folder."""

    def __init__(self, server: LightApiserver, folder: Path) -> None:
        self.server, self.folder = server, folder

    def write(self, user: dict[str, Any], **cluster: Any) -> Path:
        """Write one whose only context has this user and, on top of address and CA, this cluster."""
        target = {"server": self.server.url, "certificate-authority": str(self.server.ca), **cluster}
        target = {key: value for key, value in target.items() if value is not None}
        path = self.folder / "user.conf"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "light", "cluster": target}],
            "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "only", "context": {"cluster": "light", "user": "me"}}],
            "current-context": "only",
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def plug_in(self, script: str) -> dict[str, Any]:
        """Return a user whose credentials a script prints."""
        path = self.file("plug-in", f"#!/bin/sh\n{script}\n")
        path.chmod(0o700)
        api = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": api, "command": str(path), "interactiveMode": "Never"}}


def credential(**status: str) -> str:
    """Return what an exec plug-in answers."""
    api = "client.authentication.k8s.io/v1"
    return json.dumps({"apiVersion": api, "kind": "ExecCredential", "status": status})


def signed(claims: dict[str, Any], key: EllipticCurvePrivateKey) -> str:
    """Return claims as a token, signed as the apiserver signs its own (ES256)."""
    parts = [json.dumps(part).encode() for part in ({"alg": "ES256", "typ": "JWT"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    numbers = decode_dss_signature(key.sign(text, ECDSA(hashes.SHA256())))
    signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


@pytest.fixture
def configs(apiserver: LightApiserver, tmp_path: Path) -> Kubeconfigs:
    return Kubeconfigs(apiserver, tmp_path)


@pytest.fixture
def account(apiserver: LightApiserver, namespace: str) -> str:
    """The name under which a ServiceAccount of the test's namespace is known."""
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}
    status, answer = apiserver.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", body)
    assert status == 201, answer
    return f"system:serviceaccount:{namespace}:{ACCOUNT}"


@pytest.fixture
def token(apiserver: LightApiserver, account: str, namespace: str) -> str:
    """A token of that ServiceAccount, issued by the apiserver."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{ACCOUNT}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    status, answer = apiserver.request("POST", path, body)
    assert status == 201, answer
    return str(answer["status"]["token"])


def test_a_client_certificate_in_files(apiserver: LightApiserver) -> None:
    assert who(apiserver.kubeconfig_for("alice")) == "alice"


def test_a_client_certificate_inside(apiserver: LightApiserver, configs: Kubeconfigs) -> None:
    (entry,) = yaml.safe_load(apiserver.kubeconfig_for("alice").read_text())["users"]
    inside = {
        f"{key}-data": base64.b64encode(Path(file).read_bytes()).decode()
        for key, file in entry["user"].items()
    }
    ca = base64.b64encode(apiserver.ca.read_bytes()).decode()
    path = configs.write(inside, **{"certificate-authority": None, "certificate-authority-data": ca})
    assert who(path) == "alice"


def test_a_token(configs: Kubeconfigs, account: str, token: str) -> None:
    assert who(configs.write({"token": token})) == account


@pytest.mark.parametrize("end", ["", "\n"], ids=["as it is", "ended by a newline"])
def test_a_token_file(configs: Kubeconfigs, account: str, token: str, end: str) -> None:
    path = configs.file("token", token + end)
    assert who(configs.write({"tokenFile": str(path)})) == account


def test_an_exec_plug_in_that_gives_a_token(configs: Kubeconfigs, account: str, token: str) -> None:
    assert who(configs.write(configs.plug_in(f"echo '{credential(token=token)}'"))) == account


def test_an_exec_plug_in_that_gives_a_certificate(apiserver: LightApiserver, configs: Kubeconfigs) -> None:
    (entry,) = yaml.safe_load(apiserver.kubeconfig_for("carol").read_text())["users"]
    texts = {
        "clientCertificateData": Path(entry["user"]["client-certificate"]).read_text(),
        "clientKeyData": Path(entry["user"]["client-key"]).read_text(),
    }
    answer = configs.file("answer.json", credential(**texts))
    assert who(configs.write(configs.plug_in(f"cat {answer}"))) == "carol"


@pytest.fixture
def pod(apiserver: LightApiserver, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a pod has: the folder of its service account, and where the apiserver is."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    (folder / "token").write_text(token)
    (folder / "ca.crt").write_bytes(apiserver.ca.read_bytes())
    monkeypatch.setattr(credentials, "_SERVICE_ACCOUNT", str(folder))
    host, _, port = apiserver.url.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    return folder


def test_in_a_pod(pod: Path, account: str) -> None:
    assert who(None) == account


@pytest.mark.parametrize("missing", ["ca.crt", "token"])
def test_in_a_pod_without_a_file(pod: Path, missing: str) -> None:
    (pod / missing).unlink()
    assert "service account cannot be used" in refused(None) or "name a kubeconfig" in refused(None)


def test_in_a_pod_that_does_not_know_where_the_apiserver_is(
    pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert "service account cannot be used: Service host/port is not set" in refused(None)


def test_an_expired_certificate(apiserver: LightApiserver, configs: Kubeconfigs) -> None:
    certificate, key = apiserver.expired_pair("late")
    path = configs.write({"client-certificate": str(certificate), "client-key": str(key)})
    message = refused(path)
    assert f"does not accept the credentials of {path}" in message
    assert "expired" in message
    assert "renew" in message


def test_an_expired_token(apiserver: LightApiserver, configs: Kubeconfigs, account: str) -> None:
    key = load_pem_private_key((apiserver.folder / "service-account.key").read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    then = int((datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)).timestamp())
    namespace = account.split(":")[2]
    claims = {
        "iss": "https://kubernetes.default.svc",
        "aud": ["https://kubernetes.default.svc"],
        "sub": account,
        "iat": then - 3600,
        "exp": then,
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": ACCOUNT, "uid": "1"}},
    }
    stale = signed(claims, key)
    message = refused(configs.write({"token": stale}))
    assert "does not accept the credentials" in message
    assert stale not in message


def test_no_credentials_at_all(configs: Kubeconfigs) -> None:
    """The apiserver takes them for anonymous, who may do next to nothing."""
    assert "system:anonymous" in refused(configs.write({}))


def test_another_ca(configs: Kubeconfigs, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = Authority(folder).certificate
    message = refused(configs.write({"token": "t"}, **{"certificate-authority": str(other)}))
    assert "TLS: certificate" in message


@pytest.mark.parametrize(
    ("user", "cluster", "said"),
    [
        pytest.param(
            {"token": "t"}, {"insecure-skip-tls-verify": True}, "always verified", id="no verification"
        ),
        pytest.param(
            {"token": "t"}, {"certificate-authority": "/nowhere/ca.crt"}, "/nowhere/ca.crt", id="no CA"
        ),
        pytest.param({"tokenFile": "/nowhere/token"}, {}, "/nowhere/token", id="no token file"),
        pytest.param(
            {"client-certificate": "/nowhere/tls.crt", "client-key": "/nowhere/tls.key"},
            {},
            "/nowhere/tls.crt",
            id="no certificate",
        ),
        pytest.param(
            {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/nowhere/plug-in"}},
            {},
            "/nowhere/plug-in",
            id="no plug-in",
        ),
        pytest.param({"token": "t"}, {"server": "http://127.0.0.1:1"}, "https://", id="no TLS"),
        pytest.param({"token": "t"}, {"server": "https://127.0.0.1:1"}, "does not answer", id="nobody there"),
    ],
)
def test_what_is_wrong_is_said_and_where(
    configs: Kubeconfigs, user: dict[str, Any], cluster: dict[str, Any], said: str
) -> None:
    path = configs.write(user, **cluster)
    message = refused(path)
    assert said in message
    assert str(path) in message


def test_an_unknown_context(configs: Kubeconfigs) -> None:
    message = refused(configs.write({"token": "t"}), context="elsewhere")
    assert "elsewhere" in message


def test_a_missing_kubeconfig(tmp_path: Path) -> None:
    path = tmp_path / "none.conf"
    assert f"kubeconfig {path} cannot be read: No such file or directory" in refused(path)


class Proxy:
    """An HTTP proxy that tunnels, and counts whom it was asked for."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(connection,), daemon=True).start()

    def _tunnel(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        host = head.split()[1].decode()
        self.asked.append(host)
        name, _, port = host.rpartition(":")
        with connection, socket.create_connection((name, int(port))) as target:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            ends = {connection: target, target: connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy, and an environment that names none."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    proxy = Proxy()
    yield proxy
    proxy.close()


def test_a_proxy_of_the_environment_is_used(
    proxy: Proxy, configs: Kubeconfigs, account: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert who(configs.write({"token": token})) == account
    assert proxy.asked == [configs.server.url.removeprefix("https://")]


def test_a_host_that_needs_no_proxy_gets_none(
    proxy: Proxy, configs: Kubeconfigs, account: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert who(configs.write({"token": token})) == account
    assert proxy.asked == []


def test_the_proxy_of_a_kubeconfig_is_used(
    proxy: Proxy, configs: Kubeconfigs, account: str, token: str
) -> None:
    assert who(configs.write({"token": token}, **{"proxy-url": proxy.url})) == account
    assert len(proxy.asked) == 1
