package counterpart

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/testenv"
)

// Apache verifies NTLM by gss-ntlmssp, MIT Kerberos' mechanism, and then asks a backend.
type Apache struct {
	// Address is where it listens, "127.0.0.1:40001", URL the same as localhost's, without
	// a path.
	Address, URL string
	// Chain is the PEM of the certificate to trust.
	Chain string

	log string
}

// ApacheConfig says who may come in and what is behind.
type ApacheConfig struct {
	Hosts                  []string // names that the certificate is for, beside localhost
	Domain, User, Password string   // of the one person it lets in
	Backend                string   // "https://localhost:40001"
	BackendCA              string   // PEM of the authority to trust there
	BackendAuthorization   string   // sent there in place of the person's: `Basic …`
}

// StartApache runs one until the test ends.
func StartApache(t testing.TB, cfg ApacheConfig) Apache {
	t.Helper()
	program, modules := testenv.Apache(t)
	r := open(t, "apache", cfg.Hosts...)
	port := r.port()
	people := r.write("people", cfg.Domain+":"+cfg.User+":"+cfg.Password+"\n")
	account := ""
	if r.root {
		account = "User nobody\nGroup nogroup\n"
	}
	config := r.write("apache.conf", strings.NewReplacer("DIR", r.dir, "MODULES", modules, "PORT", port, "ACCOUNT\n", account,
		"BACKEND", cfg.Backend, "AUTHORIZATION", cfg.BackendAuthorization).Replace(apacheConfig))
	r.write("backend.pem", cfg.BackendCA)
	cmd := exec.Command(program, "-f", config, "-DFOREGROUND")
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "NTLM_USER_FILE=") }), "NTLM_USER_FILE="+people)
	r.run(port, "log", cmd)
	return Apache{Address: "127.0.0.1:" + port, URL: "https://localhost:" + port, Chain: r.chain, log: filepath.Join(r.dir, "log")}
}

// Attempts counts the handshakes that came to an end, by what the verifier says in
// Apache's log before it answers: of every request that it lets in, and of those among
// them whose connection it knew already.
func (a Apache) Attempts(t testing.TB) (accepted, refused int) {
	t.Helper()
	log, err := os.ReadFile(a.log)
	if err != nil {
		t.Fatal(err)
	}
	said := func(words string) int { return strings.Count(string(log), words) }
	return said("GSSapiImpersonate not On") - said("Already established context found"), said("gss_accept_sec_context() failed")
}

const apacheConfig = `
ServerRoot DIR
ServerName localhost
Listen 127.0.0.1:PORT
PidFile DIR/pid
DefaultRuntimeDir DIR
ErrorLog DIR/log
LogLevel warn auth_gssapi:debug
ACCOUNT
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authn_core_module MODULES/mod_authn_core.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule authz_user_module MODULES/mod_authz_user.so
LoadModule auth_gssapi_module MODULES/mod_auth_gssapi.so
LoadModule headers_module MODULES/mod_headers.so
LoadModule proxy_module MODULES/mod_proxy.so
LoadModule proxy_http_module MODULES/mod_proxy_http.so
LoadModule socache_shmcb_module MODULES/mod_socache_shmcb.so
LoadModule ssl_module MODULES/mod_ssl.so
StartServers 1
ServerLimit 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
KeepAlive On
KeepAliveTimeout 60
Mutex file:DIR
SSLEngine on
SSLCertificateFile DIR/cert.pem
SSLCertificateKeyFile DIR/key.pem
SSLSessionCache none
SSLProxyEngine on
SSLProxyCACertificateFile DIR/backend.pem
<Location />
  AuthType GSSAPI
  AuthName "Apache"
  GssapiAllowedMech ntlmssp
  GssapiConnectionBound On
  GssapiLocalName Off
  Require valid-user
  RequestHeader set Authorization "AUTHORIZATION"
  ProxyPass BACKEND/
</Location>
`
