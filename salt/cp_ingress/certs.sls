# A CA of our own, made once, and the certificate for the ingress IP that it signs. The same states renew the
# certificate before it expires and issue it again when the IP changes; the CA and the keys stay.
# With `cp_ingress:certificate:kind: secret` the TLS Secret is the user's and nothing is made here.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.namespaces
{%- if not settings.errors and settings.certificate_kind == "managed" %}

cp_ingress-certs-folder:
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
      - file: cp_ingress-certs-folder

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

cp_ingress-certs-server-key:
  x509.private_key_managed:
    - name: {{ settings.server_key }}
    - algo: ec
    - keysize: 256
    - mode: '0600'
    - require:
      - file: cp_ingress-certs-folder

cp_ingress-certs-server-certificate:
  x509.certificate_managed:
    - name: {{ settings.server_certificate }}
    - private_key: {{ settings.server_key }}
    - signing_private_key: {{ settings.ca_key }}
    - signing_cert: {{ settings.ca_certificate }}
    - CN: cp-ingress
    - basicConstraints: critical, CA:FALSE
    - keyUsage: critical, digitalSignature
    - extendedKeyUsage: serverAuth
    - subjectAltName: {{ settings.sans | json }}
    - authorityKeyIdentifier: keyid
    - subjectKeyIdentifier: hash
    - days_valid: {{ settings.certificate_days }}
    - days_remaining: {{ settings.certificate_renew_before_days }}
    - mode: '0644'
    - require:
      - x509: cp_ingress-certs-ca-certificate
      - x509: cp_ingress-certs-server-key

cp_ingress-certs-secret-applied:
  cp_ingress.tls_secret_applied:
    - certificate: {{ settings.server_certificate }}
    - private_key: {{ settings.server_key }}
    - applyset: cp-ingress-certs
    - require:
      - x509: cp_ingress-certs-server-certificate
{%- endif %}
