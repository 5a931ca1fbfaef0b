// Dex serves Dex's own OpenID Connect server.
//
//	dex serve FILE   reads Dex's YAML configuration (the parts in config.go)
//	dex              serves a fixed test configuration: ISSUER is mandatory,
//	                 STORAGE is memory (default) or kubernetes, REDIRECT_URIS is a
//	                 comma-separated list; login admin@example.test, password "password"
//
// It exists because Dex's own command does not build from the module: it pulls in
// an etcd client whose dependencies are gone.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/kubernetes"
	"github.com/dexidp/dex/storage/memory"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
)

func main() {
	config, err := configuration(os.Args[1:])
	if err == nil {
		err = serve(config)
	}
	log.Fatal("dex: ", err)
}

func configuration(args []string) (*Config, error) {
	switch {
	case len(args) == 0:
		return fromEnvironment()
	case len(args) == 2 && args[0] == "serve":
		return fromFile(args[1])
	}
	return nil, errors.New("usage: dex [serve FILE]")
}

func serve(config *Config) error {
	logger := logrus.New()
	store, err := openStorage(config, logger)
	if err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	handler, err := server.NewServer(context.Background(), server.Config{
		Issuer:                 config.Issuer,
		Storage:                store,
		SupportedResponseTypes: config.OAuth2.ResponseTypes,
		SkipApprovalScreen:     config.OAuth2.SkipApprovalScreen,
		IDTokensValidFor:       time.Duration(config.Expiry.IDTokens),
		RotateKeysAfter:        time.Duration(config.Expiry.SigningKeys),
		Web:                    server.WebConfig{Dir: config.Frontend.Dir},
		PrometheusRegistry:     prometheus.NewRegistry(),
		Logger:                 logger,
	})
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	logger.Infof("issuer %s, storage %s, listening on %s", config.Issuer, config.Storage.Type, config.Web.HTTP)
	return (&http.Server{Addr: config.Web.HTTP, Handler: handler, ReadHeaderTimeout: 5 * time.Second}).ListenAndServe()
}

func openStorage(config *Config, logger *logrus.Logger) (storage.Storage, error) {
	var store storage.Storage
	switch config.Storage.Type {
	case "memory":
		store = memory.New(logger)
	case "kubernetes":
		opened, err := (&kubernetes.Config{
			InCluster:      config.Storage.Config.InCluster,
			KubeConfigFile: config.Storage.Config.KubeConfigFile,
		}).Open(logger)
		if err != nil {
			return nil, err
		}
		store = opened
	default:
		return nil, fmt.Errorf("storage.type is %q, want memory or kubernetes", config.Storage.Type)
	}
	connectors, err := config.connectors()
	if err != nil {
		return nil, err
	}
	store = storage.WithStaticConnectors(store, connectors)
	store = storage.WithStaticPasswords(store, config.passwords(), logger)
	return storage.WithStaticClients(store, config.StaticClients), nil
}
