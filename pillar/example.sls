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

  metallb:
    # How soon another node takes over: fast is about 1.8 s after a power loss; default are MetalLB's own timings, about 5 s.
    failover: fast
    # When MetalLB is removed: whether its definitions go too, and with them every object of these kinds.
    remove_crds: false

  # Seconds to wait: for objects to be ready, and for the endpoint to answer.
  timeouts:
    wait: 300
    verify: 60

  # External mode alone: what brings the IP to NGINX, and whether every master answers on its own address too,
  # for a load balancer in front that forwards to these.
  external:
    exposure: auto
    node_addresses: false

  # A change of the IP or the mode, in seconds: how long the old address is kept once everything has followed the
  # new one, and how long to wait for an IP to be given up by its old holder.
  change:
    keep_old_for: 0
    handover_timeout: 300

  # Where this machine reaches the endpoint, if not by its IP: behind NAT that does not lead back. The certificate
  # must name the IP all the same. Without this key, the IP.
  verify:
    connect_to: 10.200.0.11:8443

  # For `salt-run state.orchestrate cp_ingress.orchestrate.change`, whose own minion ID must get this pillar too: which
  # minion is the bootstrap node, and all control-plane nodes. Their apiservers follow in this order.
  orchestrate:
    bootstrap: bootstrap-node
    masters: [bootstrap-node, master-2, master-3]

  # What must follow the endpoint: docs/components.md. In values {url}, {issuer}, {ip}, {host} and {port} stand for
  # the endpoint's.
  components:
    # Ready-made, in a namespace of your own; everything else is the preset's.
    dex:
      preset: dex
      namespace: auth
      order: 10
      timeout: 120
    grafana:
      preset: grafana
      namespace: monitoring
      workload: Deployment/prometheus-grafana
      container: grafana
      env:
        GF_SERVER_ROOT_URL: "{url}/grafana/"
      force_conflicts: true
    # Values inside a text in a ConfigMap or Secret.
    portal:
      kind: document
      namespace: portal
      configmap: portal
      key: settings.json
      format: json
      set:
        auth.issuer: "{issuer}"
      move: [links]
      restart: [Deployment/portal]
      custom_resources: portal.example.com
      verify:
        url: "{url}/portal/settings.json"
        status: 200
        json:
          auth.issuer: "{issuer}"
    console:
      kind: document
      namespace: console
      secret: console
      key: config.yaml
      set:
        oidc.issuer: "{issuer}"
    # A part of somebody else's object, and no other field of it.
    banner:
      kind: fragment
      namespace: portal
      part:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: banner}
        data: {address: "{ip}"}
    # Whole objects of your own.
    links:
      kind: objects
      namespace: portal
      template: salt://portal/links.yaml.j2

  # Have the apiserver of every master accept the OIDC issuer behind the endpoint (state cp_ingress.apiserver).
  # Without this section no apiserver is touched; `apiserver: {}` takes all defaults.
  apiserver:
    # auto: a structured AuthenticationConfiguration file from Kubernetes 1.30 on, --oidc flags before.
    method: auto
    # The client whose tokens are accepted. This and the next four default to what the apiserver has already.
    client_id: console
    username_claim: email
    username_prefix: 'oidc:'
    groups_claim: groups
    groups_prefix: 'oidc:'
    # false where the apiserver is no static pod (k3s, RKE2); see docs/apiserver.md.
    manage_manifest: true
    manifest: /etc/kubernetes/manifests/kube-apiserver.yaml
    container: kube-apiserver
    config_dir: /etc/kubernetes/cp-ingress
    backup_dir: /var/lib/cp-ingress/apiserver
    # Seconds for each wait: a restart, a reload, the proof.
    timeout: 180
    # A file with a real ID token that must be accepted too; without it the proof is a forged one that is refused.
    token_file: /etc/cp-ingress/test-token

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
#   # On k3s and RKE2, and with several clients:
#   apiserver:
#     manage_manifest: false
#     server: https://127.0.0.1:6443
#     audiences: [console, kubectl]
