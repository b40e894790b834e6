package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/outbound"
	"github.com/avain-project/avain/internal/provider/all"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/store"
	"github.com/avain-project/avain/internal/store/storetest"
	"github.com/avain-project/avain/internal/transfer"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// refusing fails each call: nothing may ask a provider.
type refusing struct{ t *testing.T }

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	r.t.Errorf("a provider was asked: %s", req.URL.Host)
	return nil, http.ErrAbortHandler
}

const clientID = "00000000000000000000000000000001"

// house is an installation with one application that is registered everywhere.
type house struct {
	*transfer.Service
	t           *testing.T
	store       *store.Store
	credentials *credential.Service
	app         store.Application
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: storetest.Open(t)}
	providers := all.Registry(outbound.New(outbound.Config{}))
	now := func() time.Time { return noon }
	h.credentials = credential.New(credential.Config{
		Store: h.store, Ring: ring, Providers: providers, Transport: refusing{t}, Now: now, Logger: slog.New(slog.DiscardHandler),
	})
	h.Service = transfer.New(transfer.Config{Store: h.store, Credentials: h.credentials, Providers: providers, Now: now})
	h.app = store.Application{Application: account.Application{ID: account.NewRecordID(), ClientID: clientID, Name: "CRM", CreatedAt: noon, UpdatedAt: noon}}
	h.ok(h.store.CreateApplication(t.Context(), h.app))
	for _, st := range account.ServiceTypes() {
		reg, err := credential.SealRegistration(ring, account.Registration{
			ID: account.NewRecordID(), ApplicationID: h.app.ID, ServiceType: st, ClientID: "client", Scopes: []scope.Scope{scope.MailRead},
			Current: true, CreatedAt: noon, UpdatedAt: noon,
		}, nil)
		h.ok(err)
		h.ok(h.store.SaveRegistration(t.Context(), reg))
	}
	return h
}

func (h *house) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// bring imports the rows and returns their reports in the order of the lines.
func (h *house) bring(in transfer.Import, rows ...string) []transfer.Result {
	h.t.Helper()
	var results []transfer.Result
	in.From = strings.NewReader(strings.Join(rows, "\n"))
	in.Report = func(r transfer.Result) error {
		results = append(results, r)
		return nil
	}
	_, err := h.Import(h.t.Context(), in)
	h.ok(err)
	slices.SortFunc(results, func(a, b transfer.Result) int { return a.Line - b.Line })
	if len(results) != len(rows) {
		h.t.Fatalf("%d reports of %d rows", len(results), len(rows))
	}
	return results
}

// outcomes are the words of the results.
func outcomes(results []transfer.Result) (words []transfer.Outcome) {
	for _, r := range results {
		words = append(words, r.Outcome)
	}
	return words
}

func (h *house) accounts() int {
	h.t.Helper()
	n, err := h.store.CountAccounts(h.t.Context(), store.AccountFilter{})
	h.ok(err)
	return n
}

func (h *house) account(id account.ID) account.Account {
	h.t.Helper()
	a, err := h.store.Account(h.t.Context(), id)
	h.ok(err)
	return a
}

// refreshToken is what is stored of the account.
func (h *house) refreshToken(id account.ID) string {
	h.t.Helper()
	p, err := h.credentials.Export(h.t.Context(), h.account(id))
	h.ok(err)
	return p.Tokens.Refresh.Reveal()
}

// export is all accounts as rows.
func (h *house) export() []string {
	h.t.Helper()
	var out bytes.Buffer
	_, err := h.Export(context.Background(), transfer.Export{To: &out})
	h.ok(err)
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

// row writes a row with those members in place of, or besides, the ones of a good one.
func row(members map[string]any) string {
	good := map[string]any{"clientId": clientID, "serviceType": "Google", "authUserId": "1001", "email": "ada@example.com", "refreshToken": "planted-refresh"}
	for name, value := range members {
		if good[name] = value; value == nil {
			delete(good, name)
		}
	}
	text, err := json.Marshal(good)
	if err != nil {
		panic(fmt.Sprint("encode a row of the test: ", err))
	}
	return string(text)
}

type with = map[string]any
