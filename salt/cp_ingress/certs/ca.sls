# The CA: its key never leaves this node, and exists nowhere else unless you back it up.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.namespaces
{%- if not settings.errors and settings.certificate_kind == "managed" %}

cp_ingress-certs-ca-folder:
  file.directory:
    - name: {{ settings.pki_dir }}
    - user: root
    - group: root
    - mode: '0700'
    - makedirs: True
    - require:
      - kube_objects: cp_ingress-namespaces-applied

cp_ingress-certs-ca-key:
  x509.private_key_managed:
    - name: {{ settings.ca_key }}
    - algo: ec
    - keysize: 256
    - mode: '0600'
    - require:
      - file: cp_ingress-certs-ca-folder

cp_ingress-certs-ca-certificate:
  x509.certificate_managed:
    - name: {{ settings.ca_certificate }}
    - private_key: {{ settings.ca_key }}
    - signing_private_key: {{ settings.ca_key }}
    - CN: cp-ingress CA
    - basicConstraints: critical, CA:TRUE, pathlen:0
    - keyUsage: critical, keyCertSign, cRLSign
    - subjectKeyIdentifier: hash
    - days_valid: {{ settings.certificate_ca_days }}
    - days_remaining: {{ settings.certificate_renew_before_days }}
    - mode: '0644'
    - require:
      - x509: cp_ingress-certs-ca-key
{%- endif %}
