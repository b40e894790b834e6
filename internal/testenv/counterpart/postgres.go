package counterpart

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/avain-project/avain/internal/testenv"
)

// Postgres is a PostgreSQL server of one test's own, which it may kill and start again:
// the data stays. The one of scripts/with-postgres is everybody's.
type Postgres struct {
	*daemon
	// URL is that of an empty database, as a superuser.
	URL string
}

// StartPostgres runs one until the test ends. It does not wait for the disk: what is
// killed are processes, and the kernel keeps what they have written.
func StartPostgres(t testing.TB) Postgres {
	t.Helper()
	bin := testenv.PostgresPrograms(t)
	r := open(t, "postgres")
	port, data := r.port(), filepath.Join(r.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if uid, gid, ok := r.servant(); ok {
		for _, path := range []string{r.dir, data} {
			if err := os.Chown(path, int(uid), int(gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	initdb := exec.CommandContext(t.Context(), filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "--no-locale", "-E", "UTF8")
	initdb.Dir, initdb.SysProcAttr = r.dir, r.unprivileged()
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	settings := r.write("postgresql.conf", "listen_addresses = '127.0.0.1'\nport = "+port+"\nunix_socket_directories = ''\nmax_connections = 200\n"+
		"fsync = off\nfull_page_writes = off\nautovacuum = off\n")
	p := Postgres{r.newDaemon(port, filepath.Join(bin, "postgres"), "-D", data, "-c", "config_file="+settings), "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"}
	p.Start()
	asks := []string{"-q", "-h", "127.0.0.1", "-p", port, "-t", "20"}
	for end := time.Now().Add(patience); exec.CommandContext(t.Context(), filepath.Join(bin, "pg_isready"), asks...).Run() != nil; { // it listens before it is ready
		if time.Now().After(end) {
			t.Fatal("PostgreSQL does not become ready")
		}
	}
	return p
}

// StartPgBouncer runs one in transaction mode in front of it until the test ends, which
// may kill it and start it again.
func StartPgBouncer(t testing.TB, behind Postgres) Postgres {
	t.Helper()
	program := testenv.PgBouncer(t)
	r := open(t, "pgbouncer")
	port := r.port()
	settings := r.write("pgbouncer.ini", "[databases]\npostgres = host=127.0.0.1 port="+portOf(behind.Address)+" user=postgres\n[pgbouncer]\n"+
		"listen_addr = 127.0.0.1\nlisten_port = "+port+"\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n"+
		"default_pool_size = 4\nmax_client_conn = 1000\nserver_login_retry = 1\n")
	p := Postgres{r.newDaemon(port, program, settings), "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"}
	p.Start()
	return p
}

func portOf(address string) string { return address[len("127.0.0.1:"):] }
