# A CA of our own, made once, and the certificate for the ingress IP that it signs. The same states renew the
# certificate before it expires and issue it again when the IP changes; the CA and the keys stay.
# With `cp_ingress:certificate:kind: secret` the TLS Secret is the user's and nothing is made here.
include:
  - cp_ingress.certs.ca
  - cp_ingress.certs.server
  - cp_ingress.certs.secret
  - cp_ingress.certs.published
