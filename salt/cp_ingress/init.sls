# The control-plane ingress, whole: `salt-call state.apply cp_ingress` on the bootstrap node.
# The order is the order of the files: nothing is removed before what replaces it has answered.
include:
  - cp_ingress.preflight
  - cp_ingress.namespaces
  - cp_ingress.certs
  - cp_ingress.metallb
  - cp_ingress.nginx
  - cp_ingress.endpoint
  - cp_ingress.verify
  - cp_ingress.narrow
