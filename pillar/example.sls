# Every key that may be tuned, for a copy under a name of your own (say cp_ingress_tuning.sls) that pillar/top.sls
# assigns beside cp_ingress. All are optional; the IP and the mode come from the Bootstrap file alone.
cp_ingress:
  # Credentials for the cluster, on the machine that applies the states.
  kubeconfig: /etc/kubernetes/admin.conf

  # The helm binary; without this key it is looked for on PATH.
  helm: /usr/local/bin/helm

  # TCP port of the endpoint, in every URL and in the OIDC issuer.
  port: 8443

  charts:
    metallb:
      # A mirror of the archives, by its base URL. The default, `upstream`, fetches them where the projects publish them.
      source: mirror
      mirror: https://mirror.example/charts
      # Another archive than the shipped one: always version and sha256 together.
      version: 0.16.1
      sha256: fb06bb584fcb7856f15733b2a6a2aff5b61b5c350687e341c163ae24a5938adc
    ingress-nginx:
      # For clusters without Internet access: a folder that holds the archives.
      source: directory
      directory: /srv/charts
      # Helm values, key by key over those of the shipped option files.
      values:
        controller:
          resources:
            requests: {cpu: 100m, memory: 256Mi}

  certificate:
    # Issued here, by a CA made here, and renewed by the same state.
    kind: managed
    days: 365
    renew_before_days: 30
    ca_days: 3650
    pki_dir: /etc/cp-ingress/pki

  # Seconds to wait: for objects to be ready, and for the endpoint to answer.
  timeouts:
    wait: 300
    verify: 60

# Instead of the certificate above, your own, in a TLS Secret in namespace cp-ingress:
#
# cp_ingress:
#   certificate:
#     kind: secret
#     secret: ingress-certificate
#     # The CA that clients trust, on this machine; without this key, the system's.
#     ca_file: /etc/ssl/certs/company-ca.pem
#     # How many days before its expiry to warn.
#     renew_before_days: 30
