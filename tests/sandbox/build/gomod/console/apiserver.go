package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	serviceAccountCA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
	reviewsPath      = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
	review           = `{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}`
)

// apiserver is the cluster's API, asked as whoever uses the console.
type apiserver struct {
	url    string
	client *http.Client
}

func inCluster() (*apiserver, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST is not set: this runs in a pod")
	}
	pem, err := os.ReadFile(serviceAccountCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return &apiserver{
		url:    "https://" + net.JoinHostPort(host, port),
		client: &http.Client{Transport: transport, Timeout: 5 * time.Second},
	}, nil
}

// whoami returns the user name that the API server has for the bearer of a token.
func (a *apiserver) whoami(ctx context.Context, token string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+reviewsPath, bytes.NewBufferString(review))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := a.client.Do(request)
	if err != nil {
		return "", errors.New("the API server can't be reached")
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the API server answers %s", answer.Status)
	}
	var found struct {
		Status struct {
			UserInfo struct {
				Username string `json:"username"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return "", errors.New("the API server's answer can't be read")
	}
	return found.Status.UserInfo.Username, nil
}
