# The server certificate for the ingress IP, issued by the CA.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.certs.ca
{%- if not settings.errors and settings.certificate_kind == "managed" %}

cp_ingress-certs-server-key:
  x509.private_key_managed:
    - name: {{ settings.server_key }}
    - algo: ec
    - keysize: 256
    - mode: '0600'
    - require:
      - file: cp_ingress-certs-ca-folder

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
{%- endif %}
