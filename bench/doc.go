// Command bench measures Avain against yardsticks in the same run and prints
// ratios, since absolute figures say more about the machine than about the code.
//
//	GET /v1/account with a bearer   against a bare net/http handler that writes the same bytes
//	/v1/direct                      against a bare httputil.ReverseProxy to the same upstream
//	start                           on a migrated database, until /readyz answers
//	memory                          resident, idle, after the start
//	1,000 calls on an expired token one refresh, and no slower than on a live one
//	background refreshes            how many a second
//	a million accounts              against a thousand: calls, search, memory, disk
//	avain import                    rows a second, of new accounts and of the same file again
//	a whole code flow               against its parts: the same HTTP requests to a bare handler,
//	                                and the same durable changes on a store with nothing around it
//
// It does so on SQLite, and on PostgreSQL where AVAIN_TEST_POSTGRES names a server
// (scripts/with-postgres does) that waits for its disk. Server, yardsticks, upstream
// and provider are processes of their own; rounds of all sides alternate, and the
// median counts. It exits 1 where a bound is missed. Run it with `make bench`; what
// the figures mean stands in docs/benchmarks.md.
//
// Start reading at main.go. What a code flow consists of is not assumed but seen:
// observe.go watches one, and bare.go does its changes bare. flowcost.go compares the
// two, areas.go reads the profile. burst.go and renewal.go measure refreshes, before the
// provider of standin.go; size.go the million accounts, which stock.go makes.
package main
