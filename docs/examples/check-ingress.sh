#!/bin/sh
# /etc/keepalived/check-ingress.sh IP PORT: can this master serve the ingress IP?
#
# On every master kube-proxy leads connections to the ingress IP to an NGINX pod, before they reach the network, also
# where another master holds the IP: so this asks the own kube-proxy and NGINX. Any HTTP answer will do, a 404 too.
# The certificate is not checked: with one that has expired no other master would serve better.
case $1 in
    *:*) host="[$1]" ;;
    *) host=$1 ;;
esac
exec curl --silent --insecure --noproxy '*' --max-time 2 --output /dev/null "https://$host:$2/"
