// Console is a small UI of a control plane, of the kind that has to follow the ingress IP: it logs in with an
// OpenID Connect provider, keeps the ID token in a cookie, and asks the API server with it who the user is.
//
// Environment:
//
//	ISSUER         issuer URL, e.g. https://10.200.0.50:8443/oidc
//	REDIRECT_URL   this console's own callback, e.g. https://10.200.0.50:8443/console/callback
//	CLIENT_ID, CLIENT_SECRET
//	AUDIENCES      further audiences to ask for, separated by commas (Dex's cross-client scopes)
//	BASE_PATH      where it is behind the ingress (/console)
//	LISTEN         :8080
//	SSL_CERT_FILE  the CA of the ingress (Go's own variable)
//
// The API server is the cluster's own, with the CA of the pod's service account.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	console, err := newConsole()
	if err != nil {
		log.Fatal("console: ", err)
	}
	server := &http.Server{Addr: value("LISTEN", ":8080"), Handler: console.routes(), ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(grace)
	}()
	log.Printf("issuer %s, redirect URL %s, listening on %s", console.issuer, console.oauth.RedirectURL, server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal("console: ", err)
	}
}

func value(name, otherwise string) string {
	if found := os.Getenv(name); found != "" {
		return found
	}
	return otherwise
}

func words(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}
