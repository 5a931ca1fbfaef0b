package main

import (
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	sessionCookie = "console_session"
	stateCookie   = "console_state"
	stateSeconds  = 600
)

type console struct {
	issuer string
	base   string
	oauth  oauth2.Config
	api    *apiserver

	mutex    sync.Mutex
	provider *oidc.Provider
}

// newConsole reads the environment. The provider is not asked yet: it may be late, or move.
func newConsole() (*console, error) {
	for _, name := range []string{"ISSUER", "REDIRECT_URL", "CLIENT_ID", "CLIENT_SECRET"} {
		if os.Getenv(name) == "" {
			return nil, errors.New(name + " is not set")
		}
	}
	api, err := inCluster()
	if err != nil {
		return nil, err
	}
	scopes := []string{oidc.ScopeOpenID, "email", "profile"}
	for _, audience := range words(os.Getenv("AUDIENCES")) {
		scopes = append(scopes, "audience:server:client_id:"+audience)
	}
	return &console{
		issuer: os.Getenv("ISSUER"),
		base:   value("BASE_PATH", "/console"),
		oauth: oauth2.Config{
			ClientID:     os.Getenv("CLIENT_ID"),
			ClientSecret: os.Getenv("CLIENT_SECRET"),
			RedirectURL:  os.Getenv("REDIRECT_URL"),
			Scopes:       scopes,
		},
		api: api,
	}, nil
}

func (c *console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+c.base+"/healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) })
	mux.HandleFunc("GET "+c.base+"/login", c.login)
	mux.HandleFunc("GET "+c.base+"/callback", c.callback)
	mux.HandleFunc("GET "+c.base+"/logout", c.logout)
	mux.HandleFunc("GET "+c.base+"/{$}", c.home)
	mux.Handle("GET "+c.base, http.RedirectHandler(c.base+"/", http.StatusFound))
	return mux
}

// discovered returns the provider and the configuration with its addresses; what failed is tried again next time.
func (c *console) discovered(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.provider == nil {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		// The provider keeps its context for fetching keys later on.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), &http.Client{Timeout: 5 * time.Second}), c.issuer)
		if err != nil {
			return nil, nil, err
		}
		c.provider = provider
	}
	configuration := c.oauth
	configuration.Endpoint = c.provider.Endpoint()
	return c.provider, &configuration, nil
}

func (c *console) login(w http.ResponseWriter, r *http.Request) {
	_, oauth, err := c.discovered(r.Context())
	if err != nil {
		c.failed(w, http.StatusBadGateway, "the issuer "+c.issuer+" can't be reached", err)
		return
	}
	state := rand.Text()
	c.setCookie(w, stateCookie, state, stateSeconds)
	http.Redirect(w, r, oauth.AuthCodeURL(state, oidc.Nonce(state)), http.StatusFound)
}

func (c *console) callback(w http.ResponseWriter, r *http.Request) {
	provider, oauth, err := c.discovered(r.Context())
	if err != nil {
		c.failed(w, http.StatusBadGateway, "the issuer "+c.issuer+" can't be reached", err)
		return
	}
	state, err := r.Cookie(stateCookie)
	if err != nil || state.Value != r.URL.Query().Get("state") {
		c.failed(w, http.StatusBadRequest, "this login was not started here", err)
		return
	}
	if message := r.URL.Query().Get("error"); message != "" {
		c.failed(w, http.StatusForbidden, "the issuer refused the login: "+message, nil)
		return
	}
	token, err := oauth.Exchange(r.Context(), r.URL.Query().Get("code"))
	if err != nil {
		c.failed(w, http.StatusBadGateway, "the code could not be exchanged for a token", err)
		return
	}
	raw, _ := token.Extra("id_token").(string)
	verified, err := provider.Verifier(&oidc.Config{ClientID: oauth.ClientID}).Verify(r.Context(), raw)
	if err == nil && verified.Nonce != state.Value {
		err = errors.New("the nonce is another one")
	}
	if err != nil {
		c.failed(w, http.StatusBadGateway, "the ID token is not valid", err)
		return
	}
	c.setCookie(w, stateCookie, "", -1)
	c.setCookie(w, sessionCookie, raw, int(time.Until(verified.Expiry).Seconds()))
	log.Printf("login of %s at %s", verified.Subject, verified.Issuer)
	http.Redirect(w, r, c.base+"/", http.StatusFound)
}

func (c *console) logout(w http.ResponseWriter, r *http.Request) {
	c.setCookie(w, sessionCookie, "", -1)
	page(w, http.StatusOK, view{Title: "Logged out", Base: c.base})
}

// home shows who the user is, to the issuer and to the API server; without a valid session the user logs in first.
func (c *console) home(w http.ResponseWriter, r *http.Request) {
	provider, oauth, err := c.discovered(r.Context())
	if err != nil {
		c.failed(w, http.StatusBadGateway, "the issuer "+c.issuer+" can't be reached", err)
		return
	}
	session, err := r.Cookie(sessionCookie)
	if err != nil {
		http.Redirect(w, r, c.base+"/login", http.StatusFound)
		return
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: oauth.ClientID}).Verify(r.Context(), session.Value)
	if err != nil {
		log.Printf("session refused: %v", err)
		http.Redirect(w, r, c.base+"/login", http.StatusFound)
		return
	}
	var claims struct {
		Email string `json:"email"`
		Name  string `json:"name"`
	}
	if err := token.Claims(&claims); err != nil {
		c.failed(w, http.StatusBadGateway, "the ID token can't be read", err)
		return
	}
	shown := view{Title: "Console", Base: c.base, Issuer: token.Issuer, Email: claims.Email, Name: claims.Name}
	shown.User, err = c.api.whoami(r.Context(), session.Value)
	if err != nil {
		shown.Error = err.Error()
	}
	page(w, http.StatusOK, shown)
}

func (c *console) failed(w http.ResponseWriter, status int, message string, err error) {
	log.Printf("%s: %v", message, err)
	page(w, status, view{Title: "Console", Base: c.base, Error: message})
}

func (c *console) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: url.QueryEscape(value), Path: c.base, MaxAge: seconds,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode,
	})
}

type view struct {
	Title, Base, Issuer, Email, Name, User, Error string
}

var layout = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body><h1>{{.Title}}</h1>
{{if .Email}}<p>Logged in as <b id="email">{{.Email}}</b> (<span id="name">{{.Name}}</span>)</p>{{end}}
{{if .Issuer}}<p>by <span id="issuer">{{.Issuer}}</span></p>{{end}}
{{if .User}}<p>The API server says: <b id="user">{{.User}}</b></p>{{end}}
{{if .Error}}<p id="error">{{.Error}}</p>{{end}}
<p><a id="log-in" href="{{.Base}}/login">Log in</a> <a id="log-out" href="{{.Base}}/logout">Log out</a></p>
</body></html>
`))

func page(w http.ResponseWriter, status int, shown view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	layout.Execute(w, shown)
}
