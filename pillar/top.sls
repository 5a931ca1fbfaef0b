base:
  '*':
    - cp_ingress
