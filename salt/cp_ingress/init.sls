# The control-plane ingress, whole: `salt-call state.apply cp_ingress` on the bootstrap node. It deploys, changes the
# IP or the mode, and finishes a change that was broken off. The order is the order of the files: nothing is removed
# before what replaces it has answered. Upgrades and clusters with a Salt master run the same files, one by one.
include:
  - cp_ingress.widen
  - cp_ingress.apiserver
  - cp_ingress.move
  - cp_ingress.narrow
