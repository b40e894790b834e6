package sandbox_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/testenv"
)

// readWithExchangelib is a client that we did not write. Each way to log in gets a
// protocol of its own; what it reads is printed as one line of JSON.
const readWithExchangelib = `
import json, os, sys
import requests.certs
from exchangelib import Account, BASIC, Configuration, Credentials, DELEGATE, Message, Mailbox, NTLM
from exchangelib.autodiscover.discovery.pox import PoxAutodiscovery
from exchangelib.autodiscover.protocol import AutodiscoverProtocol
from exchangelib.errors import ErrorNonExistentMailbox, UnauthorizedError
from exchangelib.protocol import BaseProtocol, FailFast

requests.certs.where = lambda: os.environ["CA"]
os.environ["REQUESTS_CA_BUNDLE"] = os.environ["CA"]

def account(user, password, way):
    config = Configuration(service_endpoint=os.environ["EWS"], credentials=Credentials(user, password), auth_type=way, retry_policy=FailFast())
    return Account("ada@sandbox.test", config=config, autodiscover=False, access_type=DELEGATE)

out = {}
for name, way, user in (("NTLM", NTLM, "SANDBOX\\ada"), ("Basic", BASIC, "ada@sandbox.test")):
    a = account(user, os.environ["PASSWORD"], way)
    first = list(a.inbox.all().order_by("-datetime_received")[:2])
    Message(account=a, folder=a.sent, subject="Cards by " + name, body="Hello", to_recipients=[Mailbox(email_address="bob@sandbox.test")]).send_and_save()
    out[name] = {
        "inbox": a.inbox.total_count,
        "unread": a.inbox.unread_count,
        "first": [m.subject for m in first],
        "sender": first[0].sender.email_address,
        "body": first[0].body,
        "sent": [m.subject for m in a.sent.all().order_by("-datetime_received")[:1]],
        "events": [e.subject for e in a.calendar.all().order_by("start")],
        "people": [p.email_addresses[0].email for p in a.contacts.all()],
        "folders": sorted(f.name for f in a.msg_folder_root.children),
    }
    endpoints = {"soap": os.environ["SOAP"], "pox": os.environ["POX"]}
    for kind, endpoint in endpoints.items():
        protocol = AutodiscoverProtocol(config=Configuration(service_endpoint=endpoint, credentials=a.protocol.credentials, auth_type=way, retry_policy=FailFast()))
        if kind == "soap":
            out[name][kind] = protocol.get_user_settings(user="ada@sandbox.test").ews_url
        else:
            pox = PoxAutodiscovery(email="ada@sandbox.test", credentials=a.protocol.credentials)
            out[name][kind] = pox._quick(protocol).protocol.ews_url
            try:
                PoxAutodiscovery(email="eve@sandbox.test", credentials=a.protocol.credentials)._quick(protocol)
            except ErrorNonExistentMailbox:
                out[name]["nobody"] = "unknown"
    try:
        account(user, "wrong", way).inbox.refresh()
        out[name]["wrong"] = "taken"
    except UnauthorizedError:
        out[name]["wrong"] = "refused"
print(json.dumps(out))
`

// seen is what the client tells.
type seen struct {
	Inbox, Unread int
	First         []string
	Sender, Body  string
	Sent          []string
	Events        []string
	People        []string
	Folders       []string
	Wrong, Nobody string
	SOAP, POX     string // where autodiscover says that the web services are
}

func TestExchangelibReadsTheSandboxsExchange(t *testing.T) {
	t.Parallel()
	python := testenv.Exchangelib(t)
	c := setupCompany(t, sandbox.ExchangeSettings{ChannelBinding: true}) // it can do that, too
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", readWithExchangelib)
	cmd.Env = append(os.Environ(), "EWS="+c.at.URL("/EWS/Exchange.asmx"), "SOAP="+c.at.URL("/autodiscover/autodiscover.svc"),
		"POX="+c.at.URL("/Autodiscover/Autodiscover.xml"), "PASSWORD="+c.box.ExchangePassword("ada"),
		"CA="+write("ca.pem", string(c.at.CA)), "OPENSSL_CONF="+write("openssl.cnf", legacyOpenSSL), "HOME="+dir, "TZ=UTC", "NTLM_USER_FILE=")
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output wraps nothing
			stderr = string(exit.Stderr)
		}
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	var got map[string]seen
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, way := range []string{"NTLM", "Basic"} {
		want := seen{
			Inbox: 25, Unread: 3, First: []string{"The Analytical Engine", "Found a moth"}, Sender: "charles@engine.test",
			Body: got[way].Body, Sent: []string{"Cards by " + way}, Events: []string{"Planning", "Lunch with Grace", "Analytical Engine, second reading"},
			People:  []string{"charles@engine.test", "grace@navy.test", "radia@bridge.test"},
			Folders: []string{"Calendar", "Contacts", "Deleted Items", "Drafts", "Inbox", "Sent Items", "Tasks"}, Wrong: "refused", Nobody: "unknown", SOAP: c.at.URL("/EWS/Exchange.asmx"), POX: c.at.URL("/EWS/Exchange.asmx"),
		}
		if diff := cmp.Diff(want, got[way]); diff != "" || !strings.HasPrefix(want.Body, "The mill is nearly drawn.") {
			t.Errorf("%s: body %q\n%s", way, want.Body, diff)
		}
	}
}

// legacyOpenSSL brings back MD4, which NTLM is made of.
const legacyOpenSSL = `openssl_conf = all
[all]
providers = both
[both]
default = on
legacy = on
[on]
activate = 1
`
