"""Makes ingress-nginx's nginx.tmpl fit Debian 12's nginx 1.22.

That nginx has dynamic modules, no ``http2 on`` and no stream-lua.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.sandbox.build.errors import BuildError

MODULES = (
    "ndk_http_module",
    "ngx_http_lua_module",
    "ngx_http_set_misc_module",
    "ngx_http_headers_more_filter_module",
    "ngx_http_subs_filter_module",
    "ngx_stream_module",
)
LOAD_MODULES = "".join(f"load_module /etc/nginx/modules/{module}.so;\n" for module in MODULES)

# Before nginx 1.25 HTTP/2 is a word of `listen`; the controller renders all listeners of a server in one go.
HTTPS_LISTENERS = (
    '        {{ range $l := split (buildHTTPSListener $all $server.Hostname) " ssl;" }}'
    "{{ if trimSpace $l }}{{ $l }} ssl{{ if $all.Cfg.UseHTTP2 }} http2{{ end }};{{ end }}{{ end }}\n"
)

# The controller sends the TCP and UDP Services to StreamPort and fails its sync when nobody listens. Here
# nobody needs them: an HTTP server answers 400 and, lingering, reads what is left.
STREAM_SINK = """\
    # sink for the TCP/UDP service configuration (no stream-lua in this image)
    server {
        listen 127.0.0.1:{{ .StreamPort }};
        lingering_close always;
        keepalive_timeout 0;
        access_log off;
        return 204;
    }

"""


def fit_debian(template: str, stream: str) -> str:
    """Return nginx.tmpl `template` for Debian's nginx, with `stream` in place of its stream block.

    Raises BuildError when the template does not have the lines that are to be changed.
    """
    template = _replace(template, r"^pid \{\{ \.PID \}\};\n", lambda line: line + LOAD_MODULES)
    template = _replace(template, r"^ {12}http2 on;\n", lambda line: "")
    template = _replace(
        template,
        r"^ {8}\{\{ buildHTTPSListener \$all \$server\.Hostname \}\}\n",
        lambda line: HTTPS_LISTENERS,
    )
    template = _replace(template, r"^stream \{\n(?:.*\n)*?\}(?:\n|\Z)", lambda block: stream)
    return _replace(
        template,
        r"^ {4}# default server, used for NGINX healthcheck and access to nginx stats\n",
        lambda line: STREAM_SINK + line,
    )


def _replace(text: str, pattern: str, change: Callable[[str], str]) -> str:
    found = re.findall(pattern, text, re.MULTILINE)
    if len(found) != 1:
        raise BuildError(f"nginx.tmpl: {pattern!r} is there {len(found)} times, once is expected")
    return re.sub(pattern, lambda match: change(match[0]), text, flags=re.MULTILINE)
