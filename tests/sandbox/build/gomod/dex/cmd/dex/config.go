package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/ghodss/yaml"
	"golang.org/x/crypto/bcrypt"
)

// Config is the part of Dex's configuration file that this server obeys.
type Config struct {
	Issuer  string `json:"issuer"`
	Storage struct {
		Type   string `json:"type"`
		Config struct {
			InCluster      bool   `json:"inCluster"`
			KubeConfigFile string `json:"kubeConfigFile"`
		} `json:"config"`
	} `json:"storage"`
	Web struct {
		HTTP string `json:"http"`
	} `json:"web"`
	Frontend struct {
		Dir string `json:"dir"`
	} `json:"frontend"`
	OAuth2 struct {
		ResponseTypes      []string `json:"responseTypes"`
		SkipApprovalScreen bool     `json:"skipApprovalScreen"`
	} `json:"oauth2"`
	Expiry struct {
		IDTokens    duration `json:"idTokens"`
		SigningKeys duration `json:"signingKeys"`
	} `json:"expiry"`
	Connectors       []connector      `json:"connectors"`
	StaticClients    []storage.Client `json:"staticClients"`
	EnablePasswordDB bool             `json:"enablePasswordDB"`
	StaticPasswords  []password       `json:"staticPasswords"`
}

type connector struct {
	ID     string          `json:"id"`
	Type   string          `json:"type"`
	Name   string          `json:"name"`
	Config json.RawMessage `json:"config"`
}

type password struct {
	Email    string `json:"email"`
	Hash     string `json:"hash"`
	Username string `json:"username"`
	UserID   string `json:"userID"`
}

// duration is a time.Duration written as "24h".
type duration time.Duration

// UnmarshalJSON reads a duration from its text form.
func (d *duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	*d = duration(parsed)
	return err
}

func (c *Config) connectors() ([]storage.Connector, error) {
	var all []storage.Connector
	for _, given := range c.Connectors {
		if _, known := server.ConnectorsConfig[given.Type]; !known {
			return nil, fmt.Errorf("connector %q: unknown type %q", given.ID, given.Type)
		}
		all = append(all, storage.Connector{ID: given.ID, Type: given.Type, Name: given.Name, Config: given.Config})
	}
	if c.EnablePasswordDB {
		all = append(all, storage.Connector{ID: server.LocalConnector, Type: server.LocalConnector, Name: "Email"})
	}
	return all, nil
}

func (c *Config) passwords() []storage.Password {
	var all []storage.Password
	for _, p := range c.StaticPasswords {
		all = append(all, storage.Password{Email: p.Email, Hash: []byte(p.Hash), Username: p.Username, UserID: p.UserID})
	}
	return all
}

func (c *Config) fillDefaults() error {
	if c.Issuer == "" {
		return errors.New("no issuer is set")
	}
	if c.Storage.Type == "" {
		c.Storage.Type = "memory"
	}
	if c.Web.HTTP == "" {
		c.Web.HTTP = ":5556"
	}
	if c.Frontend.Dir == "" {
		c.Frontend.Dir = "/web"
	}
	return nil
}

func fromFile(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	config := &Config{}
	if err := yaml.Unmarshal(text, config); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return config, config.fillDefaults()
}

func fromEnvironment() (*Config, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte("password"), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	redirects := os.Getenv("REDIRECT_URIS")
	if redirects == "" {
		redirects = "https://console.test/callback"
	}
	config := &Config{Issuer: os.Getenv("ISSUER"), EnablePasswordDB: true}
	config.Storage.Type = os.Getenv("STORAGE")
	config.Storage.Config.InCluster = true
	config.OAuth2.SkipApprovalScreen = true
	config.StaticClients = []storage.Client{
		{ID: "console", Secret: "s3cret", Name: "console", RedirectURIs: strings.Split(redirects, ",")},
	}
	config.StaticPasswords = []password{
		{Email: "admin@example.test", Hash: string(hash), Username: "admin", UserID: "u1"},
	}
	return config, config.fillDefaults()
}
