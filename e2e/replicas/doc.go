// Package replicas runs three servers, the real binary, on one PostgreSQL behind a
// balancer that knows nothing of sessions, and takes things away from them under load:
// the database, the pooler, the network in between, one of the servers themselves.
//
// Every answer is judged, and afterwards the provider's own book: it takes each refresh
// token once, and an old one that is shown again ends the grant.
//
//   - fleet_test.go puts database, pooler, cables, servers, balancer and accounts together;
//   - balancer_test.go gives each request to the next server;
//   - cable_test.go is the line between a server and the database, which can be cut
//     (toxiproxy);
//   - load_test.go makes the calls, and judge_test.go says which answers are right;
//   - the other files are what happens: signin, store, line, holder, background, upgrade.
//
// The first two servers reach PostgreSQL itself, the third one through PgBouncer in
// transaction mode.
package replicas
