# Until old and new endpoint answer alike. Changes nothing for clients of the old one.
include:
  - cp_ingress.preflight
  - cp_ingress.namespaces
  - cp_ingress.begin
  - cp_ingress.certs
  - cp_ingress.metallb
  - cp_ingress.nginx
  - cp_ingress.endpoint
  - cp_ingress.verify
